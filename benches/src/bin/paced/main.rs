//! Runs rangeway against a server that keeps a pace, refuses, breaks off or stands still, and says what it promises
//! there and what came out: `cargo run --release -p rangeway-benches --bin paced -- --out DIRECTORY`
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;
use rangeway_benches::{Machine, Report, helper};

use row::{Options, Row};

mod client;
mod outcome;
mod plain;
mod row;
mod summary;

#[derive(Parser)]
#[command(about)]
struct Cli {
    /// Which; all of them unless some are named
    #[arg(long = "row")]
    rows: Vec<Row>,
    /// Writes summary.md, raw.csv and chart.svg into this directory
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    match helper().unwrap_or_else(|| run(&Cli::parse())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("paced: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let rows = if cli.rows.is_empty() { &Row::ALL[..] } else { &cli.rows };
    let mut outcomes = Vec::new();
    let mut failed = Vec::new();
    for row in rows {
        match row.run(&cli.options) {
            Ok(outcome) => {
                println!("{}", summary::section(*row, &outcome));
                outcomes.push((*row, outcome));
            }
            Err(error) => {
                eprintln!("paced: {}: {error:#}", row.name());
                failed.push(row.name());
            }
        }
    }
    println!("{}", summary::claims(&outcomes));
    if let Some(directory) = &cli.out {
        let report = Report {
            raw: outcome::csv(outcomes.iter().flat_map(|(_, outcome)| &outcome.runs)),
            summary: summary::markdown(&outcomes, &Machine::look()),
            chart: summary::chart(&outcomes).to_string(),
        };
        report.write(directory)?;
    }
    ensure!(failed.is_empty(), "these rows failed: {}", failed.join(", "));
    Ok(())
}
