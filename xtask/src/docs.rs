//! `cargo xtask docs`: docs/configuration.md, generated from the settings table.

use anyhow::{Result, bail};

/// The arguments of `cargo xtask docs`.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct Args {
    /// Writes nothing, and fails when the page is out of date.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: Args) -> Result<()> {
    let _ = args.check;
    bail!("not there yet")
}

pub(crate) fn check() -> Result<()> {
    run(Args { check: true })
}
