//! What users get from a server that misbehaves, or holds keys that no disk can.

use rangeway_testkit::{Fault, FaultServer, Matcher, RequestKind};

use crate::support::Sandbox;

fn sandbox() -> (FaultServer, Sandbox) {
    let server = FaultServer::start("bucket").expect("a server");
    let sandbox = Sandbox::with_environment(server.environment());
    (server, sandbox)
}

#[test]
fn wrong_bytes_are_6_and_leave_no_file() {
    let (server, sandbox) = sandbox();
    server.put_object("big", vec![1; 20 << 20]);
    std::fs::create_dir(sandbox.path("target")).expect("a folder");
    server.on(Matcher::get().from_byte(8 << 20), Fault::ShiftedRange(1));
    sandbox.run("cp s3://bucket/big target/").exits(6).says("error: get s3://bucket/big: integrity");
    sandbox.run("cat s3://bucket/big").exits(6);
    assert_eq!(sandbox.names("target"), Vec::<String>::new());
}

#[test]
fn an_object_that_changes_midway_is_no_mix() {
    let (server, sandbox) = sandbox();
    server.put_object("big", vec![1; 20 << 20]);
    std::fs::create_dir(sandbox.path("target")).expect("a folder");
    server.on(Matcher::get().from_byte(8 << 20), Fault::Replace(vec![2; 20 << 20].into())).times(1);
    sandbox.run("cp s3://bucket/big target/").exits(1).says("precondition failed");
    assert_eq!(sandbox.names("target"), Vec::<String>::new());
}

#[test]
fn denied_is_5_and_a_busy_server_is_asked_again() {
    let (server, sandbox) = sandbox();
    server.put_object("x", "x");
    let busy = server.on(Matcher::get(), Fault::slow_down(None)).times(2);
    assert_eq!(sandbox.run("cat s3://bucket/x -o backoff=1ms").exits(0).text(), "x");
    assert_eq!(busy.hits(), 2);
    server.on(Matcher::any(), Fault::access_denied());
    for line in
        ["cat s3://bucket/x", "ls s3://bucket/", "rm s3://bucket/x", "cp -r s3://bucket .", "ls s3://"]
    {
        sandbox.run(line).exits(5).says("permission denied");
    }
}

#[test]
fn keys_that_are_no_paths_are_listed_read_and_deleted() {
    let (server, sandbox) = sandbox();
    let keys = ["/a", "a//b", "a/../b", "..", "t/", "t/x\n", "\u{1f980}", "%2F", "a+b", "a b", "a&b=c;d"];
    for key in keys {
        server.put_object(key, key.to_owned());
    }
    let listed = sandbox.run("ls -r --json s3://bucket").exits(0).records();
    let mut listed: Vec<_> = listed.iter().map(|record| record["key"].as_str().expect("a key")).collect();
    let mut expected = keys;
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    for key in keys {
        let uri = format!("s3://bucket/{key}");
        assert_eq!(sandbox.run_args(&["cat", &uri]).exits(0).text(), key);
        assert_eq!(sandbox.run_args(&["stat", "--json", &uri]).exits(0).records()[0]["key"], key);
        sandbox.run_args(&["rm", &uri]).exits(0);
        assert_eq!(server.object(key), None, "{key}");
    }
}

#[test]
fn keys_that_would_leave_the_folder_are_refused_and_the_others_go_on() {
    let (server, sandbox) = sandbox();
    for key in ["t/../evil", "t/../../evil", "t//evil", "t/good", "t/a/b"] {
        server.put_object(key, "x");
    }
    server.put_object("t/mark/", "");
    let ended = sandbox.run("cp -r s3://bucket/t target").exits(1).says("copied 2 objects").says("3 failed");
    assert_eq!(ended.stderr.matches("cannot be a file").count(), 3, "{}", ended.stderr);
    assert_eq!(
        (sandbox.names("."), sandbox.names("target")),
        (vec!["target".into()], vec!["a".into(), "good".into()])
    );
}

#[test]
fn a_prefix_without_r_is_refused_by_name() {
    let (server, sandbox) = sandbox();
    server.put_object("t/x", "x");
    for line in ["cp s3://bucket/t here", "cp s3://bucket/t s3://bucket/u", "cp s3://bucket/t -"] {
        sandbox.run(line).exits(2).says("s3://bucket/t is a prefix, not an object").says("hint: add -r");
    }
    sandbox.run("rm s3://bucket/t").exits(3);
    sandbox.run("cp s3://bucket/u here").exits(3);
}

#[test]
fn what_is_listed_first_is_shown_before_the_listing_ends() {
    let (server, sandbox) = sandbox();
    for number in 0..1500 {
        server.put_object(&format!("{number:04}"), "");
    }
    server.on(Matcher::of(RequestKind::ListObjects), Fault::internal_error()).after(1);
    let ended = sandbox.run("ls -r s3://bucket -o attempts=1").exits(1).says("service error");
    assert_eq!(ended.text().lines().count(), 1000, "the first page");
    let ended = sandbox.run("rm -r --all s3://bucket -o attempts=1");
    assert!(ended.code == Some(1), "{ended:?}");
}
