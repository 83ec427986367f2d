//! `bench`: numbers for a store, right bytes, and nothing left behind.

use rangeway_testkit::{Fault, FaultServer, Matcher, RequestKind};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Sandbox, finish, start, wait_until};

#[test]
fn every_way_is_measured_and_nothing_stays() {
    let sandbox = Sandbox::with_server();
    sandbox.write_object("dir/x", "x");
    let ended = sandbox
        .run("bench --json --size 9MiB --iterations 2 -o threshold=5MiB s3://bucket/dir --count 1")
        .exits(0);
    let records = ended.records();
    let operations: Vec<_> = records.iter().map(|record| record["operation"].as_str()).collect();
    assert_eq!(operations, [Some("write"), Some("read"), Some("read, one stream")]);
    for record in &records {
        assert_eq!(
            (&record["size"], &record["count"], &record["iterations"]),
            (&(9 << 20).into(), &1.into(), &2.into())
        );
        for number in
            ["bytes_per_second", "lowest_bytes_per_second", "objects_per_second", "cpu_seconds_per_gib"]
        {
            assert!(record[number].as_f64().is_some_and(|number| number > 0.0), "{number}: {record}");
        }
        assert_eq!(record["retries"], 0, "{record}");
    }
    // Two turns each, in parts and as a whole.
    assert!(records[1]["requests"].as_u64() >= Some(4), "{}", records[1]);
    assert_eq!(records[2]["requests"], 2);
    assert_eq!(records[2]["peak_in_flight"], 1);
    let counts = sandbox.server().counts();
    assert!(
        counts.of(RequestKind::ListObjects) == 0 && counts.of(RequestKind::HeadObject) == 0,
        "{counts:?}"
    );
    let left = sandbox.run("ls -r --json s3://bucket").exits(0).records();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn the_table_is_for_people() {
    let sandbox = Sandbox::local();
    std::fs::create_dir(sandbox.path("dir")).expect("a folder");
    let ended = sandbox.run("bench --size 100KiB --count 3 --iterations 1 dir").exits(0);
    let text = ended.text();
    for part in
        ["rangeway-bench-", "objects/s", "\nwrite ", "\nread ", "3 x 100.00 KiB", "done once", "was right"]
    {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert!(!text.contains("one stream"), "{text}");
    assert_eq!(sandbox.names("dir"), Vec::<String>::new());
    sandbox.run("bench --size 1KiB --count 40 --iterations 1 memory://b/x").exits(0);
}

#[test]
fn one_direction_and_what_is_kept() {
    let sandbox = Sandbox::local();
    let only = |line: &str| {
        let ended =
            sandbox.run(&format!("bench --json --size 1KiB --count 2 --iterations 2 {line} .")).exits(0);
        ended
            .records()
            .iter()
            .map(|record| record["operation"].as_str().expect("one").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(only("--only put"), ["write"]);
    assert_eq!(only("--only get"), ["read"]);
    assert_eq!(sandbox.names("."), Vec::<String>::new());
    assert_eq!(only("--keep"), ["write", "read"]);
    let [run] = &sandbox.names(".")[..] else { panic!("one folder") };
    assert!(run.starts_with("rangeway-bench-"), "{run}");
    assert_eq!(sandbox.names(&format!("{run}/1024")), ["000000", "000001"]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let sandbox = Sandbox::local();
    sandbox.write("file", "x");
    for (line, why) in [
        ("bench file", "is not a folder"),
        ("bench missing", "is not a folder"),
        ("bench s3://", "is not a bucket"),
        ("bench --size 0 .", "needs a byte"),
        ("bench --size 1000000TiB .", "must fit into memory"),
        ("bench --count 3 .", "--size"),
        ("bench --iterations 0 .", "iterations"),
    ] {
        sandbox.run(line).exits(2).says(why);
    }
    assert_eq!(sandbox.names("."), ["file"]);
}

#[test]
fn wrong_bytes_are_found_and_all_is_removed() {
    let server = FaultServer::start("bucket").expect("a server");
    let sandbox = Sandbox::with_environment(server.environment());
    server.put_object("x", "x");
    server.on(Matcher::get(), Fault::CorruptByte(1000)).after(1);
    sandbox.run("bench --size 4KiB --count 3 s3://bucket").exits(6).says("000").says("byte 1000 is");
    assert_eq!(server.requests_of(RequestKind::PutObject).len(), 9);
    assert_eq!(sandbox.run("ls -r --json s3://bucket").exits(0).records().len(), 1);
}

#[test]
fn a_failure_leaves_nothing_and_what_cannot_be_removed_is_named() {
    let server = FaultServer::start("bucket").expect("a server");
    let sandbox = Sandbox::with_environment(server.environment());
    let denied = server.on(Matcher::of(RequestKind::UploadPart), Fault::access_denied()).times(1);
    sandbox.run("bench --size 20MiB s3://bucket").exits(5).says("permission denied");
    assert_eq!(denied.hits(), 1);
    assert_eq!(server.open_uploads(), Vec::<String>::new());
    assert!(server.requests_of(RequestKind::DeleteObjects).len() == 1);
    server.on(Matcher::of(RequestKind::DeleteObjects), Fault::access_denied());
    let ended = sandbox.run("bench --size 4KiB --count 2 --iterations 1 s3://bucket/t").exits(5);
    ended.says("hint: remove the rest with: rangeway rm -r s3://bucket/t/rangeway-bench-");
}

#[test]
fn an_interrupt_removes_what_was_written() {
    for (only, kind) in [("put", RequestKind::UploadPart), ("get", RequestKind::GetObject)] {
        let sandbox = Sandbox::with_server();
        let line = format!("bench --size 64MiB --iterations 1000 --only {only} s3://bucket/dir");
        let child = start(sandbox.command(&line));
        // The object is there, and the next turn is under way, or a read.
        wait_until("a request", || {
            let counts = sandbox.server().counts();
            counts.of(kind) > 0 && counts.of(RequestKind::CompleteMultipart) > 0
        });
        kill_process(Pid::from_child(&child), Signal::INT).expect("it still runs");
        finish(child).exits(130).says("interrupted: cleaning up");
        assert_eq!(sandbox.server().open_uploads().expect("the server's files"), Vec::<String>::new());
        assert_eq!(
            sandbox.run("ls -r --json s3://bucket").exits(0).records(),
            Vec::<serde_json::Value>::new()
        );
    }
}
