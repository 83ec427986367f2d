//! `cargo xtask test`: all tests of the workspace with plain cargo, and one closing line that sums them up.
//! Only cargo is needed.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::cargo::{Cargo, NO_CARGO};

/// The arguments of `cargo xtask test`.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Passed on to `cargo test`, after `--`; for example `-- -p rangeway-core` or `-- -- --nocapture`.
    #[arg(last = true)]
    cargo_args: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let cargo = command(&args.cargo_args);
    let start = Instant::now();
    let mut child = cargo.command().stdout(Stdio::piped()).spawn().context(NO_CARGO)?;
    let stdout = child.stdout.take().expect("standard output was asked for");
    let mut totals = Totals::default();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.context("reading what cargo wrote")?;
        totals.add(&String::from_utf8_lossy(&line));
        let mut out = std::io::stdout().lock();
        out.write_all(&line).and_then(|()| out.write_all(b"\n")).context("passing on what cargo wrote")?;
    }
    let status = child.wait().context("waiting for cargo")?;
    let seconds = start.elapsed().as_secs_f64();
    println!("xtask test: {totals}, in {seconds:.1} s");
    if !status.success() {
        let what = match totals.failed {
            0 => "cargo did not get through the tests".to_owned(),
            failed => format!("{failed} failed"),
        };
        bail!("{what} ({status}); repeat with: {cargo}");
    }
    if totals.programs == 0 {
        bail!("`{cargo}` ran no test program");
    }
    Ok(())
}

/// The cargo command for these arguments: the whole workspace unless they name packages.
fn command(cargo_args: &[String]) -> Cargo {
    let own = cargo_args.iter().take_while(|arg| *arg != "--");
    let mut own = own.map(String::as_str);
    let names_a_package = own.any(|arg| arg.starts_with("-p") || arg.starts_with("--package"));
    let workspace = if names_a_package { "" } else { "--workspace" };
    Cargo::new(&format!("test {workspace} --all-features --locked --no-fail-fast")).args(cargo_args)
}

/// The sum of the `test result:` lines, of which each test program and each crate's doc tests print one.
#[derive(Default, Debug, PartialEq, Eq)]
struct Totals {
    programs: u64,
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Totals {
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        self.programs += 1;
        for count in result.split([';', '.']) {
            let Some((number, label)) = count.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match label {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { programs, passed, failed, ignored } = self;
        write!(f, "{passed} passed, {failed} failed, {ignored} ignored, in {programs} test programs")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_sum_the_result_lines_and_nothing_else() {
        let output = "\
running 3 tests
test a ... ok
test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s
note: test result: ok. 9 passed
test result: FAILED. 40 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.52s";
        let mut totals = Totals::default();
        output.lines().for_each(|line| totals.add(line));
        assert_eq!(totals, Totals { programs: 2, passed: 43, failed: 2, ignored: 1 });
    }

    #[test]
    fn the_whole_workspace_is_tested_unless_packages_are_named() {
        let all = "cargo test --workspace --all-features --locked --no-fail-fast";
        let some = "cargo test --all-features --locked --no-fail-fast";
        for (args, expected) in [
            (vec![], all.to_owned()),
            (vec!["--lib"], format!("{all} --lib")),
            (vec!["-p", "rangeway-core"], format!("{some} -p rangeway-core")),
            (vec!["--package=xtask"], format!("{some} --package=xtask")),
            (vec!["--", "-path"], format!("{all} -- -path")),
        ] {
            let args: Vec<String> = args.into_iter().map(str::to_owned).collect();
            assert_eq!(command(&args).to_string(), expected);
        }
    }
}
