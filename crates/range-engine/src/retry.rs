//! When to try again, and how long to wait before: the one retry loop.

use std::time::{Duration, Instant};

use rangeway_core::{Error, ErrorKind, Result};

use crate::Policy;
use crate::engine::limited;

/// No backoff of ours is longer.
const MAX_BACKOFF: Duration = Duration::from_secs(20);

/// No `Retry-After` of a service is honoured for longer: a caller waits for an answer.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(1);

/// How often and how soon to try again.
#[derive(Debug, Clone)]
pub struct Retry {
    attempts: u32,
    backoff: Duration,
    /// How long one attempt of [`Retry::run`] may take.
    limit: Duration,
}

impl Policy {
    /// The retrying that this policy asks for.
    pub fn retry(&self) -> Retry {
        // What is run so has small answers: waiting for one and a standstill in the middle of it is all it may take.
        let limit = self.first_byte_timeout.saturating_add(self.stall_timeout);
        Retry { attempts: self.attempts, backoff: self.backoff, limit }
    }
}

impl Retry {
    /// The same, for attempts that may take this long, where a service does much before it answers.
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Runs `attempt` until it succeeds, fails for good, or has failed as often as allowed. It is given the number
    /// of the attempt, from 1. For requests with small answers: each attempt, its answer's body included, has ended
    /// after the first-byte timeout and the stall timeout together, or is a `Timeout`.
    ///
    /// # Errors
    /// The last attempt's error, marked as exhausted.
    ///
    /// # Cancel safety
    /// As safe as `attempt` is.
    pub async fn run<T, F>(&self, mut attempt: impl FnMut(u32) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut attempts = Attempts::new(self.clone(), None);
        loop {
            match limited(self.limit, None, "no whole answer", attempt(attempts.number())).await {
                Ok(done) => return Ok(done),
                Err(error) => attempts.failed(error).await?,
            }
        }
    }

    /// The wait after attempt `number` failed with `error`.
    fn wait(&self, number: u32, error: &Error) -> Duration {
        let doubled = self.backoff.saturating_mul(1 << (number - 1).min(16)).min(MAX_BACKOFF);
        let jittered = doubled.mul_f64(0.5 + fastrand::f64() / 2.0);
        error.retry_after().map_or(jittered, |asked| asked.min(MAX_RETRY_AFTER).max(jittered))
    }
}

/// The attempts made for one request, or for one part.
#[derive(Debug)]
pub(crate) struct Attempts {
    retry: Retry,
    deadline: Option<Instant>,
    number: u32,
}

impl Attempts {
    pub(crate) fn new(retry: Retry, deadline: Option<Instant>) -> Self {
        Self { retry, deadline, number: 1 }
    }

    /// The number of the attempt that is being made, from 1.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// When the last of them must have ended.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Starts counting anew, because the last attempt got somewhere.
    pub(crate) fn reset(&mut self) {
        self.number = 1;
    }

    /// Makes the next attempt at once.
    ///
    /// # Errors
    /// `error` itself when there is no next attempt.
    pub(crate) fn at_once(&mut self, error: Error) -> Result<()> {
        if self.another() { Ok(()) } else { Err(error.exhausted(self.number)) }
    }

    /// Whether more than one attempt is left.
    pub(crate) fn has_several(&self) -> bool {
        self.number + 1 < self.retry.attempts
    }

    /// Counts the next attempt, if there may be one.
    pub(crate) fn another(&mut self) -> bool {
        let may = self.number < self.retry.attempts;
        self.number += u32::from(may);
        may
    }

    /// Waits until the next attempt may be made.
    ///
    /// # Errors
    /// `error` itself when trying again is no use or not allowed.
    pub(crate) async fn failed(&mut self, error: Error) -> Result<()> {
        if !error.is_retryable() {
            return Err(error);
        }
        if self.number >= self.retry.attempts {
            return Err(error.exhausted(self.number));
        }
        let wait = self.retry.wait(self.number, &error);
        if self.deadline.is_some_and(|deadline| Instant::now() + wait >= deadline) {
            return Err(Error::new(ErrorKind::Timeout, "the deadline leaves no time for another attempt")
                .exhausted(self.number)
                .with_source(error));
        }
        tracing::debug!(attempt = self.number, ?wait, %error, "trying again");
        tokio::time::sleep(wait).await;
        self.number += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn retry() -> Retry {
        Policy::network().attempts(4).backoff(Duration::from_millis(100)).retry()
    }

    #[tokio::test(start_paused = true)]
    async fn transient_errors_are_tried_again_until_exhausted() {
        let calls = Cell::new(0);
        let error = retry()
            .run(|number| {
                calls.set(calls.get() + 1);
                assert_eq!(number, calls.get());
                async { Err::<(), _>(Error::new(ErrorKind::Service, "broken")) }
            })
            .await
            .expect_err("never succeeds");
        assert_eq!((calls.get(), error.attempts(), error.is_retryable()), (4, 4, false));
    }

    #[tokio::test(start_paused = true)]
    async fn final_errors_are_not_tried_again() {
        let error = retry()
            .run(|_| async { Err::<(), _>(Error::new(ErrorKind::NotFound, "gone")) })
            .await
            .expect_err("final");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::NotFound, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn silent_attempts_are_given_up() {
        let policy = Policy::network();
        let begin = tokio::time::Instant::now();
        let error = policy.clone().attempts(1).retry().run(|_| std::future::pending::<Result<()>>()).await;
        assert_eq!(error.expect_err("silence").kind(), ErrorKind::Timeout);
        assert!(begin.elapsed() >= policy.first_byte_timeout + policy.stall_timeout);

        let (begin, limit) = (tokio::time::Instant::now(), Duration::from_mins(2));
        let patient = policy.attempts(1).retry().within(limit);
        patient.run(|_| std::future::pending::<Result<()>>()).await.expect_err("silence");
        assert!(begin.elapsed() >= limit);
    }

    #[test]
    fn waits_double_with_jitter_and_honour_retry_after() {
        let plain = Error::new(ErrorKind::RateLimited, "");
        for (number, low, high) in [(1, 50, 100), (2, 100, 200), (3, 200, 400), (30, 10_000, 20_000)] {
            let wait = retry().wait(number, &plain);
            assert!(
                (Duration::from_millis(low)..=Duration::from_millis(high)).contains(&wait),
                "{number}: {wait:?}"
            );
        }
        let asked = |seconds| {
            let error =
                Error::new(ErrorKind::RateLimited, "").with_retry_after(Some(Duration::from_secs(seconds)));
            retry().wait(1, &error)
        };
        assert_eq!(asked(7), Duration::from_secs(7));
        assert_eq!(asked(7_000), MAX_RETRY_AFTER);
    }
}
