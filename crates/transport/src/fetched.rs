//! `Fetched`: credentials that a provider of `object_store` fetches, and holding on to them.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use object_store::CredentialProvider;
use rangeway_core::{Error, Result};

/// After a search for credentials failed, requests fail at once for this long.
const FAILURE_LASTS: Duration = Duration::from_secs(10);

/// Credentials that are fetched when first needed, and renewed when they are about to end.
#[derive(Debug)]
pub struct Fetched<C> {
    provider: Arc<dyn CredentialProvider<Credential = C>>,
    /// The error of a search that found nothing.
    none_found: fn() -> Error,
    /// The last good ones: they serve on when renewing them fails for a while.
    last: Mutex<Option<Arc<C>>>,
    /// One search at a time, and the failure of the last one: many requests must not each wait for a search.
    first: tokio::sync::Mutex<Option<(Instant, String)>>,
}

impl<C: Debug + Send + Sync> Fetched<C> {
    /// What `provider` fetches; `none_found` says what to do when that is nothing.
    pub fn new(provider: Arc<dyn CredentialProvider<Credential = C>>, none_found: fn() -> Error) -> Self {
        Self { provider, none_found, last: Mutex::default(), first: tokio::sync::Mutex::default() }
    }

    fn last(&self) -> Option<Arc<C>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, credential: &Arc<C>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(credential));
    }

    /// The credentials to use now.
    ///
    /// # Errors
    /// That of `none_found`, when there have never been any.
    pub async fn get(&self) -> Result<Arc<C>> {
        if let Some(last) = self.last() {
            return Ok(match self.provider.get_credential().await {
                Ok(credential) => {
                    self.keep(&credential);
                    credential
                }
                Err(error) => {
                    tracing::warn!(%error, "credentials could not be renewed; the last ones are used on");
                    last
                }
            });
        }
        let mut failed = self.first.lock().await;
        if let Some(last) = self.last() {
            return Ok(last);
        }
        if let Some((at, why)) = &*failed
            && at.elapsed() < FAILURE_LASTS
        {
            return Err((self.none_found)().with_source(why.clone()));
        }
        match self.provider.get_credential().await {
            Ok(credential) => {
                self.keep(&credential);
                Ok(credential)
            }
            Err(error) => {
                *failed = Some((Instant::now(), error.to_string()));
                Err((self.none_found)().with_source(error))
            }
        }
    }
}
