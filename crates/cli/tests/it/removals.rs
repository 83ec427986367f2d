//! `rm`: what is named goes, and nothing else.

use rangeway_testkit::RequestKind;

use crate::support::Sandbox;

fn with_objects() -> Sandbox {
    let sandbox = Sandbox::with_server();
    for key in ["a", "dir/x", "dir/sub/y", "dir2/z"] {
        sandbox.write_object(key, key);
    }
    sandbox
}

fn left(sandbox: &Sandbox) -> Vec<String> {
    let listed = sandbox.run("ls -r --json s3://bucket").exits(0).records();
    listed.iter().map(|record| record["key"].as_str().expect("a key").to_owned()).collect()
}

#[test]
fn exact_keys_are_deleted_and_typos_found() {
    let sandbox = with_objects();
    sandbox.run("rm s3://bucket/a").exits(0).says("deleted 1 object");
    sandbox.run("rm s3://bucket/a").exits(3).says("not found");
    sandbox.run("rm -f s3://bucket/a").exits(0);
    sandbox.run("rm s3://bucket/dir/x s3://bucket/missing").exits(1).says("deleted 1 object");
    sandbox.run("rm s3://bucket").exits(2).says("rm -r");
    assert_eq!(left(&sandbox), ["dir/sub/y", "dir2/z"]);
}

#[test]
fn trees_end_at_a_slash() {
    let sandbox = with_objects();
    let ended = sandbox.run("rm -r --dry-run s3://bucket/dir").exits(0).says("would delete 2 objects");
    assert_eq!(ended.text(), "would delete s3://bucket/dir/sub/y\nwould delete s3://bucket/dir/x\n");
    assert_eq!(left(&sandbox).len(), 4);
    let ended = sandbox.run("rm -r --json s3://bucket/dir").exits(0);
    assert_eq!(ended.records().len(), 2);
    assert!(ended.records().iter().all(|record| record["status"] == "deleted"), "{ended:?}");
    assert_eq!(left(&sandbox), ["a", "dir2/z"]);
    sandbox.run("rm -r s3://bucket/dir/").exits(3);
    sandbox.run("rm -rf s3://bucket/dir/").exits(0);
    sandbox.run("rm -r s3://bucket/a").exits(0);
    assert_eq!(left(&sandbox), ["dir2/z"]);
}

#[test]
fn a_whole_bucket_is_emptied_only_when_told() {
    let sandbox = with_objects();
    for place in ["s3://bucket", "s3://bucket/"] {
        sandbox.run(&format!("rm -r {place}")).exits(2).says("hint: add --all");
    }
    assert_eq!(left(&sandbox).len(), 4);
    sandbox.run("rm -r --all s3://bucket").exits(0).says("deleted 4 objects");
    assert_eq!(left(&sandbox), Vec::<String>::new());
    sandbox.run("rm -r --all s3://bucket").exits(0);
    sandbox.run("rm -r --all /").exits(2);
}

#[test]
fn many_objects_take_few_requests() {
    let sandbox = Sandbox::with_server();
    for number in 0..2500 {
        sandbox.write_object(&format!("many/{number}"), "");
    }
    sandbox.server().reset_counts();
    sandbox.run("rm -r s3://bucket/many").exits(0).says("deleted 2500 objects");
    let counts = sandbox.server().counts();
    assert!(counts.of(RequestKind::DeleteObjects) >= 3 && counts.total() < 20, "{counts:?}");
    assert_eq!(left(&sandbox), Vec::<String>::new());
}

#[test]
fn local_trees_go_with_their_folders() {
    let sandbox = Sandbox::local();
    sandbox.write("dir/sub/x", "x");
    sandbox.write("dir2/y", "y");
    std::fs::create_dir_all(sandbox.path("dir/empty/er")).expect("folders");
    std::os::unix::fs::symlink(sandbox.path("dir2"), sandbox.path("dir/link")).expect("a link");
    sandbox.run("rm dir").exits(2).says("is a folder");
    // A link is no object, so it stays, and with it the folder.
    sandbox.run("rm -r dir").exits(1).says("the folder stays");
    assert_eq!(sandbox.names("dir2"), ["y"], "links are not followed");
    assert_eq!(sandbox.names("dir"), ["link"]);
    std::fs::remove_file(sandbox.path("dir/link")).expect("a link");
    sandbox.run("rm -r dir").exits(0);
    assert!(!sandbox.path("dir").exists());
    sandbox.run("rm dir2/y").exits(0);
    assert_eq!(sandbox.names("dir2"), Vec::<String>::new());
}

#[test]
fn nothing_is_deleted_through_a_link_or_around_the_user() {
    let sandbox = Sandbox::local();
    sandbox.write("dir/x", "x");
    std::os::unix::fs::symlink("dir", sandbox.path("link")).expect("a link");
    for line in ["rm -r link", "rm -r link/", "rm -rf --all link"] {
        sandbox.run(line).exits(2).says("is a symbolic link");
    }
    for line in ["rm -r .", "rm -r ./", "rm -r .."] {
        sandbox.run(line).exits(2).says("the folder you are in").says("--all");
    }
    assert_eq!(sandbox.read("dir/x"), "x");
    std::os::unix::fs::symlink("nowhere", sandbox.path("dir/link")).expect("a link");
    sandbox.run("rm -r dir").exits(1).says("the folder stays");
    assert_eq!(sandbox.names("dir"), ["link"]);
}

#[test]
fn a_bucket_that_holds_something_stays() {
    let sandbox = with_objects();
    sandbox.run("rb s3://bucket").exits(1).says("not empty").says("hint: rangeway rb --force");
    assert_eq!(left(&sandbox).len(), 4);
    sandbox.run("rm -r --all -q s3://bucket").exits(0);
    sandbox.run("rb s3://bucket").exits(0);
}
