//! `cargo xtask docs`: docs/configuration.md, generated from the settings table, and the table of
//! README, generated from the stores, by `bin/configuration`.

use anyhow::Result;

use crate::cargo::Cargo;

/// The arguments of `cargo xtask docs`.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct Args {
    /// Writes nothing, and fails when the page is out of date.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let check = if args.check { "-- --check" } else { "" };
    Cargo::new(&format!("run --quiet --locked -p xtask --features docs --bin configuration {check}")).run()
}

pub(crate) fn check() -> Result<()> {
    run(Args { check: true })
}
