//! Whether the client keeps to a limit that it is only told by refusals, and still uses what it allows.

use anyhow::Result;
use rangeway_benches::{Bar, BarGroup, ServerProcess, median};

use super::Options;
use super::cap::{peak_in_flight, rate};
use crate::client::{Memory, OURS, Ours, measure, runtime};
use crate::outcome::{Claim, Outcome, Run, percent, ratio};
use crate::plain;

/// At 20 MB/s per connection more than 32 of them would be of use.
const SERVER: [(&str, &str); 3] = [("first-byte", "30ms"), ("per-connection", "20MB"), ("in-flight", "32")];
const ALLOWED: usize = 32;
const PLAIN: &str = "32 connections";
/// From here on the client should know.
const KNOWN: usize = 2;

pub(super) fn run(row: &str, options: &Options) -> Result<Outcome> {
    let (key, bytes) = if options.quick { ("2GiB/x", 2 << 30) } else { ("4GiB/x", 4 << 30) };
    let mut server = ServerProcess::start(&SERVER)?;
    let runtime = runtime()?;
    let mut memory = Memory::new(bytes)?;
    let mut runs = Vec::new();
    for iteration in 1..=options.iterations {
        let mut ours = Ours::new(row, OURS, &server, &runtime)?;
        runs.push(ours.get(iteration, key, &mut memory, &mut server)?);
        let endpoint = server.endpoint().to_owned();
        let plain = || plain::ranges(&endpoint, key, bytes, ALLOWED);
        runs.push(measure(row, PLAIN, iteration, bytes, &mut server, plain)?);
    }
    let rate = |client: &str| rate(&runs, client);
    let bar = |name: &str| Bar { name: name.to_owned(), value: rate(name) / 1e6, ours: name == OURS };
    let refused = |from: usize| {
        median(runs.iter().filter(|run| run.sample.client == OURS).map(|run| refused(run, from)))
    };
    Ok(Outcome {
        claims: vec![
            Claim::at_most("refused requests after the first 2 s", 0.03, refused(KNOWN)),
            Claim::at_least("speed beside 32 plain connections", 0.9, rate(OURS) / rate(PLAIN)),
        ],
        facts: vec![
            ("refused requests in all".to_owned(), percent(refused(0))),
            ("share of 32 x 20 MB/s".to_owned(), percent(rate(OURS) / 640e6)),
            ("refused of all requests by second, last run".to_owned(), by_second(&runs)),
            peak_in_flight(&runs),
        ],
        bars: vec![BarGroup {
            title: "SlowDown above 32 requests in flight".to_owned(),
            unit: "MB/s, more is better".to_owned(),
            bars: vec![bar(OURS), bar(PLAIN)],
        }],
        runs,
    })
}

/// The share of requests that were refused from a second on.
fn refused(run: &Run, from: usize) -> f64 {
    let sum = |counts: &[u64]| counts.iter().skip(from).sum::<u64>();
    let refused = sum(&run.counts.refused_by_second);
    ratio(refused, refused + sum(&run.counts.admitted_by_second))
}

/// How the last run of ours went on.
fn by_second(runs: &[Run]) -> String {
    let Some(last) = runs.iter().rfind(|run| run.sample.client == OURS) else { return String::new() };
    let seconds = last.counts.refused_by_second.iter().zip(&last.counts.admitted_by_second);
    let texts: Vec<String> =
        seconds.map(|(refused, admitted)| format!("{refused}/{}", refused + admitted)).collect();
    texts.join(", ")
}
