//! Help, completions and the demo: what a newcomer sees first.

use crate::support::Sandbox;

const COMMANDS: [&str; 8] = ["cp", "ls", "cat", "stat", "rm", "mb", "rb", "completions"];

#[test]
fn help_is_short_and_has_examples() {
    let sandbox = Sandbox::local();
    let help = sandbox.run("--help").exits(0);
    for part in COMMANDS.into_iter().chain(["Examples:", "Exit codes:", "130  interrupted"]) {
        assert!(help.text().contains(part), "{part}");
    }
    assert!(help.text().lines().count() < 60);
    for command in COMMANDS {
        let help = sandbox.run(&format!("{command} --help")).exits(0);
        assert!(help.text().lines().count() < 40, "{command}");
    }
    assert!(sandbox.run("--version").exits(0).text().starts_with("rangeway "));
}

#[test]
fn completions_know_the_commands() {
    let sandbox = Sandbox::local();
    for shell in ["bash", "zsh", "fish"] {
        let script = sandbox.run(&format!("completions {shell}")).exits(0);
        assert!(COMMANDS.iter().all(|command| script.text().contains(command)), "{shell}");
    }
}

#[test]
#[cfg(feature = "demo")]
fn the_demo_verifies_and_says_what_to_do_next() {
    let sandbox = Sandbox::local();
    let ended = sandbox.run("demo --size 20MiB").exits(0);
    for part in ["read, one stream", "read, rangeway", "times as fast", "rangeway cp FILE s3://"] {
        assert!(ended.text().contains(part), "{}", ended.text());
    }
    let record = sandbox.run("demo --size 20MiB --json").exits(0).records().remove(0);
    assert_eq!((&record["verified"], &record["size"]), (&true.into(), &(20 << 20).into()));
    assert_eq!(record["read_single_stream"]["requests"], 1);
    assert!(record["read_engine"]["requests"].as_u64() > Some(1), "{record}");
    sandbox.run("demo --size 0").exits(2);
    sandbox.run("demo --size 1000000TiB").exits(2).says("must fit into memory");
}
