//! How much of a cap is used that only many connections reach, and that nobody has told the client.

use anyhow::Result;
use rangeway_benches::{Bar, BarGroup, ServerProcess, median};

use super::Options;
use crate::client::{Memory, OURS, Ours, measure, runtime};
use crate::outcome::{Claim, Outcome, Run, percent};
use crate::plain;

const CAP: f64 = 800e6;
const SERVER: [(&str, &str); 3] = [("first-byte", "30ms"), ("per-connection", "90MB"), ("total", "800MB")];
/// Enough for the cap with the latency between ranges.
const CONNECTIONS: usize = 32;
const PLAIN: &str = "32 connections";

pub(super) fn run(row: &str, options: &Options) -> Result<Outcome> {
    let (key, bytes) = if options.quick { ("256MiB/x", 256 << 20) } else { ("4GiB/x", 4 << 30) };
    let mut server = ServerProcess::start(&SERVER)?;
    let runtime = runtime()?;
    let mut memory = Memory::new(bytes)?;
    let mut runs = Vec::new();
    for iteration in 1..=options.iterations {
        let mut ours = Ours::new(row, OURS, &server, &runtime)?;
        runs.push(ours.get(iteration, key, &mut memory, &mut server)?);
        let endpoint = server.endpoint().to_owned();
        let plain = || plain::ranges(&endpoint, key, bytes, CONNECTIONS);
        runs.push(measure(row, PLAIN, iteration, bytes, &mut server, plain)?);
    }
    let rate = |client: &str| rate(&runs, client);
    let bar = |name: &str| Bar { name: name.to_owned(), value: rate(name) / 1e6, ours: name == OURS };
    Ok(Outcome {
        claims: vec![Claim::at_least("share of the cap", 0.95, rate(OURS) / CAP)],
        facts: vec![
            ("share of the cap of 32 plain connections".to_owned(), percent(rate(PLAIN) / CAP)),
            peak_in_flight(&runs),
        ],
        bars: vec![BarGroup {
            title: "A cap that many connections reach".to_owned(),
            unit: "MB/s of 800, more is better".to_owned(),
            bars: vec![bar(OURS), bar(PLAIN)],
        }],
        runs,
    })
}

/// The median rate of a client, in bytes per second.
pub(super) fn rate(runs: &[Run], client: &str) -> f64 {
    median(runs.iter().filter(|run| run.sample.client == client).map(|run| run.sample.rate()))
}

/// How many requests of ours were in flight at most.
pub(super) fn peak_in_flight(runs: &[Run]) -> (String, String) {
    let ours = runs.iter().filter(|run| run.sample.client == OURS).map(|run| run.counts.peak_in_flight);
    let peaks: Vec<String> = ours.map(|peak| peak.to_string()).collect();
    ("peak in flight".to_owned(), peaks.join(", "))
}
