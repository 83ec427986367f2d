//! `cargo xtask test`: all tests of the workspace with plain cargo. Only cargo is needed.
//! Its output is passed on untouched, so that each `test result:` line stays whole; one closing line follows.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::cargo::Cargo;

/// The arguments of `cargo xtask test`.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Passed on to `cargo test`, after `--`; for example `-- -p rangeway-core` or `-- -- --nocapture`.
    #[arg(last = true)]
    cargo_args: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let start = Instant::now();
    command(&args.cargo_args).run().context("not all tests passed")?;
    println!("xtask test: all tests passed in {:.1} s", start.elapsed().as_secs_f64());
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

#[cfg(test)]
mod tests {
    use super::*;

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
