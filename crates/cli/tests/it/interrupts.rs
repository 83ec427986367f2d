//! SIGINT and SIGTERM: nothing half-done is left behind.
#![cfg(unix)]

use std::io::Write;
use std::process::Child;

use rangeway_testkit::RequestKind;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Ended, Sandbox, finish, start, wait_until};

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("it still runs");
}

fn interrupted(ended: Ended) {
    ended.exits(130).says("interrupted: cleaning up");
}

#[test]
fn an_upload_is_aborted() {
    for signal in [Signal::INT, Signal::TERM] {
        let sandbox = Sandbox::with_server();
        let mut child = start(sandbox.command("cp - s3://bucket/half"));
        let mut stdin = child.stdin.take().expect("it is piped");
        // More than one part, and never an end.
        stdin.write_all(&vec![1; 48 << 20]).expect("it reads");
        wait_until("a part", || sandbox.server().counts().of(RequestKind::UploadPart) > 0);
        send(&child, signal);
        interrupted(finish(child));
        drop(stdin);
        assert_eq!(sandbox.server().open_uploads().expect("the server's files"), Vec::<String>::new());
        assert!(!sandbox.object("half").exists());
    }
}

#[test]
fn a_tree_of_uploads_is_aborted() {
    let sandbox = Sandbox::with_server();
    for number in 0..4 {
        sandbox.write(&format!("tree/{number}"), "");
        let file = std::fs::File::create(sandbox.path(&format!("tree/{number}")));
        file.expect("a file").set_len(1 << 30).expect("a sparse file");
    }
    let child = start(sandbox.command("cp -r tree s3://bucket/tree"));
    wait_until("a part", || sandbox.server().counts().of(RequestKind::UploadPart) > 0);
    send(&child, Signal::INT);
    interrupted(finish(child));
    assert_eq!(sandbox.server().open_uploads().expect("the server's files"), Vec::<String>::new());
}

#[test]
fn a_download_leaves_no_file() {
    let sandbox = Sandbox::with_server();
    // The server hashes all of it for each range: a read takes seconds.
    sandbox.write_object("big", vec![0; 256 << 20]);
    std::fs::create_dir(sandbox.path("target")).expect("a folder");
    let child = start(sandbox.command("cp s3://bucket/big target/"));
    wait_until("a second range", || sandbox.server().counts().of(RequestKind::GetObject) > 1);
    send(&child, Signal::INT);
    interrupted(finish(child));
    assert_eq!(sandbox.names("target"), Vec::<String>::new());
}

#[test]
fn a_writer_that_nobody_reads_can_be_interrupted() {
    let sandbox = Sandbox::with_server();
    sandbox.write_object("big", vec![0; 64 << 20]);
    let child = start(sandbox.command("cat s3://bucket/big"));
    wait_until("a second range", || sandbox.server().counts().of(RequestKind::GetObject) > 1);
    send(&child, Signal::INT);
    interrupted(finish(child));
}
