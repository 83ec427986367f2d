//! SIGINT, SIGTERM and SIGHUP: nothing half-done is left behind.
#![cfg(unix)]

use std::io::{Read, Write};
use std::process::{Child, Command};

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
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 130), (Signal::HUP, 129)] {
        let sandbox = Sandbox::with_server();
        let mut child = start(sandbox.command("cp - s3://bucket/half"));
        let mut stdin = child.stdin.take().expect("it is piped");
        // More than one part, and never an end.
        stdin.write_all(&vec![1; 48 << 20]).expect("it reads");
        wait_until("a part", || sandbox.server().counts().of(RequestKind::UploadPart) > 0);
        send(&child, signal);
        if signal == Signal::HUP {
            // The shell passes on what the kernel has sent already.
            let mut stderr = child.stderr.take().expect("it is piped");
            stderr.read_exact(&mut [0]).expect("it says that it cleans up");
            send(&child, signal);
            child.stderr = Some(stderr);
        }
        let ended = finish(child).exits(code).says("nterrupted: cleaning up");
        assert!(!ended.stderr.contains("left behind"), "{}", ended.stderr);
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
    // So few and small parts that those under way have ended before the abort: this server keeps a part that comes after.
    let child = start(sandbox.command("cp -r tree s3://bucket/tree -o in-flight=4 -o part-size=5MiB"));
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
    for (signal, code) in [(Signal::INT, 130), (Signal::HUP, 129)] {
        sandbox.server().reset_counts();
        let child = start(sandbox.command("cp s3://bucket/big target/"));
        wait_until("a second range", || sandbox.server().counts().of(RequestKind::GetObject) > 1);
        send(&child, signal);
        finish(child).exits(code).says("interrupted: cleaning up");
        assert_eq!(sandbox.names("target"), Vec::<String>::new());
    }
}

/// The program as a shell starts it after `prepare`.
fn through_shell(sandbox: &Sandbox, prepare: &str, line: &str) -> Command {
    let program = sandbox.command("");
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{prepare}; exec \"$0\" {line}")).arg(program.get_program());
    command
        .current_dir(sandbox.path(""))
        .envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

#[test]
#[cfg(target_os = "linux")]
fn whoever_is_to_outlive_its_terminal_does() {
    let sandbox = Sandbox::with_server();
    let mut child = start(through_shell(&sandbox, "trap '' HUP", "cp - s3://bucket/whole"));
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(&vec![1; 48 << 20]).expect("it reads");
    wait_until("a part", || sandbox.server().counts().of(RequestKind::UploadPart) > 0);
    send(&child, Signal::HUP);
    stdin.write_all(&vec![1; 1 << 20]).expect("it still reads");
    drop(stdin);
    finish(child).exits(0);
    assert_eq!(std::fs::metadata(sandbox.object("whole")).expect("an object").len(), 49 << 20);
}

#[test]
fn a_file_that_is_too_large_is_an_error_that_leaves_nothing() {
    let sandbox = Sandbox::local();
    sandbox.write("source/big", vec![1; 8 << 20]);
    std::fs::create_dir(sandbox.path("target")).expect("a folder");
    for line in ["cp source/big target/", "cp - target/big < source/big", "cp -r source target"] {
        let ended = finish(start(through_shell(&sandbox, "ulimit -f 100", line))).exits(1);
        assert!(ended.stderr.contains("File too large"), "{line}: {}", ended.stderr);
        assert!(ended.stderr.contains("target/big: "), "{line}: {}", ended.stderr);
        assert_eq!(sandbox.names("target"), Vec::<String>::new(), "{line}");
    }
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

#[test]
fn as_many_files_are_open_as_may_be() {
    let sandbox = Sandbox::local();
    for number in 0..300 {
        sandbox.write(&format!("many/{number}"), "x");
    }
    finish(start(through_shell(&sandbox, "ulimit -S -n 40", "cp -r --jobs 200 many copy"))).exits(0);
    assert_eq!(sandbox.names("copy").len(), 300);
}
