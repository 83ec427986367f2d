//! How much memory the program takes for an object far larger than that.

use std::path::Path;

use anyhow::{Result, ensure};
use rangeway_benches::{
    Bar, BarGroup, Sample, ServerProcess, Usage, bytes as in_mib, launcher, run_launcher,
};

use super::Options;
use crate::client::{BUCKET, environment};
use crate::outcome::{Claim, Outcome, Run, ratio};

/// What the program may take.
const LIMIT: u64 = 256 << 20;
const PROGRAM: &str = "rangeway cp";

pub(super) fn run(row: &str, options: &Options) -> Result<Outcome> {
    let (key, bytes) = if options.quick { ("1GiB/x", 1 << 30) } else { ("10GiB/x", 10 << 30) };
    let mut server = ServerProcess::start(&[])?;
    let parent = options.directory.clone().unwrap_or_else(std::env::temp_dir);
    let directory = tempfile::tempdir_in(parent)?;
    let file = directory.path().join("copy");
    let usage = copy(options, &server, key, &file)?;
    let peak = usage.peak_memory;
    let size = file.metadata()?.len();
    ensure!(size == bytes, "the file has {size} bytes, not {bytes}");
    let counts = server.counts()?;
    let sample = Sample {
        scenario: row.to_owned(),
        client: PROGRAM.to_owned(),
        iteration: 1,
        bytes,
        objects: 1,
        requests: counts.total,
        usage,
    };
    Ok(Outcome {
        claims: vec![Claim {
            what: "peak memory",
            wanted: "<= 256 MiB".to_owned(),
            measured: in_mib(ratio(peak, 1)),
            holds: peak <= LIMIT,
        }],
        facts: vec![("speed".to_owned(), format!("{:.2} GB/s", sample.rate() / 1e9))],
        bars: vec![BarGroup {
            title: "cp of 10 GiB to a file".to_owned(),
            unit: "MiB of memory at its peak, less is better".to_owned(),
            bars: vec![Bar { name: PROGRAM.to_owned(), value: ratio(peak, 1 << 20), ours: true }],
        }],
        runs: vec![Run { sample, counts, retries: 0, hedges: 0 }],
    })
}

/// Copies an object with the program and says what that cost.
fn copy(options: &Options, server: &ServerProcess, key: &str, file: &Path) -> Result<Usage> {
    let mut command = launcher(&options.program)?;
    command
        .args(["--quiet", "cp", &format!("s3://{BUCKET}/{key}")])
        .arg(file)
        .env_clear()
        .envs(environment(server.endpoint()));
    run_launcher(&mut command)
}
