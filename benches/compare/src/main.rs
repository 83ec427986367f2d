//! Runs rangeway and other clients of S3 side by side against one server on loopback; docs/benchmarking.md tells how.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitCode};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use rangeway_benches::{Machine, Report, helper, to_csv};

use scenario::{Options, Scenario};

mod access;
mod claims;
mod client;
mod round;
mod scenario;
mod summary;
mod worker;

#[derive(Parser)]
#[command(about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs scenarios and reports
    Run(Run),
    /// Is one client
    #[command(hide = true)]
    Work(worker::Work),
}

#[derive(clap::Args)]
struct Run {
    /// Which; all of them unless some are named
    scenarios: Vec<Scenario>,
    /// Writes summary.md, raw.csv and chart.svg into this directory
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    // More than one implementation is linked; this is the one that all clients use which can be told.
    let installed = rustls::crypto::ring::default_provider().install_default();
    let result = installed.map_err(|_: Arc<_>| anyhow::anyhow!("TLS is set up already"));
    let work = || match Cli::parse().command {
        Command::Run(arguments) => run(&arguments),
        Command::Work(arguments) => worker::work(arguments),
    };
    match result.and_then(|()| helper().unwrap_or_else(work)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Run) -> Result<()> {
    let machine = machine(&arguments.options);
    let all = Scenario::value_variants();
    let scenarios = if arguments.scenarios.is_empty() { all } else { &arguments.scenarios };
    let mut samples = Vec::new();
    let mut failed = Vec::new();
    for scenario in scenarios {
        match scenario.run(&arguments.options) {
            Ok(of_one) => samples.extend(of_one),
            Err(error) => {
                eprintln!("compare: {error:#}");
                failed.push(format!("{scenario:?}"));
            }
        }
    }
    let report = Report {
        raw: to_csv(&samples),
        summary: summary::markdown(&samples, &machine),
        chart: summary::chart(&samples).to_string(),
    };
    println!("{}", report.summary);
    if let Some(directory) = &arguments.out {
        report.write(directory)?;
    }
    ensure!(failed.is_empty(), "these scenarios failed: {}", failed.join(", "));
    Ok(())
}

/// This machine, and the versions of those who take part.
fn machine(options: &Options) -> Machine {
    let machine = Machine::look();
    let lock = include_str!("../Cargo.lock");
    let machine = ["object_store", "opendal", "aws-sdk-s3-transfer-manager"]
        .into_iter()
        .fold(machine, |machine, name| machine.with(name, version(lock, name).unwrap_or("unknown")));
    let s5cmd = output(&options.rivals.join("s5cmd"), &["version"]);
    let pip = output(&options.rivals.join("venv/bin/pip"), &["list", "--disable-pip-version-check"]);
    let package = |name: &str| {
        let lines = pip.lines().map(str::split_whitespace);
        let mut versions = lines.filter_map(|mut words| (words.next()? == name).then(|| words.next())?);
        versions.next().unwrap_or("not installed").to_owned()
    };
    machine.with("s5cmd", s5cmd).with("s3dlio", package("s3dlio")).with("obstore", package("obstore"))
}

/// The version of a package in a lock file.
fn version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    rest.split_once('"').map(|(version, _)| version)
}

/// What a program prints, or why there is nothing.
fn output(program: &Path, arguments: &[&str]) -> String {
    let output = Process::new(program).args(arguments).output().context("not installed");
    output.map_or_else(
        |error| error.to_string(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
