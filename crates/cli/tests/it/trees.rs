//! `cp -r`: trees stay trees, in both directions, and one failure stops nothing else.

use crate::support::Sandbox;

/// Runs the program without the right to read every folder, which root has; `None` where that cannot be done.
fn without_rights(sandbox: &Sandbox, line: &str) -> Option<std::process::Output> {
    let program = sandbox.command(line);
    let mut command = std::process::Command::new("setpriv");
    command.args(["--bounding-set=-all", "--inh-caps=-all"]).arg(program.get_program());
    command.args(program.get_args()).current_dir(sandbox.path(""));
    command.output().ok().filter(|output| !output.stderr.starts_with(b"setpriv"))
}

const TREE: [&str; 6] = ["a", "b/c", "b/d e/f", "b/what?", "g/h/i/j", "ü"];

#[test]
fn trees_keep_their_shape_both_ways() {
    let sandbox = Sandbox::with_server();
    for name in TREE {
        sandbox.write(&format!("tree/{name}"), name);
    }
    sandbox.run("cp -r tree s3://bucket/copy").exits(0).says("copied 6 objects");
    sandbox.run("cp -r s3://bucket/copy/ back").exits(0);
    sandbox.run("cp -r s3://bucket/copy s3://bucket/again/").exits(0);
    sandbox.run("cp -r back/ third").exits(0);
    for name in TREE {
        assert_eq!(std::fs::read_to_string(sandbox.object(&format!("again/{name}"))).expect(name), name);
        assert_eq!(
            (sandbox.read(&format!("back/{name}")), sandbox.read(&format!("third/{name}"))),
            (name.into(), name.into())
        );
    }
}

#[test]
fn several_trees_keep_their_names() {
    let sandbox = Sandbox::with_server();
    sandbox.write("one/x", "1");
    sandbox.write("two/x", "2");
    sandbox.write("file", "3");
    sandbox.run("cp -r one two/ file s3://bucket/all/").exits(0);
    assert_eq!(
        sandbox.run("cat s3://bucket/all/one/x s3://bucket/all/two/x s3://bucket/all/file").text(),
        "123"
    );
}

#[test]
fn without_r_a_tree_is_refused_with_a_hint() {
    let sandbox = Sandbox::with_server();
    sandbox.write("tree/x", "x");
    sandbox.write_object("tree/x", "x");
    for line in ["cp tree s3://bucket/", "cp s3://bucket/tree/ .", "cp s3://bucket ."] {
        sandbox.run(line).exits(2).says("hint: ").says("-r");
    }
    sandbox.run("cp s3://bucket -").exits(2).says("standard output takes one object");
}

#[test]
fn one_object_may_be_a_tree_too() {
    let sandbox = Sandbox::with_server();
    sandbox.write("x", "x");
    sandbox.run("cp -r x s3://bucket/y").exits(0);
    sandbox.run("cp -r s3://bucket/y z").exits(0);
    assert_eq!(sandbox.read("z"), "x");
    sandbox.run("cp -r s3://bucket/missing z").exits(3);
    sandbox.run("cp -r s3://bucket/missing/ new").exits(3);
    sandbox.run("cp -r missing s3://bucket/").exits(3);
    assert!(!sandbox.path("new").exists());
}

#[test]
fn one_failure_of_many_is_reported_and_the_others_go_on() {
    let sandbox = Sandbox::with_server();
    for name in ["a", "in-the-way/x", "z"] {
        sandbox.write_object(name, name);
    }
    sandbox.write("target/in-the-way", "a file");
    let ended = sandbox.run("cp -r --json s3://bucket target").exits(1).says("in-the-way/x: invalid input");
    assert_eq!((sandbox.read("target/a"), sandbox.read("target/z")), ("a".into(), "z".into()));
    let failed: Vec<_> = ended.records().into_iter().filter(|record| record["status"] == "failed").collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(
        (&failed[0]["source"], &failed[0]["error"]["kind"]),
        (&"s3://bucket/in-the-way/x".into(), &"invalid input".into())
    );
    sandbox.run("cp -r s3://bucket target").exits(1).says("copied 2 objects").says("1 failed");
}

#[test]
fn links_do_not_lead_out_of_the_target() {
    let sandbox = Sandbox::with_server();
    sandbox.write_object("link/x", "evil");
    sandbox.write_object("y", "good");
    std::fs::create_dir_all(sandbox.path("outside")).expect("a folder");
    std::fs::create_dir_all(sandbox.path("target")).expect("a folder");
    std::os::unix::fs::symlink(sandbox.path("outside"), sandbox.path("target/link")).expect("a link");
    sandbox.run("cp -r s3://bucket target").exits(1);
    assert_eq!(sandbox.names("outside"), Vec::<String>::new());
    assert_eq!(sandbox.read("target/y"), "good");
}

#[test]
fn a_tree_is_not_copied_into_itself() {
    let sandbox = Sandbox::with_server();
    sandbox.write("tree/x", "x");
    sandbox.write_object("tree/x", "x");
    for line in [
        "cp -r tree tree/copy",
        "cp -r tree tree",
        "cp -r s3://bucket/tree s3://bucket/tree/copy",
        "cp -r s3://bucket s3://bucket/copy",
    ] {
        sandbox.run(line).exits(2).says("inside the source");
    }
    std::os::unix::fs::symlink("tree", sandbox.path("link")).expect("a link");
    let path = sandbox.path("tree").display().to_string();
    for line in [
        "cp -r s3://bucket s3://bucket/copy/?region=us-east-1".to_owned(),
        "cp -r s3://bucket/tree?part-size=8MiB s3://bucket/tree/copy".to_owned(),
        format!("cp -r tree direct://{path}/copy"),
        format!("cp -r direct://{path} tree/copy"),
        format!("cp -r file://{path} file://{path}/copy?sync=true"),
        format!("cp -r file://localhost{path} tree/copy"),
        "cp -r tree link/copy".to_owned(),
        "cp -r link/ tree/copy".to_owned(),
    ] {
        sandbox.run(&line).exits(2).says("inside the source");
    }
    assert_eq!(sandbox.names("tree"), ["x"]);
    for line in [
        "cp tree/x link/x".to_owned(),
        format!("cp tree/x direct://{path}/"),
        "cp s3://bucket/tree/x s3://bucket/tree/x?region=us-east-1".to_owned(),
    ] {
        sandbox.run(&line).exits(2).says("is both source and target");
    }
    // Another service may have a bucket of the same name.
    let elsewhere = "cp -r --dry-run s3://bucket s3://bucket/copy/?endpoint=http://127.0.0.1:1";
    sandbox.run(elsewhere).exits(0).says("would copy 1 object");
    sandbox.write("file", "x");
    sandbox.run("cp -r tree file").exits(2).says("is a file, and a tree needs a folder");
}

#[test]
fn a_dry_run_makes_nothing() {
    let sandbox = Sandbox::with_server();
    sandbox.write_object("tree/x", "x");
    sandbox.write_object("tree/y", "y");
    let ended = sandbox.run("cp -r --dry-run s3://bucket/tree new").exits(0).says("would copy 2 objects");
    assert_eq!(ended.text().lines().count(), 2);
    assert!(!sandbox.path("new").exists());
}

#[test]
fn many_objects_go_both_ways() {
    let sandbox = Sandbox::with_server();
    for number in 0..500 {
        sandbox.write(&format!("many/{number}"), number.to_string());
    }
    sandbox.run("cp -r -q many s3://bucket/many").exits(0);
    sandbox.run("cp -r -q --jobs 3 s3://bucket/many back").exits(0);
    sandbox.run("cp -r -n s3://bucket/many back").exits(0).says("left 500 objects as before");
    for number in 0..500 {
        assert_eq!(sandbox.read(&format!("back/{number}")), number.to_string());
    }
}

#[test]
fn large_objects_at_once_need_no_more_memory_than_allowed() {
    let sandbox = Sandbox::with_server();
    for number in 0..8 {
        sandbox.write(&format!("large/{number}"), vec![number; 12 << 20]);
    }
    let options = "-o memory-limit=10MiB -o in-flight=4 -o part-size=5MiB -o put-threshold=5MiB";
    sandbox.run(&format!("cp -r {options} large s3://bucket/large")).exits(0);
    sandbox.server().create_bucket("other").expect("a bucket");
    sandbox.run(&format!("cp -r {options} s3://bucket/large s3://other/large")).exits(0);
    sandbox.run(&format!("cp -r {options} s3://other/large back")).exits(0);
    for number in 0..8 {
        assert!(
            std::fs::read(sandbox.path(&format!("back/{number}"))).expect("a copy") == vec![number; 12 << 20]
        );
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "a test that cannot run says so")]
fn a_folder_that_cannot_be_read_hides_no_other() {
    let sandbox = Sandbox::local();
    for name in ["a/x", "b/y"] {
        sandbox.write(&format!("tree/{name}"), name);
    }
    let close = |mode| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(sandbox.path("tree/a"), mode).expect("its permissions");
    };
    let run = |line| without_rights(&sandbox, line);
    close(0);
    let (listed, copied) = (run("ls -r tree"), run("cp -r tree copy"));
    let (planned, removed) = (run("rm -r --dry-run tree"), run("rm -r tree"));
    close(0o755);
    let (Some(listed), Some(copied), Some(planned), Some(removed)) = (listed, copied, planned, removed)
    else {
        eprintln!("this system does not allow setpriv: nothing was tested");
        return;
    };
    let text = String::from_utf8_lossy(&listed.stdout);
    assert!(listed.status.code() == Some(1) && text.contains("b/y"), "{listed:?}");
    assert!(copied.status.code() == Some(1) && sandbox.read("copy/b/y") == "b/y", "{copied:?}");
    let text = String::from_utf8_lossy(&planned.stdout);
    assert!(planned.status.code() == Some(1) && text.contains("b/y"), "{planned:?}");
    let text = String::from_utf8_lossy(&removed.stderr);
    assert!(removed.status.code() == Some(1) && text.contains("tree/a"), "{removed:?}");
    assert_eq!((sandbox.names("tree"), sandbox.names("tree/a")), (vec!["a".into()], vec!["x".into()]));
}

/// Only here are file names any bytes, on every file system.
#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_keys_are_counted_and_never_a_success() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let sandbox = Sandbox::with_server();
    sandbox.write("tree/x", "x");
    let bad = |name: &[u8]| sandbox.path("tree").join(OsStr::from_bytes(name));
    std::fs::write(bad(b"bad-\xff"), "x").expect("a file");
    let why = "names that are not UTF-8 cannot be keys";
    let one = format!("1 entry was left out: {why}");
    assert!(sandbox.run("ls tree").exits(1).says(&one).text().contains('x'));
    sandbox.run("-q ls -r tree").exits(1).says(&one);
    std::fs::create_dir(bad(b"bad-\xfe")).expect("a folder");
    std::fs::write(bad(b"bad-\xfe/y"), "y").expect("a file");
    let two = format!("2 entries were left out: {why}");
    sandbox.run("cp -r tree s3://bucket/tree").exits(1).says(&two).says("copied 1 object");
    sandbox.run("cp -r --dry-run tree s3://bucket/tree").exits(1).says(&two);
    let ended = sandbox.run("cp -r --json tree copy").exits(1);
    let errors = ended.stderr.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let errors: Vec<_> = errors.filter(|record| record["error"]["kind"] == "unsupported").collect();
    assert_eq!(errors.len(), 1, "{}", ended.stderr);
    sandbox.run("rm -r --dry-run tree").exits(1).says(&two);
    sandbox.run("rm -r tree").exits(1).says(&two).says("the folder stays");
    assert!(!sandbox.path("tree/x").exists() && bad(b"bad-\xff").exists() && bad(b"bad-\xfe/y").exists());
    sandbox.run("ls -r copy").exits(0);
}

#[test]
fn a_uri_that_names_no_folder_is_no_empty_tree() {
    let sandbox = Sandbox::local();
    sandbox.write("tree/x", "x");
    let here = sandbox.path("").display().to_string();
    for place in ["//tree", "/./tree", "/tree/../tree", "//tree/", "/tree//", "/tree/.", "/tree/.."] {
        let uri = format!("file://{}{place}", here.trim_end_matches('/'));
        for line in [
            format!("ls {uri}"),
            format!("ls -r {uri}"),
            format!("rm -r --all {uri}"),
            format!("cp -r {uri} copy"),
        ] {
            sandbox.run(&line).exits(2).says("invalid input");
        }
        // What users type is resolved first.
        let path = format!("{here}{place}");
        sandbox.run(&format!("ls -r {path}")).exits(0);
        sandbox
            .run(&format!("cp -r --dry-run {path} /no-such-folder/copy"))
            .exits(0)
            .says("would copy 1 object");
    }
    assert_eq!((sandbox.names(""), sandbox.names("tree")), (vec!["tree".to_owned()], vec!["x".to_owned()]));
}

#[test]
fn two_sources_never_become_one_target() {
    let sandbox = Sandbox::with_server();
    for name in ["a/x", "b/x", "a/data/1", "b/data/2"] {
        sandbox.write(name, name);
    }
    std::fs::create_dir(sandbox.path("out")).expect("a folder");
    for line in [
        "cp a/x b/x out/",
        "cp -n a/x b/x out",
        "cp --dry-run a/x a/../b/x out",
        "cp -r a/data b/data out/",
        "cp -r a/data/ a/x b/data/ s3://bucket/out/",
    ] {
        sandbox.run(line).exits(2).says("would both become ").says("hint: ");
    }
    assert_eq!(sandbox.names("out"), Vec::<String>::new());
    sandbox.run("cp -r a b out/").exits(0).says("copied 4 objects");
}

#[test]
fn folders_are_not_replaced_by_files() {
    let sandbox = Sandbox::with_server();
    sandbox.write("f1", "f1");
    sandbox.write("tree/a", "a");
    sandbox.write("tree/b", "b");
    sandbox.write_object("f1", "f1");
    for folder in ["e1/f1/deep", "e2/a/deep"] {
        std::fs::create_dir_all(sandbox.path(folder)).expect("folders");
    }
    for line in
        ["cp f1 e1", "cp -n f1 e1", "cp --dry-run f1 e1/", "cp s3://bucket/f1 e1", "cp -n s3://bucket/f1 e1/"]
    {
        sandbox.run(line).exits(2).says("/e1/f1 is a folder");
    }
    sandbox.run("cp -r tree e2").exits(1).says("/e2/a is a folder").says("copied 1 object").says("1 failed");
    sandbox.run("cp -r -n tree e2").exits(1).says("/e2/a is a folder").says("left 1 object as before");
    assert!(sandbox.path("e1/f1/deep").is_dir() && sandbox.path("e2/a/deep").is_dir());
    sandbox.run("cp f1 e1/f1").exits(0);
    assert_eq!(sandbox.read("e1/f1/f1"), "f1");
}

#[test]
#[allow(clippy::print_stderr, reason = "a test that cannot run says so")]
fn a_link_that_cannot_be_followed_is_an_error_and_hides_no_other() {
    let sandbox = Sandbox::local();
    for name in ["closed/x", "tree/y", "tree/z"] {
        sandbox.write(name, name);
    }
    for (target, link) in [("../closed/x", "tree/link"), ("nowhere", "tree/broken"), ("..", "tree/folder")] {
        std::os::unix::fs::symlink(target, sandbox.path(link)).expect("a link");
    }
    let close = |mode| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(sandbox.path("closed"), mode).expect("its permissions");
    };
    close(0);
    let (listed, copied) =
        (without_rights(&sandbox, "ls -r tree"), without_rights(&sandbox, "cp -r tree copy"));
    close(0o755);
    let (Some(listed), Some(copied)) = (listed, copied) else {
        eprintln!("this system does not allow setpriv: nothing was tested");
        return;
    };
    for ended in [&listed, &copied] {
        let text = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(1) && text.contains("tree/link: permission denied"), "{ended:?}");
        assert!(!text.contains("broken") && !text.contains("tree/folder"), "{ended:?}");
    }
    assert_eq!(sandbox.names("copy"), ["y", "z"]);
    sandbox.run("cp -r tree whole").exits(0).says("copied 3 objects");
}
