//! `direct://`: the same commands on files that are read and written past the page cache.

use rangeway_testkit::Seeded;

use crate::support::Sandbox;

/// A local file as a `direct` URI.
fn direct(sandbox: &Sandbox, name: &str) -> String {
    format!("direct://{}", sandbox.path(name).display())
}

#[test]
fn files_are_copied_listed_shown_and_removed() {
    let sandbox = Sandbox::local();
    let data = Seeded::new(9).bytes(0, (20 << 20) + 77);
    sandbox.write("plain", &data);
    std::fs::create_dir(sandbox.path("folder")).expect("a folder");
    let folder = direct(&sandbox, "folder");
    sandbox.run(&format!("cp plain {folder}")).exits(0);
    let copy = direct(&sandbox, "folder/plain");
    sandbox.run(&format!("cp {copy} {folder}/again")).exits(0);
    sandbox.run(&format!("cp {folder}/again back")).exits(0);
    for name in ["folder/plain", "folder/again", "back"] {
        assert!(std::fs::read(sandbox.path(name)).expect(name) == data, "{name}");
    }
    let listed = sandbox.run(&format!("ls {folder}")).exits(0);
    assert!(listed.text().contains("again") && listed.text().contains("plain"), "{}", listed.text());
    assert!(sandbox.run(&format!("cat {copy}")).exits(0).stdout == data);
    sandbox.run(&format!("rm {copy}")).exits(0);
    assert_eq!(sandbox.names("folder"), ["again"]);
    sandbox.run(&format!("cat {copy}")).exits(3).says("no such file");
}

#[test]
fn trees_come_from_a_server_and_go_there() {
    let sandbox = Sandbox::with_server();
    for key in ["tree/a", "tree/deep/b"] {
        sandbox.write_object(key, key);
    }
    let folder = direct(&sandbox, "new");
    sandbox.run(&format!("cp -r s3://bucket/tree {folder}/")).exits(0);
    let found = std::fs::read_to_string(sandbox.path("new/deep/b"));
    assert_eq!(found.expect("a file"), "tree/deep/b");
    sandbox.run(&format!("cp -r {folder} s3://bucket/back/")).exits(0);
    assert_eq!(std::fs::read_to_string(sandbox.object("back/a")).expect("an object"), "tree/a");
}
