//! `cp` of single objects, in every direction.

use rangeway_testkit::{RequestKind, Seeded};

use crate::support::Sandbox;

#[test]
fn a_file_goes_to_the_server_and_back() {
    let sandbox = Sandbox::with_server();
    let data = Seeded::new(5);
    let size = 40 << 20;
    sandbox.write("big.bin", data.bytes(0, size));
    sandbox.run("cp big.bin s3://bucket/a/big.bin").exits(0).says("copied 1 object, 40.00 MiB");
    assert!(sandbox.server().counts().of(RequestKind::UploadPart) > 1, "{:?}", sandbox.server().counts());
    sandbox.run("cp s3://bucket/a/big.bin back.bin").exits(0);
    assert!(std::fs::read(sandbox.path("back.bin")).expect("a copy") == data.bytes(0, size));
    assert_eq!(sandbox.server().open_uploads().expect("the server's files"), Vec::<String>::new());
}

#[test]
fn small_objects_cost_one_request() {
    let sandbox = Sandbox::with_server();
    for (name, bytes) in [("empty", ""), ("one", "1")] {
        sandbox.write_object(name, bytes);
        sandbox.server().reset_counts();
        sandbox.run(&format!("cp s3://bucket/{name} {name}")).exits(0);
        assert_eq!(sandbox.read(name), bytes);
        let counts = sandbox.server().counts();
        assert_eq!((counts.of(RequestKind::GetObject), counts.total()), (1, 1), "{name}: {counts:?}");
    }
}

#[test]
fn an_empty_object_keeps_its_attributes() {
    let sandbox = Sandbox::with_server();
    sandbox.server().create_bucket("other").expect("a bucket");
    sandbox.write("empty", "");
    sandbox.run("cp empty s3://bucket/ --content-type text/x").exits(0);
    sandbox.run("cp s3://bucket/empty s3://other/").exits(0);
    assert_eq!(sandbox.run("stat --json s3://other/empty").records()[0]["content_type"], "text/x");
}

#[test]
fn folders_and_buckets_receive_the_file_name() {
    let sandbox = Sandbox::with_server();
    sandbox.write("x.txt", "x");
    for (line, key) in [
        ("cp x.txt s3://bucket", "x.txt"),
        ("cp x.txt s3://bucket/a/", "a/x.txt"),
        ("cp x.txt s3://bucket/b", "b"),
        ("cp s3://bucket/a/x.txt s3://bucket/c/", "c/x.txt"),
    ] {
        sandbox.run(line).exits(0);
        assert_eq!(std::fs::read_to_string(sandbox.object(key)).expect(line), "x", "{line}");
    }
    std::fs::create_dir(sandbox.path("folder")).expect("a folder");
    sandbox.run("cp s3://bucket/a/x.txt folder").exits(0);
    sandbox.run("cp s3://bucket/b new/").exits(0);
    sandbox.run("cp s3://bucket/b .").exits(0);
    assert_eq!(
        (sandbox.read("folder/x.txt"), sandbox.read("new/b"), sandbox.read("b")),
        ("x".into(), "x".into(), "x".into())
    );
}

#[test]
fn several_sources_go_into_one_folder() {
    let sandbox = Sandbox::with_server();
    sandbox.write("a", "1");
    sandbox.write("b", "2");
    sandbox.run("cp a b s3://bucket/both").exits(2).says("hint: write s3://bucket/both/ to copy into it");
    let ended = sandbox.run("cp a b s3://bucket/both/").exits(0).says("copied 2 objects");
    assert_eq!(ended.text().lines().count(), 2);
    let ended = sandbox.run("cp --json a missing b s3://bucket/both/").exits(1).says("missing: not found");
    let mut status: Vec<_> = ended.records().iter().map(|record| record["status"].to_string()).collect();
    status.sort_unstable();
    assert_eq!(status, ["\"copied\"", "\"copied\"", "\"failed\""]);
}

#[test]
fn copies_within_a_bucket_stay_on_the_server() {
    let sandbox = Sandbox::with_server();
    sandbox.write_object("a", "bytes");
    sandbox.run("cp s3://bucket/a s3://bucket/b").exits(0);
    let counts = sandbox.server().counts();
    assert_eq!((counts.of(RequestKind::CopyObject), counts.of(RequestKind::GetObject)), (1, 0), "{counts:?}");
    sandbox.server().create_bucket("other").expect("a bucket");
    sandbox.run("cp s3://bucket/a s3://other/a").exits(0);
    assert_eq!(sandbox.run("cat s3://other/a s3://bucket/b").exits(0).text(), "bytesbytes");
}

#[test]
fn what_exists_can_be_left_alone() {
    let sandbox = Sandbox::with_server();
    sandbox.write("x", "new");
    sandbox.write("y", "old");
    sandbox.write_object("x", "old");
    sandbox.run("cp --no-clobber x s3://bucket/x").exits(0).says("left 1 object as before");
    sandbox.run("cp -n x y").exits(0);
    let ended = sandbox.run("cp --create-only --json x s3://bucket/z").exits(0);
    assert_eq!(ended.records()[0]["status"], "copied");
    assert_eq!(sandbox.read("y"), "old");
    assert_eq!(sandbox.run("cat s3://bucket/x s3://bucket/z").text(), "oldnew");
}

#[test]
fn attributes_are_set_and_go_along() {
    let sandbox = Sandbox::with_server();
    sandbox.server().create_bucket("other").expect("a bucket");
    sandbox.write("x", "x");
    sandbox.run("cp x s3://bucket/x --content-type text/x --metadata Colour=red --metadata a=b=c").exits(0);
    sandbox.run("cp s3://bucket/x s3://other/x").exits(0);
    for uri in ["s3://bucket/x", "s3://other/x"] {
        let record = sandbox.run(&format!("stat --json {uri}")).exits(0).records().remove(0);
        assert_eq!(record["content_type"], "text/x", "{record}");
        assert_eq!(record["metadata"], serde_json::json!({ "a": "b=c", "colour": "red" }), "{record}");
    }
    sandbox.run("cp s3://bucket/x s3://bucket/y --metadata only=this").exits(0);
    let record = sandbox.run("stat --json s3://bucket/y").records().remove(0);
    assert_eq!(record["metadata"], serde_json::json!({ "only": "this" }), "{record}");
    sandbox.run("cp s3://bucket/x back").exits(0);
    sandbox.run("cp s3://bucket/x back --content-type text/x").exits(2).says("unsupported");
}

#[test]
fn a_dry_run_only_says() {
    let sandbox = Sandbox::with_server();
    sandbox.write("x", "12345");
    let ended = sandbox.run("cp --dry-run x s3://bucket/").exits(0).says("would copy 1 object, 5 B");
    assert!(
        ended.text().starts_with("would copy: /") && ended.text().ends_with("/x -> s3://bucket/x\n"),
        "{ended:?}"
    );
    let ended = sandbox.run("cp --dry-run --json x s3://bucket/").exits(0);
    assert_eq!((&ended.records()[0]["status"], &ended.records()[0]["size"]), (&"planned".into(), &5.into()));
    sandbox.run("cp --dry-run missing s3://bucket/").exits(3);
    assert!(!sandbox.object("x").exists());
}

#[test]
fn odd_names_are_names() {
    let sandbox = Sandbox::with_server();
    for name in ["a b", "what?.txt", "100%25", "#1", "ünïcode", "\u{1f980}", "a=b&c", "+", "it's", "-dash"]
    {
        let (file, copy) = (format!("./{name}"), format!("./{name}.copy"));
        sandbox.write(name, name);
        let uri = format!("s3://bucket/odd/{name}{}", if name.contains('?') { "?" } else { "" });
        sandbox.run_args(&["cp", &file, &uri]).exits(0);
        assert_eq!(std::fs::read_to_string(sandbox.object(&format!("odd/{name}"))).expect(name), name);
        sandbox.run_args(&["cp", &uri, &copy]).exits(0);
        assert_eq!(sandbox.read(&copy), name);
    }
}

#[test]
fn files_are_copied_to_files() {
    let sandbox = Sandbox::local();
    sandbox.write("a/x", "x");
    sandbox.run("cp a/x a/../y").exits(0);
    assert_eq!(sandbox.read("y"), "x");
    sandbox.run("cp a/x ./a/x").exits(2).says("both source and target");
    sandbox.run("cp -q y z").exits(0);
    let ended = sandbox.run("cp -q missing z").exits(3);
    assert!(ended.stderr.starts_with("error: copy file:///"), "{}", ended.stderr);
}

#[test]
fn copies_that_are_not_read_have_a_size_where_it_is_known() {
    let sandbox = Sandbox::with_server();
    sandbox.write("x", "12345");
    sandbox.run("cp x y").exits(0).says("copied 1 object, 5 B");
    assert_eq!(sandbox.run("cp --json x z").exits(0).records()[0]["size"], 5);
    sandbox.write_object("x", "12345");
    sandbox.run("cp s3://bucket/x s3://bucket/y").exits(0).says("copied 1 object in ");
}
