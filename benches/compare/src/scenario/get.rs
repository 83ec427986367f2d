//! One large object to memory.

use std::future::Future;

use ::object_store::path::Path;
use anyhow::{Result, ensure};
use rangeway::Key;
use rangeway_testkit::Pattern;
use tokio::task::spawn_blocking;

use super::{Clients, Setup};
use crate::client::limit::{Limit, Target};
use crate::client::memory::{Pages, Warm};
use crate::client::object_store::Payload;
use crate::client::{Chunks, Client, InProcess, object_store, opendal, ours, transfer_manager};

/// Over HTTP.
pub(super) const HTTP: Clients = &[
    ("bare recv, warm memory", |setup| setup.limit(&Target::Warm(Warm::new()))),
    ("bare recv, fresh huge pages", |setup| setup.limit(&Target::Fresh(Pages::Huge))),
    ("bare recv, fresh 4 KiB pages", |setup| setup.limit(&Target::Fresh(Pages::Small))),
    ("rangeway", |setup| setup.ours_whole(&[])),
    ("rangeway, fresh memory", |setup| setup.ours_whole(&[("recycled-memory", "0")])),
    ("rangeway, caller's buffer", ours_into),
    ("rangeway, loose chunks", ours_chunks),
    ("object_store, get", object_store_get),
    ("object_store, get_range in parallel, loose", object_store_loose),
    ("object_store, get_range in parallel, one buffer", object_store_buffer),
    ("OpenDAL, loose", opendal_loose),
    ("OpenDAL, one buffer", opendal_buffer),
    ("AWS transfer manager, loose", |setup| {
        let (client, key) = (setup.transfer_manager(), setup.options.key());
        setup.client(move || transfer_manager::get_chunks(client.clone(), key.clone()))
    }),
    ("AWS transfer manager, one buffer", |setup| {
        let (client, key, size) = (setup.transfer_manager(), setup.options.key(), setup.options.bytes());
        setup.client(move || transfer_manager::get_buffer(client.clone(), key.clone(), size))
    }),
];

/// Over HTTPS: those that can be told which certificate to trust.
pub(super) const HTTPS: Clients = &[
    ("bare recv and rustls, warm memory", |setup| setup.limit(&Target::Warm(Warm::new()))),
    ("rangeway", |setup| setup.ours_whole(&[])),
    ("rangeway, caller's buffer", ours_into),
    ("rangeway, loose chunks", ours_chunks),
    ("object_store, get", object_store_get),
    ("object_store, get_range in parallel, loose", object_store_loose),
    ("object_store, get_range in parallel, one buffer", object_store_buffer),
    ("OpenDAL, loose", opendal_loose),
    ("OpenDAL, one buffer", opendal_buffer),
];

/// Those of Python, over HTTP, and what worker.py calls them.
pub(super) const PYTHON: [(&str, &str); 3] =
    [("s3dlio", "s3dlio"), ("obstore, get", "obstore"), ("obstore, get_ranges", "obstore-ranges")];

fn ours_into(setup: &Setup<'_>) -> Result<Box<dyn Client>> {
    let (store, key) = (ours::open(&setup.access, &[])?, Key::from(setup.options.key()));
    let warm = Warm::new();
    setup.client(move || ours::get_into(store.clone(), key.clone(), warm.clone()))
}

fn ours_chunks(setup: &Setup<'_>) -> Result<Box<dyn Client>> {
    let (store, key) = (ours::open(&setup.access, &[])?, Key::from(setup.options.key()));
    setup.client(move || ours::get_chunks(store.clone(), key.clone()))
}

fn object_store_get(setup: &Setup<'_>) -> Result<Box<dyn Client>> {
    let (store, path) =
        (object_store::open(&setup.access, Payload::Unsigned)?, Path::from(setup.options.key()));
    setup.client(move || object_store::get(store.clone(), path.clone()))
}

fn object_store_loose(setup: &Setup<'_>) -> Result<Box<dyn Client>> {
    let (store, path) =
        (object_store::open(&setup.access, Payload::Unsigned)?, Path::from(setup.options.key()));
    let (size, in_flight) = (setup.options.bytes(), setup.in_flight(object_store::IN_FLIGHT));
    setup.client(move || object_store::get_parallel(store.clone(), path.clone(), size, in_flight))
}

fn object_store_buffer(setup: &Setup<'_>) -> Result<Box<dyn Client>> {
    let (store, path) =
        (object_store::open(&setup.access, Payload::Unsigned)?, Path::from(setup.options.key()));
    let (size, in_flight) = (setup.options.bytes(), setup.in_flight(object_store::IN_FLIGHT));
    setup.client(move || object_store::get_parallel_buffer(store.clone(), path.clone(), size, in_flight))
}

fn opendal_loose(setup: &Setup<'_>) -> Result<Box<dyn Client>> {
    let (operator, key) = (opendal::open(&setup.access)?, setup.options.key());
    let in_flight = setup.in_flight(opendal::IN_FLIGHT);
    setup.client(move || opendal::get_chunks(operator.clone(), key.clone(), in_flight))
}

fn opendal_buffer(setup: &Setup<'_>) -> Result<Box<dyn Client>> {
    let (operator, key) = (opendal::open(&setup.access)?, setup.options.key());
    let (size, in_flight) = (setup.options.bytes(), setup.in_flight(opendal::IN_FLIGHT));
    setup.client(move || opendal::get_buffer(operator.clone(), key.clone(), size, in_flight))
}

impl Setup<'_> {
    /// A client that gives the object.
    fn client<F: Future<Output = Result<Chunks>> + Send + 'static>(
        &self,
        run: impl Fn() -> F + 'static,
    ) -> Result<Box<dyn Client>> {
        let size = self.options.bytes();
        let check = move |chunks: Chunks| verify(size, &chunks);
        Ok(Box::new(InProcess::new(Self::runtime(), run, check)))
    }

    /// Ours, the object as one buffer.
    fn ours_whole(&self, settings: &[(&str, &str)]) -> Result<Box<dyn Client>> {
        let (store, key) = (ours::open(&self.access, settings)?, Key::from(self.options.key()));
        self.client(move || ours::get(store.clone(), key.clone()))
    }

    fn limit(&self, target: &Target) -> Result<Box<dyn Client>> {
        let (limit, key, size) = (Limit::new(&self.access)?, self.options.key(), self.options.bytes());
        let target = target.clone();
        self.client(move || {
            let (limit, key, target) = (limit.clone(), key.clone(), target.clone());
            // It has threads of its own, so that it only blocks one that waits for them.
            async move { spawn_blocking(move || limit.get(&key, size, &target)).await? }
        })
    }
}

/// Checks that `chunks` are an object of `size` bytes.
fn verify(size: usize, chunks: &Chunks) -> Result<()> {
    let pattern = Pattern::new();
    let mut offset = 0;
    for chunk in chunks {
        pattern.verify(offset, chunk)?;
        offset += chunk.len() as u64;
    }
    ensure!(offset == size as u64, "{offset} bytes, not {size}");
    Ok(())
}
