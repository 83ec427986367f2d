//! Deletions: batches of 256 keys, several of them in flight, and a result for each key.

mod batch;

use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt};
use rangeway_core::{DeleteResult, Error, ErrorKind, Key, Operation, Result};
use rangeway_range_engine::Retry;
use rangeway_transport::Method;

use crate::api::Api;
use crate::error;

/// How many keys one request may name.
const BATCH: usize = 256;

/// How many batches are in flight.
const BATCHES: usize = 4;

/// How many requests for single keys of a batch are in flight.
const SINGLES: usize = 16;

/// Deletes each key and says of each how it went.
pub(crate) fn delete(
    api: Arc<Api>,
    retry: Retry,
    keys: BoxStream<'static, Key>,
) -> BoxStream<'static, DeleteResult> {
    keys.chunks(BATCH)
        .map(move |keys| {
            let (api, retry) = (Arc::clone(&api), retry.clone());
            async move { stream::iter(delete_some(&api, &retry, keys).await) }
        })
        .buffer_unordered(BATCHES)
        .flatten()
        .boxed()
}

async fn delete_some(api: &Api, retry: &Retry, keys: Vec<Key>) -> Vec<DeleteResult> {
    let (together, mut alone): (Vec<Key>, Vec<Key>) = keys.into_iter().partition(|key| !key.is_empty());
    let mut results = Vec::new();
    if together.len() < 2 {
        alone.extend(together);
    } else {
        match retry.run(|_| batch::send(api, &together)).await {
            Ok(answers) => {
                for (key, answer) in together.into_iter().zip(answers) {
                    match gone_is_done(answer) {
                        // One that failed for a passing reason is tried again by itself.
                        Err(error) if error.is_retryable() => alone.push(key),
                        result => results.push(DeleteResult { key, result }),
                    }
                }
            }
            // Not every account has the request, and not every signature allows it.
            Err(error) => {
                tracing::debug!(%error, "a batch is sent as single requests");
                alone.extend(together);
            }
        }
    }
    let singles = stream::iter(alone).map(|key| delete_single(api, retry, key)).buffer_unordered(SINGLES);
    results.extend(singles.collect::<Vec<_>>().await);
    for result in &mut results {
        let key = &result.key;
        let located =
            |error: Error| error.with_operation(Operation::Delete).with_uri(api.uri().with_key(key));
        result.result = std::mem::replace(&mut result.result, Ok(())).map_err(located);
    }
    results
}

async fn delete_single(api: &Api, retry: &Retry, key: Key) -> DeleteResult {
    let result = retry
        .run(|_| async {
            gone_is_done(api.send_plain(api.blob(Method::DELETE, &key, &[])?).await.map(|_| ()))
        })
        .await;
    DeleteResult { key, result }
}

/// What does not exist is deleted; a container that does not exist is an error.
fn gone_is_done(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound && error::code(&error) == "BlobNotFound" => Ok(()),
        result => result,
    }
}
