//! `cargo xtask ci`: everything that CI runs, cheapest first, up to the first failure.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::cargo::Cargo;
use crate::{docs, test, tidy, tree};

/// The arguments of `cargo xtask ci`.
#[derive(clap::Args, Clone, Copy)]
pub(crate) struct Args {
    /// Leaves out the tests that need servers from npm and `PyPI`.
    #[arg(long)]
    no_peers: bool,
}

/// What a step runs. Each error says how to repeat it.
enum Run {
    Cargo(Cargo),
    Own(fn() -> Result<()>),
    Test(test::Args),
}

pub(crate) fn run(args: Args) -> Result<()> {
    let start = Instant::now();
    let tests = test::Args::everything(args.no_peers);
    // The tests come last, and what they need may be missing.
    tests.check_tools()?;
    let steps = steps(tests);
    let count = steps.len();
    for (number, (name, run)) in (1..).zip(steps) {
        println!("==> [{number}/{count}] {name}");
        let start = Instant::now();
        let result = match run {
            Run::Cargo(cargo) => cargo.run(),
            Run::Own(run) => run(),
            Run::Test(args) => test::run(&args),
        };
        let seconds = start.elapsed().as_secs_f64();
        let outcome = if result.is_ok() { "ok" } else { "FAILED" };
        println!("<== [{number}/{count}] {name}: {outcome} in {seconds:.1} s");
        result.with_context(|| format!("step `{name}` failed"))?;
    }
    println!("xtask ci: all {count} steps passed in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn steps(tests: test::Args) -> Vec<(&'static str, Run)> {
    let cargo = |args| Run::Cargo(Cargo::new(args));
    let rustdoc = Cargo::new("doc --workspace --no-deps --all-features --document-private-items --locked");
    vec![
        ("format", cargo("fmt --all --check")),
        ("tidy", Run::Own(tidy::run)),
        ("dependency trees", Run::Own(tree::run)),
        ("no backend", cargo("check -p rangeway --no-default-features --locked")),
        ("only file", cargo("check -p rangeway --no-default-features --features file --locked")),
        ("only azure", cargo("check -p rangeway --no-default-features --features azure --locked")),
        ("only gcs", cargo("check -p rangeway --no-default-features --features gcs --locked")),
        ("only http", cargo("check -p rangeway --no-default-features --features http --locked")),
        ("only s3", cargo("check -p rangeway --no-default-features --features s3 --locked")),
        ("clippy", cargo("clippy --workspace --all-targets --all-features --locked -- -D warnings")),
        ("rustdoc", Run::Cargo(rustdoc.variables([("RUSTDOCFLAGS", "-D warnings".to_owned())]))),
        ("docs", Run::Own(docs::check)),
        ("test", Run::Test(tests)),
    ]
}
