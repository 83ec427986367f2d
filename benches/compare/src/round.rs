//! The order of runs: every client once, then every client once more, so that what the machine does meanwhile strikes
//! all of them alike.

use anyhow::Result;
use rangeway_benches::Sample;

use crate::client::Client;
use crate::server::Server;

/// What one run moves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    pub(crate) bytes: u64,
    pub(crate) objects: u64,
}

/// Runs each client once with a check of what it gives, which warms everything up, and then `iterations` times.
pub(crate) fn run(
    scenario: &str,
    clients: &[Box<dyn Client + '_>],
    work: Work,
    server: &mut Server,
    iterations: u32,
) -> Result<Vec<Sample>> {
    for client in clients {
        eprint!("{scenario}: checking {}                    \r", client.name());
        client.check()?;
    }
    let mut samples = Vec::new();
    for iteration in 1..=iterations {
        for client in clients {
            eprint!("{scenario}: {iteration}/{iterations} {}                    \r", client.name());
            server.counts()?;
            let usage = client.measure()?;
            let requests = server.counts()?.total;
            let (scenario, client) = (scenario.to_owned(), client.name().to_owned());
            let Work { bytes, objects } = work;
            samples.push(Sample { scenario, client, iteration, bytes, objects, requests, usage });
        }
    }
    eprintln!("{scenario}: {iterations} runs of {} clients                    ", clients.len());
    Ok(samples)
}
