//! The clients that are compared, one file each; this one says what the runner wants of them.

use std::future::Future;

use anyhow::{Context, Result};
use bytes::Bytes;
use futures::future::BoxFuture;
use rangeway_benches::{Meter, Usage};
use tokio::runtime::Runtime;

pub(crate) mod bare;
pub(crate) mod limit;
pub(crate) mod many;
pub(crate) mod memory;
pub(crate) mod object_store;
pub(crate) mod opendal;
pub(crate) mod ours;
pub(crate) mod program;
pub(crate) mod python;
pub(crate) mod tls;
pub(crate) mod transfer_manager;

/// What is asked for in one request where a client is told: the part size that most of them have by default.
pub(crate) const PART: usize = 8 << 20;

/// One client with one way to do what a scenario asks for.
pub(crate) trait Client {
    /// As it stands in the results.
    fn name(&self) -> &str;

    /// Does it once and checks what came of it.
    fn check(&self) -> Result<()>;

    /// Does it once, nothing else, and says what it cost.
    fn measure(&self) -> Result<Usage>;
}

/// A client in this process: a name and a function that does it.
pub(crate) struct InProcess<'a, T> {
    name: String,
    runtime: &'a Runtime,
    run: Box<dyn Fn() -> BoxFuture<'static, Result<T>> + 'a>,
    check: Box<dyn Fn(T) -> Result<()> + 'a>,
}

impl<'a, T: Send + 'static> InProcess<'a, T> {
    /// `run` does it, `check` looks at what it gave; what it gave is dropped within the measured time.
    pub(crate) fn new<F: Future<Output = Result<T>> + Send + 'static>(
        name: &str,
        runtime: &'a Runtime,
        run: impl Fn() -> F + 'a,
        check: impl Fn(T) -> Result<()> + 'a,
    ) -> Self {
        Self {
            name: name.to_owned(),
            runtime,
            run: Box::new(move || Box::pin(run())),
            check: Box::new(check),
        }
    }

    /// Runs on a worker of the runtime, as a program's tasks do, so that this thread adds none to them.
    fn run(&self) -> Result<T> {
        self.runtime.block_on(self.runtime.spawn((self.run)()))?
    }
}

impl<T: Send + 'static> Client for InProcess<'_, T> {
    fn name(&self) -> &str {
        &self.name
    }

    fn check(&self) -> Result<()> {
        let given = self.run().with_context(|| self.name.clone())?;
        (self.check)(given).with_context(|| self.name.clone())
    }

    fn measure(&self) -> Result<Usage> {
        let meter = Meter::start()?;
        drop(self.run().with_context(|| self.name.clone())?);
        meter.stop()
    }
}

/// An object in memory, from its first chunk to its last.
pub(crate) type Chunks = Vec<Bytes>;
