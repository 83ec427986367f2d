//! Exit codes, and what errors say.

use std::net::TcpListener;

use crate::support::{Sandbox, finish, start};

#[test]
fn wrong_usage_is_2() {
    let sandbox = Sandbox::local();
    for line in [
        "",
        "frobnicate",
        "cp",
        "ls --no-such-option",
        "cp --metadata novalue a b",
        "cat --offset x y",
        "-o novalue ls",
    ] {
        sandbox.run(line).exits(2);
    }
    sandbox.run("ls gopher://x").exits(2).says("hint: this program can open abfs://");
    sandbox.run("ls s3://user:pw@bucket").exits(2).says("credentials");
    sandbox.run("cat s3://bucket/what?.txt").exits(2).says("hint: if the '?' belongs to the key");
}

#[test]
fn unknown_settings_are_suggested() {
    let sandbox = Sandbox::local();
    sandbox.write("x", "x");
    for line in ["-o part-sise=1MiB cat x", "ls file:///tmp?part-sise=1MiB"] {
        sandbox
            .run(line)
            .exits(2)
            .says("unknown setting \"part-sise\"")
            .says("hint: did you mean \"part-size\"?");
    }
    sandbox.run("cat x -o part-size=lots").exits(2).says("\"lots\"");
    sandbox.run("cat x -o part-size=1MiB").exits(0);
    sandbox.run("cat x -o threads=1").exits(0);
    sandbox.run("cat x -o thread=1").exits(2).says("hint: did you mean \"threads\"?");
    sandbox.run("cat x -o threads=0").exits(2).says("threads");
    sandbox.run("cat file:///x?threads=1").exits(2).says("unknown setting");
}

#[test]
fn typos_in_variables_are_warned_about() {
    let sandbox = Sandbox::local();
    sandbox.write("x", "x");
    let with_typo = |line| {
        let mut command = sandbox.command(line);
        command.env("RANGEWAY_PART_SISE", "1MiB");
        finish(start(command)).exits(0)
    };
    let ended = with_typo("cat x").says("warning: the environment variable RANGEWAY_PART_SISE means nothing; did you mean RANGEWAY_PART_SIZE?");
    assert_eq!(ended.text(), "x");
    assert_eq!(with_typo("-q cat x").stderr, "");
}

#[test]
fn missing_objects_and_buckets_are_3() {
    let sandbox = Sandbox::with_server();
    for line in [
        "cat s3://bucket/missing",
        "stat s3://bucket/missing",
        "cp s3://bucket/missing .",
        "cat s3://no-such-bucket/x",
        "cat missing",
        "rb s3://no-such-bucket",
    ] {
        let ended = sandbox.run(line).exits(3);
        assert!(
            ended.stderr.starts_with("error: ") && ended.stderr.contains("not found"),
            "{line}: {}",
            ended.stderr
        );
    }
}

#[test]
fn a_wildcard_that_names_nothing_is_explained() {
    let sandbox = Sandbox::with_server();
    sandbox.write_object("x.csv", "x");
    for line in [
        "cp s3://bucket/*.csv .",
        "cp -r s3://bucket/*/ new",
        "cp *.txt s3://bucket/",
        "ls s3://bucket/*.csv",
        "rm s3://bucket/*.csv",
        "stat s3://bucket/*.csv",
        "cat s3://bucket/*.csv",
    ] {
        sandbox.run(line).exits(3).says("hint: a * stands for itself here");
    }
    assert!(!sandbox.run("cat s3://bucket/missing").exits(3).stderr.contains("hint"));
}

#[test]
fn wrong_credentials_are_5() {
    let sandbox = Sandbox::with_server();
    sandbox.write_object("x", "x");
    let mut command = sandbox.command("cat s3://bucket/x");
    command.env("AWS_SECRET_ACCESS_KEY", "wrong");
    let ended = finish(start(command)).exits(5).says("error: get s3://bucket/x: ");
    assert!(!ended.stderr.contains("wrong"), "{}", ended.stderr);
}

#[test]
fn a_server_that_is_not_there_is_1_and_says_so() {
    let sandbox = Sandbox::with_server();
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let line = format!("cat s3://bucket/x -o endpoint=http://{address} -o attempts=2 -o backoff=1ms");
    sandbox.run(&line).exits(1).says("cannot connect").says("(after 2 attempts)").says("because: ");
}

#[test]
fn buckets_are_made_and_removed() {
    let sandbox = Sandbox::with_server();
    sandbox.run("mb s3://fresh").exits(0).says("made s3://fresh");
    sandbox.run("mb s3://fresh").exits(1).says("already exists");
    sandbox.run("rb s3://fresh").exits(0).says("removed s3://fresh");
    sandbox.run("rb s3://fresh").exits(3);
    sandbox.run("rb --force s3://fresh").exits(3);
    for (line, status) in [("mb", "made"), ("rb", "removed")] {
        let ended = sandbox.run(&format!("{line} --json s3://fresh")).exits(0);
        let expected = serde_json::json!({ "place": "s3://fresh", "bucket": "fresh", "status": status });
        assert_eq!((ended.records(), ended.stderr.as_str()), (vec![expected], ""));
    }
    sandbox.write_object("a/b", "x");
    sandbox.run("rb --force s3://bucket").exits(0);
    assert!(!sandbox.server().folder().join("bucket").exists());
    for line in ["mb s3://bucket/key", "mb s3://", "mb folder", "rb folder"] {
        sandbox.run(line).exits(2).says("is not a bucket");
    }
}

#[test]
fn logs_go_to_standard_error() {
    let sandbox = Sandbox::local();
    sandbox.write("x", "x");
    assert_eq!(sandbox.run("cat x").stderr, "");
    assert_eq!(sandbox.run("-vv cat x").exits(0).text(), "x");
    sandbox.run("-v cat x").exits(0).says("read 1 B at ").says("; 1 request, at most 1 in flight, 0 retries");
    let ended = sandbox.run("-v --json cp x y").exits(0);
    let lines = ended.stderr.lines().map(|line| serde_json::from_str(line).expect(line));
    let stats: Vec<serde_json::Value> =
        lines.filter(|line: &serde_json::Value| !line["stats"].is_null()).collect();
    assert_eq!((stats.len(), &stats[0]["stats"]["retries"]), (1, &0.into()), "{stats:?}");
    assert!(sandbox.run("--json cp x z").exits(0).stderr.is_empty());
    let mut command = sandbox.command("cat x");
    command.env("RUST_LOG", "=nonsense=");
    finish(start(command)).exits(0).says("warning: RUST_LOG is not understood");
}

#[test]
fn a_server_that_speaks_otherwise_is_recognised() {
    let sandbox = Sandbox::with_server();
    let tls = sandbox.server().endpoint().replace("http://", "https://");
    let line = format!("cat s3://bucket/x -o endpoint={tls}");
    sandbox.run(&line).exits(1).says("hint: is it http:// and not https://?");
    sandbox.run("ls s3://bucket -o endpoint=http://127.0.0.1:65536").exits(2).says("65535");
}

#[test]
fn errors_are_json_where_results_are() {
    let sandbox = Sandbox::with_server();
    let ended = sandbox.run("--json cat s3://bucket/missing").exits(3);
    let error: serde_json::Value = serde_json::from_str(ended.stderr.trim_end()).expect("one line of JSON");
    assert_eq!(error["error"]["kind"], "not found", "{error}");
    let ended = sandbox.run("--json -vv cat s3://bucket/missing").exits(3);
    for line in ended.stderr.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    assert!(ended.stderr.lines().count() > 1, "{}", ended.stderr);
}

#[test]
fn wrong_usage_is_json_where_results_are() {
    let sandbox = Sandbox::local();
    for line in ["--json", "--json frobnicate", "ls --json --frobnicate", "cp --json x"] {
        let ended = sandbox.run(line).exits(2);
        let error: serde_json::Value =
            serde_json::from_str(ended.stderr.trim_end()).expect("one line of JSON");
        assert_eq!(error["error"]["kind"], "invalid input", "{error}");
        assert!(
            error["error"]["hint"].as_str().is_some_and(|hint| hint.starts_with("usage: rangeway")),
            "{error}"
        );
        assert_eq!(ended.stdout, b"", "{line}");
    }
    assert!(sandbox.run("ls --frobnicate").exits(2).stderr.starts_with("error: unexpected argument"));
    assert!(sandbox.run("--json --help").exits(0).text().contains("Usage: "));
}

#[test]
#[cfg(target_os = "linux")]
fn names_in_messages_have_no_control_characters() {
    use std::os::unix::ffi::OsStrExt;

    let sandbox = Sandbox::local();
    std::fs::create_dir(sandbox.path("tree")).expect("a folder");
    let name = std::ffi::OsStr::from_bytes(b"bad\x1b[31m\xff\n");
    std::fs::write(sandbox.path("tree").join(name), "x").expect("a file");
    let ended = sandbox.run("ls -r tree").exits(1).says("bad\\u{1b}[31m");
    assert!(ended.stderr.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", ended.stderr);
    let ended = sandbox.run_args(&["rm", "--\x1b[31mx"]).exits(2).says("invalid input: unexpected argument");
    assert!(ended.stderr.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", ended.stderr);
}

#[test]
fn errors_of_a_copy_name_what_they_are_about() {
    let sandbox = Sandbox::local();
    sandbox.write("x", "x");
    sandbox.write("file", "x");
    let ended = sandbox.run("cp x file/y").exits(2);
    assert!(ended.stderr.contains("/file/y: invalid input"), "{}", ended.stderr);
    let ended = sandbox.run("cp missing y").exits(3);
    assert!(ended.stderr.contains("/missing: not found"), "{}", ended.stderr);
    #[cfg(target_os = "linux")]
    sandbox.run("cp x /proc/rangeway-test").exits(1).says("copy file:///proc/rangeway-test: i/o error");
    sandbox.run("-v cp x y").exits(0).says("read 1 B at ");
}
