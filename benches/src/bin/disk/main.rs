//! Reads and writes a file on a disk by turns with `dd` and `cat`, and says what is promised beside them and what came out:
//! `cargo run --release -p rangeway-benches --bin disk -- --directory ON_A_DISK --out DIRECTORY`
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for people at a terminal")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use rangeway_benches::{Machine, Report, Sample, helper, to_csv};

use contender::Contender;
use place::Place;

mod contender;
mod place;
mod summary;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Scenario {
    /// From the page cache to memory
    WarmRead,
    /// From the disk, past the page cache
    DirectRead,
    /// To the disk, past the page cache
    DirectWrite,
}

impl Scenario {
    const ALL: [Self; 3] = [Self::WarmRead, Self::DirectRead, Self::DirectWrite];

    fn name(self) -> &'static str {
        match self {
            Self::WarmRead => "warm-read",
            Self::DirectRead => "direct-read",
            Self::DirectWrite => "direct-write",
        }
    }
}

#[derive(Parser)]
#[command(about)]
struct Cli {
    /// A folder on the disk, for files of the size
    #[arg(long, default_value = "target")]
    directory: PathBuf,
    /// How large the file is, in GiB
    #[arg(long, default_value_t = 4)]
    gibibytes: u64,
    /// How often each one runs
    #[arg(long, default_value_t = 5)]
    iterations: u32,
    /// Which; all of them unless some are named
    #[arg(long = "scenario")]
    scenarios: Vec<Scenario>,
    /// Writes summary.md, raw.csv and chart.svg into this directory
    #[arg(long)]
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    match helper().unwrap_or_else(|| run(&Cli::parse())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("disk: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    ensure!(cli.gibibytes > 0 && cli.iterations > 0, "nothing to measure");
    let place = Place::new(&cli.directory, cli.gibibytes << 30)?;
    let mut samples = Vec::new();
    let scenarios = if cli.scenarios.is_empty() { &Scenario::ALL[..] } else { &cli.scenarios };
    for scenario in scenarios {
        let contenders = contender::all(*scenario, &place)?;
        // The first round is not measured: it warms up, and checks the bytes.
        for iteration in 0..=cli.iterations {
            for contender in &contenders {
                let sample = measure(*scenario, contender, iteration, &place);
                let sample = sample.with_context(|| format!("{}: {}", scenario.name(), contender.name))?;
                samples.extend((iteration > 0).then_some(sample));
            }
        }
        println!("{}", summary::section(*scenario, &samples));
    }
    println!("{}", summary::claims(&samples));
    if let Some(directory) = &cli.out {
        let report = Report {
            raw: to_csv(&samples),
            summary: summary::markdown(&samples, &Machine::look()),
            chart: summary::chart(&samples).to_string(),
        };
        report.write(directory)?;
    }
    Ok(())
}

fn measure(scenario: Scenario, contender: &Contender<'_>, iteration: u32, place: &Place) -> Result<Sample> {
    let usage = contender.run(iteration == 0)?;
    if scenario == Scenario::DirectWrite {
        place.remove_written()?;
    }
    Ok(Sample {
        scenario: scenario.name().to_owned(),
        client: contender.name.to_owned(),
        iteration,
        bytes: place.size,
        objects: 1,
        requests: 0,
        usage,
    })
}
