//! `ls` and `stat`.

use crate::support::Sandbox;

fn names(text: &str) -> Vec<&str> {
    text.lines().map(|line| &line[36..]).collect()
}

#[test]
fn a_level_of_a_bucket() {
    let sandbox = Sandbox::with_server();
    for key in ["top", "dir/a", "dir/b/c", "dir2/x"] {
        sandbox.write_object(key, "12345");
    }
    assert_eq!(names(sandbox.run("ls s3://bucket").exits(0).text()), ["dir/", "dir2/", "top"]);
    for place in ["s3://bucket/dir", "s3://bucket/dir/"] {
        let ended = sandbox.run(&format!("ls {place}")).exits(0);
        assert_eq!(names(ended.text()), ["a", "b/"], "{place}");
        let rows: Vec<_> = ended.text().lines().map(|line| line[22..34].trim()).collect();
        assert_eq!(rows, ["5", "DIR"]);
    }
    assert_eq!(
        names(sandbox.run("ls -r s3://bucket").exits(0).text()),
        ["dir/a", "dir/b/c", "dir2/x", "top"]
    );
    let ended = sandbox.run("ls --human s3://bucket/dir/a").exits(0);
    assert!(
        ended.text().starts_with("20") && ended.text().ends_with("Z           5 B  a\n"),
        "{}",
        ended.text()
    );
}

#[test]
fn json_has_one_object_per_line() {
    let sandbox = Sandbox::with_server();
    sandbox.write_object("dir/a b", "12345");
    sandbox.write_object("dir/sub/x", "");
    let records = sandbox.run("ls --json s3://bucket/dir").exits(0).records();
    assert_eq!((&records[0]["key"], &records[0]["size"]), (&"dir/a b".into(), &5.into()));
    assert!(records[0]["last_modified"].as_str().is_some_and(|time| time.ends_with('Z')), "{records:?}");
    assert_eq!(records[1], serde_json::json!({ "prefix": "dir/sub/" }));
    let records = sandbox.run("ls --json s3://").exits(0).records();
    assert_eq!(records.iter().map(|record| record["bucket"].as_str()).collect::<Vec<_>>(), [Some("bucket")]);
}

#[test]
fn buckets_are_listed() {
    let sandbox = Sandbox::with_server();
    sandbox.server().create_bucket("another").expect("a bucket");
    let ended = sandbox.run("ls s3://").exits(0);
    let names: Vec<_> = ended.text().lines().filter_map(|line| line.split_whitespace().last()).collect();
    assert_eq!(names, ["s3://another", "s3://bucket"]);
}

#[test]
fn what_is_empty_exists_and_what_is_missing_does_not() {
    let sandbox = Sandbox::with_server();
    std::fs::create_dir(sandbox.path("empty")).expect("a folder");
    for place in ["s3://bucket", "s3://bucket/", "empty", "empty/"] {
        let ended = sandbox.run(&format!("ls {place}")).exits(0);
        assert_eq!(ended.text(), "", "{place}");
    }
    for place in ["s3://bucket/missing", "s3://bucket/missing/", "s3://no-such-bucket", "missing", "missing/"]
    {
        sandbox.run(&format!("ls {place}")).exits(3).says("not found");
    }
}

#[test]
fn local_folders_are_listed_too() {
    let sandbox = Sandbox::local();
    for name in ["a/x", "a/y/z", "b"] {
        sandbox.write(name, name);
    }
    assert_eq!(names(sandbox.run("ls").exits(0).text()), ["a/", "b"]);
    assert_eq!(names(sandbox.run("ls -r a").exits(0).text()), ["x", "y/z"]);
    assert_eq!(names(sandbox.run("ls a/../b").exits(0).text()), ["b"]);
    assert!(sandbox.run("ls file:///").exits(0).text().contains("DIR"));
}

#[test]
fn many_entries_are_all_listed() {
    let sandbox = Sandbox::with_server();
    let keys: Vec<_> = (0..2500).map(|number| format!("many/{number:04}")).collect();
    for key in &keys {
        sandbox.write_object(key, "");
    }
    let ended = sandbox.run("ls -r s3://bucket").exits(0);
    assert_eq!(names(ended.text()), keys);
}

#[test]
fn stat_shows_what_is_known() {
    let sandbox = Sandbox::with_server();
    sandbox.write_object("x", vec![0; 2048]);
    sandbox.write("y", "y");
    let ended = sandbox.run("stat s3://bucket/x").exits(0);
    assert!(
        ended.text().starts_with("place               s3://bucket/x\nsize                2048 (2.00 KiB)\n"),
        "{}",
        ended.text()
    );
    let ended = sandbox.run("stat --json s3://bucket/x y").exits(0);
    assert_eq!(
        ended.records().iter().map(|record| record["size"].as_u64()).collect::<Vec<_>>(),
        [Some(2048), Some(1)]
    );
    let ended = sandbox.run("stat --json s3://bucket/x s3://bucket/missing y").exits(1).says("not found");
    assert_eq!(ended.records().len(), 2);
    sandbox.run("stat s3://bucket").exits(2).says("is a bucket, not an object");
    sandbox.run("stat .").exits(2).says("is a folder, not an object");
}
