//! `Engine`: what all transfers of one store share, and the single requests they are made of.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use rangeway_core::{
    Error, ErrorKind, GetOptions, GetResponse, Key, Operation, Result, Store, TransferStats,
};
use tokio_util::task::TaskTracker;

use crate::Policy;
use crate::budget::Budget;
use crate::buffer::Buffers;
use crate::controller::{Controller, Permit};
use crate::hedge::{Allowance, race, timed};
use crate::pace::Pace;
use crate::pipes::Pipes;
use crate::retry::Attempts;
use crate::stats::{Counters, resident};

/// The slowest upload that is not given up: the time limit of a request grows with its body.
const MIN_UPLOAD_RATE: u64 = 64 << 10;

/// The store of single requests, and what its transfers share.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) policy: Policy,
    pub(crate) controller: Controller,
    /// Memory of reads, and that of writes. They are apart because a write may be fed by a read of the same store:
    /// each must be able to end without memory that only the other could free.
    pub(crate) read_budget: Budget,
    pub(crate) write_budget: Budget,
    /// Memory of parts that pass through, and that of results.
    pub(crate) buffers: Arc<Buffers>,
    pub(crate) results: Arc<Buffers>,
    /// What parts go through that need no memory of ours.
    pub(crate) pipes: Pipes,
    pub(crate) counters: Arc<Counters>,
    pub(crate) pace: Pace,
    races: Allowance,
    departures: Allowance,
    /// Uploads under way: they end by themselves even when nobody waits for them any more.
    pub(crate) uploads: TaskTracker,
}

impl Engine {
    pub(crate) fn new(store: Arc<dyn Store>, policy: Policy) -> Self {
        let counters = Arc::<Counters>::default();
        Self {
            store,
            controller: Controller::new(&policy, Arc::clone(&counters)),
            read_budget: Budget::new(policy.memory_limit),
            write_budget: Budget::new(policy.memory_limit),
            buffers: Buffers::for_parts(policy.memory_limit),
            results: Buffers::for_results(policy.recycled_memory),
            pipes: Pipes::default(),
            counters,
            pace: Pace::default(),
            races: Allowance::of_races(),
            departures: Allowance::of_departures(),
            uploads: TaskTracker::new(),
            policy,
        }
    }

    /// What the store counted by itself, and what was done for it here.
    pub(crate) fn stats(&self) -> TransferStats {
        let mut stats = self.store.stats();
        stats.requests += self.counters.requests();
        stats.bytes_read += self.counters.bytes_read();
        stats.bytes_written += self.counters.bytes_written();
        stats.retries += self.counters.retries();
        stats.hedges += self.counters.hedges();
        stats.peak_in_flight += self.controller.peak();
        stats.peak_buffered += self.read_budget.peak() + self.write_budget.peak();
        (stats.resident, stats.peak_resident) = resident();
        stats
    }

    /// Adds where an error of the engine itself came up.
    pub(crate) fn locate(&self, operation: Operation, key: &Key, error: Error) -> Error {
        error.with_operation(operation).with_uri(self.store.uri().with_key(key))
    }

    /// How long one attempt to send `bytes` may take, its answer included.
    pub(crate) fn upload_timeout(&self, bytes: u64) -> Duration {
        self.policy.first_byte_timeout.saturating_add(Duration::from_secs(bytes / MIN_UPLOAD_RATE))
    }

    /// Waits for the right to have one more request in flight.
    ///
    /// # Errors
    /// `Timeout` when the deadline passes first.
    pub(crate) async fn permit(&self, deadline: Option<Instant>) -> Result<Permit> {
        until(deadline, async { Ok(self.controller.acquire().await) }).await
    }

    /// Sends one request until it succeeds, fails for good, or has failed as often as allowed; each attempt may take
    /// as long as `timeout`, all of them together until `deadline`.
    pub(crate) async fn request<T, F>(
        &self,
        timeout: Duration,
        deadline: Option<Instant>,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut attempts = Attempts::new(self.policy.retry(), deadline);
        loop {
            self.counters.request(attempts.number());
            match limited(timeout, deadline, "no answer", attempt()).await {
                Ok(done) => return Ok(done),
                Err(error) => self.failed(&mut attempts, error).await?,
            }
        }
    }

    /// Sends one GET, and others if its answer is late, each in a place of the window: gives the answer that comes first.
    pub(crate) async fn get(&self, key: &Key, options: &GetOptions) -> Result<GetResponse> {
        let get = || async {
            self.races.earn();
            self.departures.earn();
            let (answer, wait) = timed(self.store.get(key, options.clone())).await;
            answer.inspect(|_| self.pace.answered(wait))
        };
        let late = if self.policy.hedge { self.pace.late_answer() } else { None };
        let place = || self.controller.acquire_spare();
        let second = |permit: Permit| {
            self.races.spend().then(|| {
                self.counters.hedge();
                let get = get();
                async move {
                    let answer = get.await;
                    drop(permit);
                    answer
                }
                .boxed()
            })
        };
        race(get(), late, place, second).await
    }

    /// Whether one more body may be left before its end, to be gone on with by another request; it counts as left.
    pub(crate) fn may_leave(&self) -> bool {
        self.policy.hedge && self.departures.spend()
    }

    /// Waits until the next attempt may be made, and lets the window know of refusals, and have its way.
    ///
    /// # Errors
    /// `error` itself when trying again is no use or not allowed.
    pub(crate) async fn failed(&self, attempts: &mut Attempts, error: Error) -> Result<()> {
        let kind = error.kind();
        // A caller's deadline says nothing of the service.
        if error.is_retryable() && matches!(kind, ErrorKind::RateLimited | ErrorKind::Timeout) {
            self.controller.refused();
        }
        attempts.failed(error).await?;
        if kind == ErrorKind::RateLimited {
            let turn = async {
                self.controller.turn().await;
                Ok(())
            };
            return until(attempts.deadline(), turn).await;
        }
        Ok(())
    }
}

/// Awaits `future`, but not beyond `deadline`.
///
/// # Errors
/// `Timeout`, which is final.
pub(crate) async fn until<T>(
    deadline: Option<Instant>,
    future: impl Future<Output = Result<T>>,
) -> Result<T> {
    match deadline {
        None => future.await,
        Some(_) => limited(Duration::MAX, deadline, "no end", future).await,
    }
}

/// Awaits `future` for at most `timeout`, and not beyond `deadline`.
///
/// # Errors
/// `Timeout` that says `what`; it may be tried again unless the deadline has passed.
pub(crate) async fn limited<T>(
    timeout: Duration,
    deadline: Option<Instant>,
    what: &str,
    future: impl Future<Output = Result<T>>,
) -> Result<T> {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    let limit = left.map_or(timeout, |left| left.min(timeout));
    match tokio::time::timeout(limit, future).await {
        Ok(result) => result,
        Err(_) if left.is_some_and(|left| left <= timeout) => {
            Err(Error::new(ErrorKind::Timeout, "the deadline has passed").with_retryable(false))
        }
        Err(_) => Err(Error::new(ErrorKind::Timeout, format!("{what} within {timeout:?}"))),
    }
}
