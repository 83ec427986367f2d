//! What connections that break mid-body cost, and whether every byte is right all the same.

use std::time::Duration;

use anyhow::{Context, Result};
use rangeway_benches::{Bar, BarGroup, ServerProcess};
use rangeway_testkit::Pattern;

use super::Options;
use super::tail::sum;
use crate::client::{Memory, OURS, Ours, runtime};
use crate::outcome::{Claim, Outcome, Run, ratio};

pub(super) const PACE: [(&str, &str); 3] =
    [("first-byte", "30ms"), ("per-connection", "90MB"), ("total", "800MB")];
const RESETS: (&str, &str) = ("resets", "0.01");
const UNDISTURBED: &str = "rangeway, no resets";

pub(super) fn run(row: &str, pace: &[(&str, &str)], options: &Options) -> Result<Outcome> {
    let (key, bytes) = if options.quick { ("256MiB/x", 256 << 20) } else { ("1GiB/x", 1 << 30) };
    let count = if options.quick { 2 } else { 8 };
    let mut breaking = ServerProcess::start(&[pace, &[RESETS]].concat())?;
    let mut calm = ServerProcess::start(pace)?;
    let pattern = Pattern::new();
    let runtime = runtime()?;
    let mut runs = Vec::new();
    let mut ours = Ours::new(row, OURS, &breaking, &runtime)?;
    let mut undisturbed = Ours::new(row, UNDISTURBED, &calm, &runtime)?;
    let mut memory = Memory::new(bytes)?;
    for iteration in 1..=count {
        let mut both = [(&mut ours, &mut breaking), (&mut undisturbed, &mut calm)];
        for (ours, server) in &mut both {
            memory.spoil();
            runs.push(ours.get(iteration, key, &mut memory, server)?);
            pattern.verify(0, memory.object()).context("a wrong byte")?;
        }
    }
    let time = |client: &str| -> Duration {
        runs.iter().filter(|run| run.sample.client == client).map(|run| run.sample.usage.wall).sum()
    };
    let count_of = |of: fn(&Run) -> u64| sum(&runs, OURS, of);
    let extra_bytes = ratio(count_of(|run| run.counts.bytes_out), count_of(|run| run.sample.bytes)) - 1.0;
    // One for each part, as where nothing breaks and nothing is raced.
    let needed = sum(&runs, UNDISTURBED, |run| run.counts.total - run.hedges - run.retries);
    let extra_requests = ratio(count_of(|run| run.counts.total), needed) - 1.0;
    let bar = |client: &str| Bar {
        name: client.to_owned(),
        value: ratio(sum(&runs, client, |run| run.sample.bytes), 1) / time(client).as_secs_f64() / 1e9,
        ours: client == OURS,
    };
    Ok(Outcome {
        claims: vec![
            Claim {
                what: "wrong bytes",
                wanted: "none".to_owned(),
                measured: "none".to_owned(),
                holds: true,
            },
            Claim::at_most("extra bytes", 0.03, extra_bytes),
            Claim::at_most("extra requests", 0.03, extra_requests),
            Claim::at_most(
                "extra time",
                0.03,
                time(OURS).as_secs_f64() / time(UNDISTURBED).as_secs_f64() - 1.0,
            ),
        ],
        facts: vec![
            ("bodies that were reset".to_owned(), count_of(|run| run.counts.resets).to_string()),
            ("retries".to_owned(), count_of(|run| run.retries).to_string()),
            ("hedges".to_owned(), count_of(|run| run.hedges).to_string()),
            ("hedges without resets".to_owned(), sum(&runs, UNDISTURBED, |run| run.hedges).to_string()),
        ],
        bars: vec![BarGroup {
            title: format!("1 % of bodies are reset{}", if pace.is_empty() { ", at full speed" } else { "" }),
            unit: "GB/s, more is better".to_owned(),
            bars: vec![bar(OURS), bar(UNDISTURBED)],
        }],
        runs,
    })
}
