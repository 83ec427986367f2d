//! Standard input and output: `cp -`, `cat`, and pipes that close early.

use std::io::Read;

use rangeway_testkit::{RequestKind, Seeded};

use crate::support::{Sandbox, finish, start};

#[test]
fn standard_input_becomes_an_object_of_any_length() {
    let sandbox = Sandbox::with_server();
    let data = Seeded::new(9);
    for size in [0, 1, 3 << 20, 40 << 20] {
        let bytes = data.bytes(0, size);
        let ended = sandbox.run_with_input("cp --json - s3://bucket/in", &bytes).exits(0);
        assert_eq!(ended.records()[0]["size"], size);
        assert!(std::fs::read(sandbox.object("in")).expect("an object") == bytes, "{size} bytes");
        let back = sandbox.run("cp s3://bucket/in -").exits(0);
        assert!(back.stdout == bytes, "{size} bytes");
    }
    assert!(sandbox.server().counts().of(RequestKind::UploadPart) > 0);
    sandbox.run_with_input("cp - here.txt", b"local").exits(0);
    assert_eq!(sandbox.read("here.txt"), "local");
}

#[test]
fn streams_stand_alone() {
    let sandbox = Sandbox::with_server();
    sandbox.write("x", "x");
    sandbox.run_with_input("cp - s3://bucket/folder/", b"x").exits(2).says("no name");
    sandbox.run("cp - -").exits(2);
    sandbox.run("cp x x -").exits(2);
    sandbox.run("cp - x s3://bucket/").exits(2);
    sandbox.run("cp -r s3://bucket/ -").exits(2);
    sandbox.run("cat -").exits(2).says("- is for cp only");
}

#[test]
fn cat_writes_ranges_and_several_objects() {
    let sandbox = Sandbox::with_server();
    sandbox.write_object("a", "0123456789");
    sandbox.write("b", "abc");
    for (line, text) in [
        ("cat s3://bucket/a b", "0123456789abc"),
        ("cat s3://bucket/a --offset 7", "789"),
        ("cat s3://bucket/a --offset 2 --length 3", "234"),
        ("cat s3://bucket/a --length 4", "0123"),
        ("cat s3://bucket/a --offset 8 --length 1KiB", "89"),
    ] {
        assert_eq!(sandbox.run(line).exits(0).text(), text, "{line}");
    }
    sandbox.run("cat s3://bucket/a --offset 10").exits(1).says("range not satisfiable");
    let ended = sandbox.run("cat b s3://bucket/missing b").exits(3);
    assert_eq!(ended.text(), "abc", "what follows a gap is not written");
}

#[test]
fn a_large_object_comes_out_in_order() {
    let sandbox = Sandbox::with_server();
    let bytes = Seeded::new(4).bytes(0, 50 << 20);
    sandbox.write_object("big", &bytes);
    assert!(sandbox.run("cat s3://bucket/big").exits(0).stdout == bytes);
    assert!(sandbox.server().counts().of(RequestKind::GetObject) > 1);
}

#[test]
fn a_closed_pipe_is_silent() {
    let sandbox = Sandbox::with_server();
    let big = std::fs::File::create(sandbox.object("big")).expect("a file");
    big.set_len(64 << 20).expect("a sparse file");
    for number in 0..3000 {
        sandbox.write(&format!("many/{number}"), "");
    }
    for line in ["cat s3://bucket/big", "cp s3://bucket/big -", "ls -r many", "ls --json -r many"] {
        let mut child = start(sandbox.command(line));
        let mut stdout = child.stdout.take().expect("it is piped");
        stdout.read_exact(&mut [0]).expect("the first byte");
        drop(stdout);
        let ended = finish(child).exits(0);
        assert_eq!(ended.stderr, "", "{line}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let sandbox = Sandbox::local();
    sandbox.write("x", "x");
    for line in ["cat x", "ls", "completions bash"] {
        let mut command = sandbox.command(line);
        command.stdout(std::fs::File::create("/dev/full").expect("Linux has it"));
        let child = command.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn();
        finish(child.expect("the program starts")).exits(1).says("cannot write to standard output");
    }
}

#[test]
fn ranges_that_hold_no_byte() {
    let sandbox = Sandbox::with_server();
    for (name, bytes) in [("empty", ""), ("ten", "0123456789")] {
        sandbox.write(name, bytes);
        sandbox.write_object(name, bytes);
    }
    for place in ["", "s3://bucket/"] {
        for (range, name) in
            [("--length 0", "ten"), ("--offset 99 --length 0", "ten"), ("--length 5", "empty")]
        {
            assert_eq!(
                sandbox.run(&format!("cat {range} {place}{name}")).exits(0).text(),
                "",
                "{place}{range}"
            );
        }
        sandbox.run(&format!("cat --length 0 {place}missing")).exits(3);
        sandbox.run(&format!("cat --offset 10 {place}ten")).exits(1).says("hint: the object has no byte 10");
    }
}

#[test]
fn what_exists_is_left_alone_by_standard_input_too() {
    let sandbox = Sandbox::with_server();
    sandbox.write("here", "old");
    sandbox.write_object("there", "old");
    for target in ["here", "s3://bucket/there"] {
        let line = format!("cp -n - {target}");
        sandbox.run_with_input(&line, b"new").exits(0).says("left 1 object as before");
        let ended = sandbox.run_with_input(&format!("{line} --json"), b"new").exits(0);
        assert_eq!(ended.records()[0]["status"], "skipped");
        assert_eq!(sandbox.run(&format!("cat {target}")).text(), "old");
        sandbox.run_with_input(&format!("cp -n - {target}2"), b"new").exits(0).says("copied 1 object, 3 B");
    }
}
