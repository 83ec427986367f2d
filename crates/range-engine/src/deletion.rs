//! Deletions: batches of keys, several of them in flight, and a result for each key. What a batch cannot say is said by
//! single requests.

use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use rangeway_core::{DeleteResult, Error, ErrorKind, Key, Operation, Result, StoreUri};

use crate::Retry;

/// How many batches are in flight.
const BATCHES: usize = 4;

/// How many requests for single keys of a batch are in flight.
const SINGLES: usize = 16;

/// How a service deletes. What does not exist counts as deleted; each call is one request.
#[async_trait]
pub trait Deletions: Debug + Send + Sync + 'static {
    /// The container, for errors.
    fn uri(&self) -> &StoreUri;

    /// How many keys one request may name.
    fn batch_size(&self) -> usize;

    /// Whether a batch can name `key`.
    fn fits(&self, key: &Key) -> bool;

    /// Deletes `keys` by one request and gives the answer to each, in their order.
    ///
    /// # Errors
    /// Those of the request itself.
    async fn delete_batch(&self, keys: &[Key]) -> Result<Vec<Result<()>>>;

    /// Whether a batch that failed with `error` may still be deleted key by key.
    fn may_be_single(&self, error: &Error) -> bool;

    /// Deletes one key.
    async fn delete_one(&self, key: &Key) -> Result<()>;
}

/// Deletes each key and says of each how it went.
pub fn delete<D: Deletions>(
    service: Arc<D>,
    retry: Retry,
    keys: BoxStream<'static, Key>,
) -> BoxStream<'static, DeleteResult> {
    keys.chunks(service.batch_size())
        .map(move |keys| {
            let (service, retry) = (Arc::clone(&service), retry.clone());
            async move { stream::iter(delete_some(service.as_ref(), &retry, keys).await) }
        })
        .buffer_unordered(BATCHES)
        .flatten()
        .boxed()
}

async fn delete_some<D: Deletions>(service: &D, retry: &Retry, keys: Vec<Key>) -> Vec<DeleteResult> {
    let mut named = HashSet::new();
    // A batch answers for a name once.
    let fits = |key: &Key| !key.is_empty() && service.fits(key) && named.insert(key.clone());
    let (together, mut alone): (Vec<Key>, Vec<Key>) = keys.into_iter().partition(fits);
    let mut results = Vec::new();
    match together.len() {
        0 | 1 => alone.extend(together),
        _ => match delete_together(service, retry, together).await {
            Ok(done) => results = done,
            Err(keys) => alone.extend(keys),
        },
    }
    let singles = stream::iter(alone).map(|key| delete_single(service, retry, key));
    results.extend(singles.buffer_unordered(SINGLES).collect::<Vec<_>>().await);
    for result in &mut results {
        let key = &result.key;
        let located =
            |error: Error| error.with_operation(Operation::Delete).with_uri(service.uri().with_key(key));
        result.result = std::mem::replace(&mut result.result, Ok(())).map_err(located);
    }
    results
}

async fn delete_single<D: Deletions>(service: &D, retry: &Retry, key: Key) -> DeleteResult {
    let result = retry.run(|_| service.delete_one(&key)).await;
    DeleteResult { key, result }
}

/// Deletes `keys` by one request; those that failed for now are tried again by further ones.
///
/// # Errors
/// The keys, when they may be deleted one by one.
async fn delete_together<D: Deletions>(
    service: &D,
    retry: &Retry,
    keys: Vec<Key>,
) -> Result<Vec<DeleteResult>, Vec<Key>> {
    // What is left to do, and what is done: attempts go on where the last one ended.
    let state = Mutex::new((keys, Vec::new()));
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let run = retry.run(|_| async {
        let pending = lock().0.clone();
        let answers = service.delete_batch(&pending).await?;
        if answers.len() != pending.len() {
            let what = format!("{} answers to {} deletions", answers.len(), pending.len());
            return Err(Error::new(ErrorKind::Integrity, what));
        }
        let mut again = None;
        let mut state = lock();
        state.0.clear();
        for (key, answer) in pending.into_iter().zip(answers) {
            match answer {
                Err(error) if error.is_retryable() => {
                    again = Some(error);
                    state.0.push(key);
                }
                result => state.1.push(DeleteResult { key, result }),
            }
        }
        again.map_or(Ok(()), Err)
    });
    let ended = run.await;
    let (left, mut done) = state.into_inner().unwrap_or_else(PoisonError::into_inner);
    match ended {
        Ok(()) => {}
        Err(error) if done.is_empty() && service.may_be_single(&error) => {
            tracing::debug!(%error, "a batch is sent as single requests");
            return Err(left);
        }
        Err(error) => {
            let again = |key| DeleteResult { key, result: Err(same(&error)) };
            done.extend(left.into_iter().map(again));
        }
    }
    Ok(done)
}

/// The same error once more, for another key.
fn same(error: &Error) -> Error {
    let copy = Error::new(error.kind(), "the request for a batch of keys failed");
    let copy = copy.with_retry_after(error.retry_after()).with_source(error.to_string());
    let copy = if error.attempts() > 1 { copy.exhausted(error.attempts()) } else { copy };
    match error.hint() {
        Some(hint) => copy.with_hint(hint),
        None => copy,
    }
}
