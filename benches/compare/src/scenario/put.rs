//! One large object from memory.

use anyhow::{Result, ensure};
use object_store::path::Path;
use rangeway::Key;
use rangeway_benches::Sample;
use rangeway_testkit::Pattern;

use super::Options;
use crate::client::{Client, InProcess, object_store, opendal, ours, transfer_manager};
use crate::round::{self, Work};
use crate::server::{Scheme, Server};

pub(super) fn run(options: &Options) -> Result<Vec<Sample>> {
    let mut server = Server::start(Scheme::Http, &[])?;
    let runtime = options.runtime()?;
    let _guard = runtime.enter();
    let access = server.access().clone();
    let bytes = Pattern::new().bytes(0, options.bytes());
    let name = options.key();

    let store = ours::open(&access, &[])?;
    let rival = object_store::open(&access)?;
    let operator = opendal::open(&access)?;
    let manager = transfer_manager::open(&access, options.in_flight);
    let in_flight = options.in_flight;
    let mut clients: Vec<Box<dyn Client + '_>> = Vec::new();
    let done = |()| Ok(());
    clients.push(Box::new(InProcess::new(
        "rangeway",
        &runtime,
        || ours::put(store.clone(), Key::from(name.as_str()), bytes.clone()),
        done,
    )));
    clients.push(Box::new(InProcess::new(
        "object_store, BufWriter",
        &runtime,
        || {
            let in_flight = in_flight.unwrap_or(object_store::IN_FLIGHT);
            object_store::put(rival.clone(), Path::from(name.as_str()), bytes.clone(), in_flight)
        },
        done,
    )));
    clients.push(Box::new(InProcess::new(
        "OpenDAL, writer",
        &runtime,
        || {
            let in_flight = in_flight.unwrap_or(opendal::IN_FLIGHT);
            opendal::put(operator.clone(), name.clone(), bytes.clone(), in_flight)
        },
        done,
    )));
    clients.push(Box::new(InProcess::new(
        "AWS transfer manager, upload",
        &runtime,
        || transfer_manager::put(manager.clone(), name.clone(), bytes.clone()),
        done,
    )));
    clients.retain(|client| options.is_wanted(client.name()));
    // What is uploaded is dropped by the server, so what can be checked is that all of it came.
    for client in &clients {
        server.counts()?;
        client.check()?;
        let came = server.counts()?.bytes_in;
        ensure!(came >= options.bytes() as u64, "{}: {came} bytes came", client.name());
    }
    let work = Work { bytes: options.bytes() as u64, objects: 1 };
    round::run("put over http", &clients, work, &mut server, options.iterations)
}
