//! Many small objects: tasks that each ask for one object after another.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::future::BoxFuture;
use rangeway_benches::{Meter, Usage};
use rangeway_testkit::Pattern;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::Client;

/// The objects of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Objects {
    pub(crate) count: usize,
    /// Of each, in bytes.
    pub(crate) size: usize,
    pub(crate) in_flight: usize,
}

type Fetch = dyn Fn(usize) -> BoxFuture<'static, Result<Bytes>> + Send + Sync;

/// A client in this process that reads many objects.
pub(crate) struct Many {
    runtime: Handle,
    objects: Objects,
    fetch: Arc<Fetch>,
}

impl Many {
    /// `fetch` reads the object of a number.
    pub(crate) fn new<F: Future<Output = Result<Bytes>> + Send + 'static>(
        runtime: Handle,
        objects: Objects,
        fetch: impl Fn(usize) -> F + Send + Sync + 'static,
    ) -> Self {
        let fetch = Arc::new(move |number| -> BoxFuture<'static, Result<Bytes>> { Box::pin(fetch(number)) });
        Self { runtime, objects, fetch }
    }

    /// Reads them all, and compares what comes with `pattern`, if there is one.
    fn run(&self, pattern: Option<&Pattern>) -> Result<()> {
        let next = Arc::new(AtomicUsize::new(0));
        let Objects { count, size, in_flight } = self.objects;
        self.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for _ in 0..in_flight {
                let (next, fetch, pattern) = (Arc::clone(&next), Arc::clone(&self.fetch), pattern.cloned());
                tasks.spawn(async move {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= count {
                            return anyhow::Ok(());
                        }
                        let bytes = fetch(number).await?;
                        ensure!(bytes.len() == size, "{} bytes, not {size}", bytes.len());
                        pattern.as_ref().map_or(Ok(()), |pattern| pattern.verify(0, &bytes))?;
                    }
                });
            }
            while let Some(ended) = tasks.join_next().await {
                ended??;
            }
            Ok(())
        })
    }
}

impl Client for Many {
    fn check(&self) -> Result<()> {
        self.run(Some(&Pattern::new()))
    }

    fn measure(&self) -> Result<Usage> {
        let meter = Meter::start()?;
        self.run(None)?;
        meter.stop()
    }
}
