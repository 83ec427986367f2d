//! Many small objects, each with a request of its own.

use anyhow::Result;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use rangeway::{Key, StoreExt};
use rangeway_benches::Sample;
use rangeway_testkit::Pattern;

use super::Options;
use crate::client::bare::Bare;
use crate::client::many::{Many, Objects};
use crate::client::{Client, object_store as rival, opendal, ours};
use crate::round::{self, Work};
use crate::server::{Scheme, Server};

/// Objects at one time, as many for every client.
const IN_FLIGHT: usize = 32;

pub(super) fn run(options: &Options) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for (scenario, unit, size) in [("64 KiB objects", "64KiB", 64 << 10), ("1 KiB objects", "1KiB", 1 << 10)]
    {
        samples.extend(one_size(options, scenario, unit, size)?);
    }
    Ok(samples)
}

fn one_size(options: &Options, scenario: &str, unit: &'static str, size: usize) -> Result<Vec<Sample>> {
    let mut server = Server::start(Scheme::Http, &[])?;
    let runtime = options.runtime()?;
    let _guard = runtime.enter();
    let in_flight = options.in_flight.unwrap_or(IN_FLIGHT);
    let objects = Objects { count: options.objects, size, in_flight, pattern: Pattern::new() };
    let access = server.access().clone();
    let name = move |number: usize| format!("{unit}/{number:05}");

    let bare = Bare::new(&access);
    let store = ours::open(&access, &[])?;
    let rival = rival::open(&access)?;
    let operator = opendal::open(&access)?;
    let clients: Vec<Box<dyn Client + '_>> = vec![
        Box::new(Many::new("bare tokio, no signature", &runtime, &objects, move |number| {
            bare.clone().get(name(number), size)
        })),
        Box::new(Many::new("rangeway", &runtime, &objects, move |number| {
            let (store, key) = (store.clone(), Key::from(name(number)));
            async move { Ok(store.get_bytes(&key).await?) }
        })),
        Box::new(Many::new("object_store", &runtime, &objects, move |number| {
            let (store, path) = (rival.clone(), Path::from(name(number)));
            async move { Ok(store.get(&path).await?.bytes().await?) }
        })),
        Box::new(Many::new("OpenDAL", &runtime, &objects, move |number| {
            let operator = operator.clone();
            async move { Ok(operator.read(&name(number)).await?.to_bytes()) }
        })),
    ];
    let clients: Vec<_> = clients.into_iter().filter(|client| options.is_wanted(client.name())).collect();
    let work = Work { bytes: (objects.count * size) as u64, objects: objects.count as u64 };
    round::run(scenario, &clients, work, &mut server, options.iterations)
}
