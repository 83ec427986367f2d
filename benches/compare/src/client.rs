//! The clients that are compared, one file each; this one says what is wanted of them.

use std::future::Future;

use anyhow::Result;
use bytes::Bytes;
use futures::future::BoxFuture;
use rangeway_benches::{Meter, Usage};
use tokio::runtime::Handle;

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
    /// Does it once and checks what came of it.
    fn check(&self) -> Result<()>;

    /// Does it once, nothing else, and says what it cost.
    fn measure(&self) -> Result<Usage>;
}

/// An object in memory, from its first chunk to its last.
pub(crate) type Chunks = Vec<Bytes>;

/// A client in this process: what it does, and how that is checked.
pub(crate) struct InProcess<T> {
    runtime: Handle,
    run: Box<dyn Fn() -> BoxFuture<'static, Result<T>>>,
    check: Box<dyn Fn(T) -> Result<()>>,
}

impl<T: Send + 'static> InProcess<T> {
    /// `run` does it, `check` looks at what it gave; what it gave is dropped within the measured time.
    pub(crate) fn new<F: Future<Output = Result<T>> + Send + 'static>(
        runtime: Handle,
        run: impl Fn() -> F + 'static,
        check: impl Fn(T) -> Result<()> + 'static,
    ) -> Self {
        Self { runtime, run: Box::new(move || Box::pin(run())), check: Box::new(check) }
    }

    /// Runs on a worker of the runtime, as a program's tasks do, so that this thread adds none to them.
    fn run(&self) -> Result<T> {
        self.runtime.block_on(self.runtime.spawn((self.run)()))?
    }
}

impl<T: Send + 'static> Client for InProcess<T> {
    fn check(&self) -> Result<()> {
        (self.check)(self.run()?)
    }

    fn measure(&self) -> Result<Usage> {
        let meter = Meter::start()?;
        drop(self.run()?);
        meter.stop()
    }
}
