//! rangeway as the rows use it: default settings, only the server is named.

use std::sync::Arc;

use anyhow::Result;
use bytes::BytesMut;
use rangeway::{GetOptions, Key, Registry, Settings, Store, TransferStats};
use rangeway_benches::{Meter, Sample, ServerProcess};
use tokio::runtime::{Builder, Runtime};

use crate::outcome::Run;

/// The name of rangeway's runs.
pub(crate) const OURS: &str = "rangeway";
/// The bucket of all objects.
pub(crate) const BUCKET: &str = "bench";

/// What leads a client to the server; it takes any credentials.
pub(crate) fn environment(endpoint: &str) -> [(&'static str, &str); 4] {
    [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "paced"),
        ("AWS_SECRET_ACCESS_KEY", "paced-paced-paced"),
        ("AWS_REGION", "us-east-1"),
    ]
}

/// A new store on the server.
pub(crate) fn open(server: &ServerProcess) -> Result<Arc<dyn Store>> {
    let settings = Settings::new(environment(server.endpoint()).into_iter().collect());
    Ok(Registry::linked().open(&format!("s3://{BUCKET}"), &settings)?.0)
}

/// The threads on which stores work, as many as tokio takes by itself.
pub(crate) fn runtime() -> Result<Runtime> {
    Ok(Builder::new_multi_thread().enable_all().build()?)
}

/// Measures `transfer` of one object of `bytes` bytes.
pub(crate) fn measure(
    row: &str,
    client: &str,
    iteration: u32,
    bytes: u64,
    server: &mut ServerProcess,
    transfer: impl FnOnce() -> Result<()>,
) -> Result<Run> {
    server.counts()?;
    let meter = Meter::start()?;
    transfer()?;
    let usage = meter.stop()?;
    let counts = server.counts()?;
    let sample = Sample {
        scenario: row.to_owned(),
        client: client.to_owned(),
        iteration,
        bytes,
        objects: 1,
        requests: counts.total,
        usage,
    };
    Ok(Run { sample, counts, retries: 0, hedges: 0 })
}

/// A store with what it takes to use it again and again.
pub(crate) struct Ours<'a> {
    pub(crate) store: Arc<dyn Store>,
    runtime: &'a Runtime,
    client: &'a str,
    row: &'a str,
    before: TransferStats,
}

impl<'a> Ours<'a> {
    pub(crate) fn new(
        row: &'a str,
        client: &'a str,
        server: &ServerProcess,
        runtime: &'a Runtime,
    ) -> Result<Self> {
        // Opening is part of no transfer: it sends nothing.
        let store = runtime.block_on(async { open(server) })?;
        Ok(Self { store, runtime, client, row, before: TransferStats::default() })
    }

    /// Reads an object of `bytes` bytes into the memory.
    pub(crate) fn get(
        &mut self,
        iteration: u32,
        key: &str,
        memory: &mut Memory,
        server: &mut ServerProcess,
    ) -> Result<Run> {
        let mut run = measure(self.row, self.client, iteration, memory.bytes, server, || {
            Ok(self.runtime.block_on(memory.fill(self.store.as_ref(), key))?)
        })?;
        let now = self.store.stats();
        run.retries = now.retries - self.before.retries;
        run.hedges = now.hedges - self.before.hedges;
        self.before = now;
        Ok(run)
    }
}

/// Memory for an object, used again and again. The rows measure what a client does with a server; what memory costs
/// that was never touched would drown it.
pub(crate) struct Memory {
    buffer: BytesMut,
    bytes: u64,
}

impl Memory {
    /// Memory for `bytes` bytes, all of it touched.
    pub(crate) fn new(bytes: u64) -> Result<Self> {
        let mut buffer = BytesMut::new();
        buffer.resize(bytes.try_into()?, 1);
        Ok(Self { buffer, bytes })
    }

    async fn fill(&mut self, store: &dyn Store, key: &str) -> rangeway::Result<()> {
        self.buffer.clear();
        let response = store.get(&Key::from(key), GetOptions::new()).await?;
        response.body.read_into(&mut self.buffer).await
    }

    /// Overwrites what came last, so that bytes that never come are not taken for those of the time before.
    pub(crate) fn spoil(&mut self) {
        self.buffer.fill(0);
    }

    /// What came last.
    pub(crate) fn object(&self) -> &[u8] {
        &self.buffer
    }
}
