//! `cargo xtask test`: all tests of the workspace, first those that need only cargo, then those against peers.
//! Cargo's output is passed on untouched, so that each `test result:` line stays whole; one closing line follows.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::cargo::Cargo;
use crate::peers::{self, Peer, Running, TARGET};

/// The arguments of `cargo xtask test`.
#[derive(clap::Args, Clone)]
pub(crate) struct Args {
    /// Leaves out the tests that need servers from npm and `PyPI`.
    #[arg(long)]
    no_peers: bool,

    /// Passed on to `cargo test`, after `--`; for example `-- -p rangeway-core` or `-- -- --nocapture`.
    #[arg(last = true)]
    cargo_args: Vec<String>,
}

impl Args {
    /// All tests; perhaps without those that need peers.
    pub(crate) fn everything(no_peers: bool) -> Self {
        Self { no_peers, cargo_args: Vec::new() }
    }

    /// Fails when a program is missing that the tests need.
    pub(crate) fn check_tools(&self) -> Result<()> {
        peers::check_tools(&self.peers())
    }

    fn peers(&self) -> Vec<&'static Peer> {
        if self.no_peers { Vec::new() } else { Selection::of(&self.cargo_args).peers() }
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    let peers = args.peers();
    peers::check_tools(&peers)?;
    peers::install(&peers)?;

    let Commands { plain, with_peers } = commands(&args.cargo_args, !peers.is_empty());
    let plain = plain.map_or(Ok(()), |cargo| cargo.run());
    let with_peers = with_peers.map_or(Ok(()), |cargo| {
        let running = Running::start(&peers)?;
        if !cargo.variables(running.variables()).succeeds()? {
            bail!("repeat with: {}", repeat(&args.cargo_args));
        }
        Ok(())
    });
    match (plain, with_peers) {
        (Ok(()), Ok(())) => {}
        (Err(plain), Ok(())) => return Err(plain.context("not all tests passed")),
        (Ok(()), Err(with_peers)) => return Err(with_peers.context(AGAINST_PEERS)),
        (Err(plain), Err(with_peers)) => {
            bail!("not all tests passed: {plain:#}; {AGAINST_PEERS}: {with_peers:#}")
        }
    }
    println!("xtask test: {} in {:.1} s", outcome(args.no_peers, &peers), start.elapsed().as_secs_f64());
    Ok(())
}

const AGAINST_PEERS: &str = "not all tests against peers passed";

/// What the closing line says.
fn outcome(no_peers: bool, peers: &[&Peer]) -> String {
    match (no_peers, peers.is_empty()) {
        (true, _) => "all tests passed, without those against peers (--no-peers)".to_owned(),
        (false, true) => "all tests passed".to_owned(),
        (false, false) => format!("all tests passed, also against {}", peers::names(peers)),
    }
}

/// What the arguments of a cargo command select. Only what stands before `--` counts.
struct Selection<'a> {
    own: Vec<&'a str>,
}

impl<'a> Selection<'a> {
    fn of(cargo_args: &'a [String]) -> Self {
        Self { own: cargo_args.iter().map(String::as_str).take_while(|arg| *arg != "--").collect() }
    }

    /// The packages that are named, perhaps with a `*`.
    fn packages(&self) -> Vec<&'a str> {
        let mut packages = Vec::new();
        for (index, arg) in self.own.iter().enumerate() {
            if let "-p" | "--package" = *arg {
                packages.push(self.own.get(index + 1).copied().unwrap_or_default());
            } else if let Some(package) = arg.strip_prefix("--package=").or_else(|| arg.strip_prefix("-p")) {
                packages.push(package.trim_start_matches('='));
            }
        }
        packages
    }

    fn has_package(&self, name: &str) -> bool {
        let packages = self.packages();
        packages.is_empty() || packages.iter().any(|package| matches(package, name))
    }

    /// Whether some targets are named, so that all others are left out.
    fn names_targets(&self) -> bool {
        self.own.iter().any(|arg| TARGETS.contains(&arg.split('=').next().unwrap_or_default()))
    }

    /// Whether the target that needs peers is among those named.
    fn names_peers(&self) -> bool {
        let apart = self.own.windows(2).any(|pair| pair == ["--test", TARGET]);
        apart || self.own.iter().any(|arg| arg.strip_prefix("--test=") == Some(TARGET))
    }

    /// The peers that the selected tests need.
    fn peers(&self) -> Vec<&'static Peer> {
        if self.names_targets() && !self.names_peers() {
            return Vec::new();
        }
        peers::needed(|package| self.has_package(package))
    }
}

/// The options of `cargo test` that name targets.
const TARGETS: [&str; 11] = [
    "--all-targets",
    "--bench",
    "--benches",
    "--bin",
    "--bins",
    "--doc",
    "--example",
    "--examples",
    "--lib",
    "--test",
    "--tests",
];

/// Whether a package's name is what `pattern` says; a `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, after)) => name.starts_with(before) && name.ends_with(after),
        None => pattern == name,
    }
}

/// What to run without peers, and what to run while they do.
struct Commands {
    plain: Option<Cargo>,
    with_peers: Option<Cargo>,
}

/// The cargo commands for these arguments: the whole workspace unless they name packages.
///
/// Both select the same packages, so that cargo builds their dependencies once.
fn commands(cargo_args: &[String], with_peers: bool) -> Commands {
    let selection = Selection::of(cargo_args);
    let workspace = if selection.packages().is_empty() { "--workspace" } else { "" };
    let command = |target: &str| {
        Cargo::new(&format!("test {workspace} --all-features --locked --no-fail-fast {target}"))
            .args(cargo_args)
    };
    match (with_peers, selection.names_peers()) {
        (false, _) => Commands { plain: Some(command("")), with_peers: None },
        (true, true) => Commands { plain: None, with_peers: Some(command("")) },
        (true, false) => {
            Commands { plain: Some(command("")), with_peers: Some(command(&format!("--test {TARGET}"))) }
        }
    }
}

/// How a person repeats the tests against peers alone.
fn repeat(cargo_args: &[String]) -> Cargo {
    let target = if Selection::of(cargo_args).names_peers() { "" } else { "--test peers" };
    Cargo::new(&format!("xtask test -- {target}")).args(cargo_args)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(args: &[&str]) -> Vec<String> {
        args.iter().copied().map(str::to_owned).collect()
    }

    const ALL: &str = "cargo test --workspace --all-features --locked --no-fail-fast";
    const SOME: &str = "cargo test --all-features --locked --no-fail-fast";

    #[test]
    fn the_whole_workspace_is_tested_unless_packages_are_named() {
        for (args, expected) in [
            (&[][..], ALL.to_owned()),
            (&["--lib"], format!("{ALL} --lib")),
            (&["-p", "rangeway-core"], format!("{SOME} -p rangeway-core")),
            (&["--package=xtask"], format!("{SOME} --package=xtask")),
            (&["--", "-path"], format!("{ALL} -- -path")),
        ] {
            let Commands { plain, with_peers } = commands(&owned(args), false);
            assert_eq!(plain.map(|cargo| cargo.to_string()), Some(expected));
            assert!(with_peers.is_none());
        }
    }

    #[test]
    fn tests_against_peers_come_last_unless_they_alone_are_named() {
        for (args, plain, with_peers) in [
            (&[][..], Some(ALL.to_owned()), format!("{ALL} --test peers")),
            (&["-pa", "x"], Some(format!("{SOME} -pa x")), format!("{SOME} --test peers -pa x")),
            (&["--test", "peers"], None, format!("{ALL} --test peers")),
            (&["--test=peers", "x"], None, format!("{ALL} --test=peers x")),
        ] {
            let found = commands(&owned(args), true);
            assert_eq!(found.plain.map(|cargo| cargo.to_string()), plain);
            assert_eq!(found.with_peers.map(|cargo| cargo.to_string()), Some(with_peers));
        }
    }

    #[test]
    fn only_selected_tests_need_peers() {
        for (args, count) in [
            (&[][..], 3),
            (&["--no-run", "key_dot"], 3),
            (&["-p", "rangeway-core"], 0),
            (&["-prangeway-backend-s3"], 1),
            (&["-p", "rangeway-core", "--package=rangeway-backend-azure"], 1),
            (&["-p", "rangeway-backend-*"], 3),
            (&["--lib"], 0),
            (&["--test=it"], 0),
            (&["--test", "peers"], 3),
            (&["--test=peers", "-p=rangeway-backend-s3"], 1),
            (&["--", "--test", "it", "-p", "rangeway-core"], 3),
        ] {
            assert_eq!(Selection::of(&owned(args)).peers().len(), count, "{args:?}");
            let without = Args { no_peers: true, cargo_args: owned(args) };
            assert!(without.peers().is_empty());
        }
    }

    #[test]
    fn the_closing_line_says_what_was_left_out() {
        let peers = peers::needed(|package| package == "rangeway-backend-s3");
        for (no_peers, peers, expected) in [
            (false, &[][..], "all tests passed"),
            (true, &[], "all tests passed, without those against peers (--no-peers)"),
            (false, &peers, "all tests passed, also against moto 5.2.5"),
        ] {
            assert_eq!(outcome(no_peers, peers), expected);
        }
    }
}
