//! What parallel requests cost on a link that one stream fills.

use anyhow::Result;
use rangeway_benches::{Bar, BarGroup, ServerProcess};

use super::Options;
use super::cap::{peak_in_flight, rate};
use crate::client::{Memory, OURS, Ours, measure, runtime};
use crate::outcome::{Claim, Outcome};
use crate::plain;

const SERVER: [(&str, &str); 2] = [("first-byte", "20ms"), ("total", "100MB")];
const PLAIN: &str = "one plain stream";

pub(super) fn run(row: &str, options: &Options) -> Result<Outcome> {
    let (key, bytes) = if options.quick { ("64MiB/x", 64 << 20) } else { ("1GiB/x", 1 << 30) };
    let mut server = ServerProcess::start(&SERVER)?;
    let runtime = runtime()?;
    let mut memory = Memory::new(bytes)?;
    let mut runs = Vec::new();
    for iteration in 1..=options.iterations {
        let mut ours = Ours::new(row, OURS, &server, &runtime)?;
        runs.push(ours.get(iteration, key, &mut memory, &mut server)?);
        let endpoint = server.endpoint().to_owned();
        let plain = || plain::stream(&endpoint, key, bytes);
        runs.push(measure(row, PLAIN, iteration, bytes, &mut server, plain)?);
    }
    let rate = |client: &str| rate(&runs, client);
    let bar = |name: &str| Bar { name: name.to_owned(), value: rate(name) / 1e6, ours: name == OURS };
    Ok(Outcome {
        claims: vec![Claim::at_least("speed beside one plain stream", 0.97, rate(OURS) / rate(PLAIN))],
        facts: vec![peak_in_flight(&runs)],
        bars: vec![BarGroup {
            title: "A link that one stream fills".to_owned(),
            unit: "MB/s of 100, more is better".to_owned(),
            bars: vec![bar(OURS), bar(PLAIN)],
        }],
        runs,
    })
}
