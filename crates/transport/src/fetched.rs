//! `Fetched`: credentials that a provider of `object_store` fetches, and holding on to them.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use object_store::CredentialProvider;
use rangeway_core::{Error, ErrorKind, Result};
use tokio::time::Instant;

use crate::failure::{chain, is_refused};

#[cfg(test)]
mod tests;

/// For so long, nothing is asked for anew that has failed: credentials that are not to be had, the renewal of others, and
/// the replacement of those that a service has refused.
const FAILURE_LASTS: Duration = Duration::from_secs(10);

/// What fetches credentials, renews them, and cannot be told that they are of no use.
pub type Provider<C> = Arc<dyn CredentialProvider<Credential = C>>;

/// Credentials that are fetched when first needed, and renewed when they are about to end.
pub struct Fetched<C> {
    make: Box<dyn Fn() -> Result<Provider<C>> + Send + Sync>,
    /// The error of a search that found nothing.
    none_found: fn() -> Error,
    /// Whether nobody knows that credentials are where they are asked for.
    is_guess: bool,
    state: Mutex<State<C>>,
    /// One search at a time: many requests must not each begin one.
    turn: tokio::sync::Mutex<()>,
}

struct State<C> {
    provider: Provider<C>,
    /// The last good ones: they serve on when renewing them fails for a while.
    last: Option<Arc<C>>,
    failure: Option<Failure>,
    /// Those that a service refused, and when they were dropped.
    dropped: Option<(Instant, Arc<C>)>,
}

/// A search that failed.
#[derive(Clone)]
struct Failure {
    at: Instant,
    why: Arc<object_store::Error>,
    /// The kind of what may pass, and how long the service asks to wait.
    passing: Option<(ErrorKind, Option<Duration>)>,
}

impl<C> Debug for Fetched<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fetched")
    }
}

impl<C: Debug + Send + Sync> Fetched<C> {
    /// What the provider fetches that `make` makes, anew when what it fetched was refused; `none_found` says what to do
    /// when there is nothing.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn new(
        make: impl Fn() -> Result<Provider<C>> + Send + Sync + 'static,
        none_found: fn() -> Error,
    ) -> Result<Self> {
        let state = State { provider: make()?, last: None, failure: None, dropped: None };
        let (state, turn) = (Mutex::new(state), tokio::sync::Mutex::default());
        Ok(Self { make: Box::new(make), none_found, is_guess: false, state, turn })
    }

    /// Says whether nobody knows that credentials are where they are asked for: then silence means that there are none.
    pub fn guessed(mut self, is_guess: bool) -> Self {
        self.is_guess = is_guess;
        self
    }

    /// The credentials to use now.
    ///
    /// # Errors
    /// When there have never been any: that of `none_found`, or what may pass, which is for the caller to try again.
    pub async fn get(&self) -> Result<Arc<C>> {
        let begun = Instant::now();
        let _turn = self.turn.lock().await;
        loop {
            let provider = {
                let state = self.state();
                if let Some(failure) = state.failure.as_ref().filter(|failure| state.lasts(failure, begun)) {
                    return state.last.clone().ok_or_else(|| self.error(failure));
                }
                Arc::clone(&state.provider)
            };
            let fetched = provider.get_credential().await;
            let mut state = self.state();
            if Arc::ptr_eq(&state.provider, &provider) {
                return self.keep(&mut state, fetched);
            }
            // What it holds was refused meanwhile.
        }
    }

    /// Notes that a service has refused the credentials for which `shown` is true; whether another attempt will show
    /// others.
    ///
    /// What is fetched in place of them is not dropped as soon, and not at all when it is the same.
    pub fn refused(&self, shown: impl Fn(&C) -> bool) -> bool {
        let mut state = self.state();
        let Some(last) = state.last.clone().filter(|last| shown(last)) else { return true };
        let before = state.dropped.as_ref();
        if before.is_some_and(|(at, dropped)| at.elapsed() < FAILURE_LASTS || shown(dropped)) {
            return false;
        }
        let Ok(provider) = (self.make)() else { return false };
        let dropped = Some((Instant::now(), last));
        *state = State { provider, last: None, failure: None, dropped };
        true
    }

    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, state: &mut State<C>, fetched: object_store::Result<Arc<C>>) -> Result<Arc<C>> {
        match fetched {
            Ok(credential) => {
                state.failure = None;
                Ok(Arc::clone(state.last.insert(credential)))
            }
            Err(error) => {
                let passing = self.passing(&error);
                let failure = Failure { at: Instant::now(), why: Arc::new(error), passing };
                state.failure = Some(failure.clone());
                let Some(last) = &state.last else { return Err(self.error(&failure)) };
                tracing::warn!(error = %failure.why, "credentials could not be renewed; the last ones are used on");
                Ok(Arc::clone(last))
            }
        }
    }

    /// What may pass about `error`, if anything.
    fn passing(&self, error: &object_store::Error) -> Option<(ErrorKind, Option<Duration>)> {
        let error: &Error = chain(error).find_map(|cause| cause.downcast_ref())?;
        let silent = matches!(error.kind(), ErrorKind::Connect | ErrorKind::Timeout) && !is_refused(error);
        let passes = error.is_retryable() && !(self.is_guess && silent);
        passes.then(|| (error.kind(), error.retry_after()))
    }

    fn error(&self, failure: &Failure) -> Error {
        let error = match failure.passing {
            Some((kind, wait)) => Error::new(kind, "no credentials could be fetched").with_retry_after(wait),
            None => (self.none_found)(),
        };
        error.with_source(Arc::clone(&failure.why))
    }
}

impl<C> State<C> {
    /// Whether `failure` is an answer to who began to wait at `begun`.
    fn lasts(&self, failure: &Failure, begun: Instant) -> bool {
        let lasts = failure.passing.is_none() || self.last.is_some();
        failure.at > begun || (lasts && failure.at.elapsed() < FAILURE_LASTS)
    }
}
