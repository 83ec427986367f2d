//! The order of runs: every client has its turn, then every client once more, so that what the machine does meanwhile
//! strikes all of them alike. A turn is a run that is not counted and one that is.

use anyhow::{Context, Result, ensure};
use rangeway_benches::{Sample, ServerProcess};

use crate::client::Client;

/// A client, as it stands in the results.
pub(crate) type Named<'a> = (&'static str, Box<dyn Client + 'a>);

/// What each run moves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moved {
    pub(crate) bytes: usize,
    pub(crate) objects: usize,
    /// Whether to the server; it drops what it gets, so that what can be checked is how much came.
    pub(crate) is_upload: bool,
}

/// Runs each client once with a check of what it gives, and then `iterations` turns.
pub(crate) fn run(
    scenario: &str,
    clients: &[Named<'_>],
    moved: Moved,
    server: &mut ServerProcess,
    iterations: u32,
) -> Result<Vec<Sample>> {
    let bytes = moved.bytes as u64;
    for (name, client) in clients {
        server.counts()?;
        client.check().with_context(|| format!("{scenario}: {name}"))?;
        let came = server.counts()?.bytes_in;
        ensure!(!moved.is_upload || came >= bytes, "{scenario}: {name}: {came} bytes came");
    }
    let mut samples = Vec::new();
    for iteration in 1..=iterations {
        for (name, client) in clients {
            // Whoever goes on reading has open connections and memory at hand, and the kernel gives out again what it
            // has just got back: after a pause of some seconds a virtual machine's host may have taken both away.
            client.measure().with_context(|| format!("{scenario}: {name}"))?;
            server.counts()?;
            let usage = client.measure().with_context(|| format!("{scenario}: {name}"))?;
            let requests = server.counts()?.total;
            let (scenario, client) = (scenario.to_owned(), (*name).to_owned());
            let objects = moved.objects as u64;
            samples.push(Sample { scenario, client, iteration, bytes, objects, requests, usage });
        }
        eprintln!("{scenario}: {iteration} of {iterations}");
    }
    Ok(samples)
}
