//! Many small objects: tasks that each ask for one object after another.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures::future::BoxFuture;
use rangeway_benches::{Meter, Usage};
use rangeway_testkit::Pattern;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::Client;

/// The objects of a run.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    pub(crate) count: usize,
    /// Of each, in bytes.
    pub(crate) size: usize,
    pub(crate) in_flight: usize,
    pub(crate) pattern: Pattern,
}

type Fetch = dyn Fn(usize) -> BoxFuture<'static, Result<Bytes>> + Send + Sync;

/// A client in this process that reads many objects.
pub(crate) struct Many<'a> {
    name: &'static str,
    runtime: &'a Runtime,
    objects: Objects,
    fetch: Arc<Fetch>,
}

impl<'a> Many<'a> {
    /// `fetch` reads the object of a number.
    pub(crate) fn new<F: Future<Output = Result<Bytes>> + Send + 'static>(
        name: &'static str,
        runtime: &'a Runtime,
        objects: &Objects,
        fetch: impl Fn(usize) -> F + Send + Sync + 'static,
    ) -> Self {
        let fetch = Arc::new(move |number| -> BoxFuture<'static, Result<Bytes>> { Box::pin(fetch(number)) });
        Self { name, runtime, objects: objects.clone(), fetch }
    }

    fn run(&self, verify: bool) -> Result<()> {
        let next = Arc::new(AtomicUsize::new(0));
        self.runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for _ in 0..self.objects.in_flight {
                let (next, fetch, objects) =
                    (Arc::clone(&next), Arc::clone(&self.fetch), self.objects.clone());
                tasks.spawn(async move {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= objects.count {
                            return anyhow::Ok(());
                        }
                        let bytes = fetch(number).await?;
                        ensure!(bytes.len() == objects.size, "{} bytes, not {}", bytes.len(), objects.size);
                        if verify {
                            objects.pattern.verify(0, &bytes)?;
                        }
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

impl Client for Many<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn check(&self) -> Result<()> {
        self.run(true).with_context(|| self.name)
    }

    fn measure(&self) -> Result<Usage> {
        let meter = Meter::start()?;
        self.run(false).with_context(|| self.name)?;
        meter.stop()
    }
}
