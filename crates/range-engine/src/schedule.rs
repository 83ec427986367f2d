//! `Schedule`: runs the parts of one transfer, as many at once as the store's window and memory allow, and stops all of
//! them at the first that fails.

use std::sync::Arc;
use std::time::Duration;

use rangeway_core::{Error, ErrorKind, Result};
use tokio::task::JoinSet;

use crate::budget::{Budget, Reservation};
use crate::engine::Engine;

/// The parts of one transfer. Dropping it stops them.
#[derive(Debug)]
pub(crate) struct Schedule<T> {
    engine: Arc<Engine>,
    tasks: JoinSet<Result<T>>,
    done: Vec<T>,
}

impl<T: Send + 'static> Schedule<T> {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Self { engine, tasks: JoinSet::new(), done: Vec::new() }
    }

    /// How many parts are under way.
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Waits until one more part may be under way: as many as requests may be in flight.
    ///
    /// # Errors
    /// The error of a part that failed meanwhile.
    pub(crate) async fn slot(&mut self) -> Result<()> {
        while self.tasks.len() >= self.engine.controller.window() {
            self.engine.controller.held_back();
            let joined = self.tasks.join_next().await;
            self.collect(joined)?;
        }
        Ok(())
    }

    /// Runs `part` on a task of its own, as soon as there is a slot. The part itself asks for the right to send its
    /// request, and gives it back before it waits for anything of the caller's: whoever reads or writes there may be
    /// waiting for a request of the same store.
    ///
    /// # Errors
    /// The error of a part that failed meanwhile.
    pub(crate) async fn start(
        &mut self,
        part: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<()> {
        self.slot().await?;
        self.tasks.spawn(part);
        Ok(())
    }

    /// Waits for memory. `None` when none has come within `patience` although no part is under way: whoever holds it
    /// may be waiting for this very transfer.
    ///
    /// # Errors
    /// The error of a part that failed meanwhile.
    pub(crate) async fn reserve(
        &mut self,
        budget: &Budget,
        bytes: u64,
        patience: Duration,
    ) -> Result<Option<Reservation>> {
        loop {
            if let Some(reservation) = budget.try_acquire(bytes) {
                return Ok(Some(reservation));
            }
            if self.tasks.is_empty() {
                return Ok(tokio::time::timeout(patience, budget.acquire(bytes)).await.ok());
            }
            tokio::select! {
                reservation = budget.acquire(bytes) => return Ok(Some(reservation)),
                joined = self.tasks.join_next() => self.collect(joined)?,
            }
        }
    }

    /// Awaits `other` while the parts go on.
    ///
    /// # Errors
    /// The error of a part that failed meanwhile.
    pub(crate) async fn meanwhile<U>(&mut self, other: impl Future<Output = U>) -> Result<U> {
        let mut other = std::pin::pin!(other);
        while !self.tasks.is_empty() {
            tokio::select! {
                output = &mut other => return Ok(output),
                joined = self.tasks.join_next() => self.collect(joined)?,
            }
        }
        Ok(other.await)
    }

    /// Waits for all parts and gives what they returned, in the order in which they ended.
    ///
    /// # Errors
    /// The error of the first part that failed.
    pub(crate) async fn finish(&mut self) -> Result<Vec<T>> {
        while let Some(joined) = self.tasks.join_next().await {
            self.collect(Some(joined))?;
        }
        Ok(std::mem::take(&mut self.done))
    }

    /// Waits until no part is under way any more, whatever they return; those that take longer than `grace` are
    /// stopped.
    pub(crate) async fn settle(&mut self, grace: Duration) {
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, ended).await.is_err() {
            self.tasks.shutdown().await;
        }
    }

    fn collect(&mut self, joined: Option<Result<Result<T>, tokio::task::JoinError>>) -> Result<()> {
        if let Some(joined) = joined {
            self.done.push(joined.map_err(task_failed)??);
        }
        Ok(())
    }
}

/// The error of a task that ended without an answer.
pub(crate) fn task_failed(error: tokio::task::JoinError) -> Error {
    Error::new(ErrorKind::Cancelled, "a task of the transfer ended early").with_source(error)
}
