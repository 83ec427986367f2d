//! Whether late first bytes and bodies that stand still are felt, and what that costs in requests.

use std::time::Duration;

use anyhow::Result;
use rangeway_benches::{Bar, BarGroup, ServerProcess};

use super::Options;
use crate::client::{Memory, OURS, Ours, runtime};
use crate::outcome::{Claim, Outcome, Run, percent, ratio};

const CALM: [(&str, &str); 2] = [("first-byte", "20ms"), ("per-connection", "90MB")];
const LATE: [(&str, &str); 4] =
    [("first-byte", "20ms"), ("per-connection", "90MB"), ("tail", "0.05:2s"), ("stalls", "0.01")];
const UNDISTURBED: &str = "rangeway, nothing late";

pub(super) fn run(row: &str, options: &Options) -> Result<Outcome> {
    let key = "64MiB/x";
    let count = if options.quick { 20 } else { 300 };
    let (mut late, mut calm) = (ServerProcess::start(&LATE)?, ServerProcess::start(&CALM)?);
    let runtime = runtime()?;
    let mut memory = Memory::new(64 << 20)?;
    let mut ours = Ours::new(row, OURS, &late, &runtime)?;
    let mut undisturbed = Ours::new(row, UNDISTURBED, &calm, &runtime)?;
    let mut runs = Vec::new();
    for iteration in 1..=count {
        runs.push(ours.get(iteration, key, &mut memory, &mut late)?);
        runs.push(undisturbed.get(iteration, key, &mut memory, &mut calm)?);
    }
    let time = |client: &str, rank: f64| at_rank(&runs, client, rank).as_secs_f64();
    let (hedges, retries) = (sum(&runs, OURS, |run| run.hedges), sum(&runs, OURS, |run| run.retries));
    let sent = ours.store.stats().requests;
    let needed = sent - hedges - retries;
    let bars = |client: &str| {
        [("median", 0.5), ("p90", 0.9), ("p99", 0.99), ("slowest", 1.0)].map(|(name, rank)| Bar {
            name: format!("{client}: {name}"),
            value: time(client, rank) * 1e3,
            ours: client == OURS,
        })
    };
    let times = |client: &str| {
        let times = [0.5, 0.9, 0.99, 1.0].map(|rank| format!("{:.0}", time(client, rank) * 1e3));
        (format!("{client}: median, p90, p99, slowest in ms"), times.join(", "))
    };
    Ok(Outcome {
        claims: vec![
            Claim::at_most_times("p99 beside the median", 1.5, time(OURS, 0.99) / time(OURS, 0.5)),
            // Only those are the client's choice: without a retry, a body that stands still would never come.
            Claim::at_most("requests that raced late ones, of all", 0.05, ratio(hedges, sent)),
        ],
        facts: vec![
            times(OURS),
            times(UNDISTURBED),
            (
                "requests, of these hedges, of these retries".to_owned(),
                format!("{sent}, {hedges}, {retries}"),
            ),
            (
                "hedges and retries beside the requests that were needed".to_owned(),
                percent(ratio(hedges + retries, needed)),
            ),
            ("late first bytes".to_owned(), sum(&runs, OURS, |run| run.counts.late_first_bytes).to_string()),
            ("bodies that stood still".to_owned(), sum(&runs, OURS, |run| run.counts.stalls).to_string()),
        ],
        bars: vec![BarGroup {
            title: "5 % of first bytes take 2 s, 1 % of bodies stand still".to_owned(),
            unit: "ms for 64 MiB, less is better".to_owned(),
            bars: [bars(OURS), bars(UNDISTURBED)].concat(),
        }],
        runs,
    })
}

pub(super) fn sum(runs: &[Run], client: &str, of: fn(&Run) -> u64) -> u64 {
    runs.iter().filter(|run| run.sample.client == client).map(of).sum()
}

/// The time that this share of a client's transfers did not exceed.
fn at_rank(runs: &[Run], client: &str, share: f64) -> Duration {
    let ours = runs.iter().filter(|run| run.sample.client == client);
    let mut times: Vec<Duration> = ours.map(|run| run.sample.usage.wall).collect();
    times.sort_unstable();
    ranked(&times, share)
}

/// The nearest rank of a share of ascending times.
fn ranked(times: &[Duration], share: f64) -> Duration {
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank"
    )]
    let rank = (times.len() as f64 * share).ceil() as usize;
    times.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_row_by_row() {
        let times: Vec<Duration> = (1..=300).map(Duration::from_millis).collect();
        for (share, expected) in [(0.5, 150), (0.9, 270), (0.99, 297), (1.0, 300), (0.0, 1)] {
            assert_eq!(ranked(&times, share), Duration::from_millis(expected), "{share}");
        }
        assert_eq!(ranked(&[], 0.5), Duration::ZERO);
    }
}
