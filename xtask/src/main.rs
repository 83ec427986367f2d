//! Chores of the workspace: `cargo xtask ci | test | tidy | docs`.
//! One file per command; what the commands share is in `cargo`, `tree` and `files`.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

mod cargo;
mod ci;
mod docs;
mod files;
mod peers;
mod test;
mod tidy;
mod tree;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of the rangeway workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs everything that CI runs, and stops at the first failure.
    Ci(ci::Args),
    /// Runs all tests of the workspace, doc tests included.
    Test(test::Args),
    /// Checks the rules that no compiler checks: dependency arrows, file sizes, links, paths.
    Tidy,
    /// Writes docs/configuration.md from the settings table.
    Docs(docs::Args),
}

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Ci(args) => ci::run(args),
        Command::Test(args) => test::run(&args),
        Command::Tidy => tidy::run(),
        Command::Docs(args) => docs::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
