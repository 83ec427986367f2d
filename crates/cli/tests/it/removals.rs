//! `rm`: what is named goes, and nothing else.

use rangeway_testkit::RequestKind;

use crate::support::{Sandbox, finish, start};

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
    // A link to a folder is no object, so it stays, and with it the folder.
    let ended = sandbox.run("rm -r dir").exits(1).says("the folder stays: it holds ").says("/dir/link");
    let hint = format!("delete it with `rangeway rm {}`", sandbox.path("dir/link").display());
    ended.says(&hint);
    assert_eq!(sandbox.names("dir2"), ["y"], "links are not followed");
    assert_eq!(sandbox.names("dir"), ["link"]);
    sandbox.run("rm dir/link").exits(0).says("deleted 1 object");
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

#[test]
fn the_root_of_the_file_system_is_never_deleted_whatever_it_is_called() {
    let sandbox = Sandbox::local();
    for scheme in ["file", "direct"] {
        for place in ["/", "localhost", "localhost/", "LocalHost/", "localhost/?sync=false"] {
            let line = format!("rm -r --all --dry-run {scheme}://{place}");
            sandbox.run(&line).exits(2).says("is everything there is");
        }
    }
    std::os::unix::fs::symlink("/", sandbox.path("root")).expect("a link");
    for place in ["/", "/.", "/tmp/..", "root", "root/", "root/tmp/.."] {
        sandbox.run(&format!("rm -r --all --dry-run {place}")).exits(2).says("is everything there is");
    }
}

#[test]
fn the_users_folder_is_known_by_other_names() {
    let sandbox = Sandbox::local();
    sandbox.write("real/deep/x", "x");
    std::os::unix::fs::symlink("real", sandbox.path("link")).expect("a link");
    let place = sandbox.path("link/deep").display().to_string();
    for place in [place.clone(), format!("file://{place}"), format!("direct://localhost{place}/")] {
        let mut command = sandbox.command(&format!("rm -r --dry-run {place}"));
        command.current_dir(sandbox.path("real/deep"));
        finish(start(command)).exits(2).says("the folder you are in");
    }
    sandbox.run("rm -r link/deep").exits(0);
    assert_eq!(sandbox.names("real"), Vec::<String>::new());
}

#[test]
fn links_are_removed_and_what_they_lead_to_stays() {
    let sandbox = Sandbox::local();
    sandbox.write("dir/x", "x");
    for (target, link) in [("dir", "folder"), ("dir/x", "file"), ("nowhere", "broken")] {
        std::os::unix::fs::symlink(target, sandbox.path(link)).expect("a link");
        sandbox.run(&format!("rm --dry-run {link}")).exits(0).says("would delete 1 object");
        assert!(sandbox.path(link).is_symlink());
        sandbox.run(&format!("rm {link}")).exits(0).says("deleted 1 object");
        assert!(!sandbox.path(link).is_symlink(), "{link}");
        sandbox.run(&format!("rm {link}")).exits(3);
    }
    std::os::unix::fs::symlink("dir", sandbox.path("folder")).expect("a link");
    sandbox.run("rm folder/").exits(2).says("is a folder");
    let hint = format!("`rangeway rm {}`", sandbox.path("folder").display());
    sandbox.run("rm -r folder/").exits(2).says(&hint);
    assert_eq!(sandbox.read("dir/x"), "x");
}
