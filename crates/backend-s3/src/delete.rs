//! Deletions: batches of a thousand keys, several of them in flight, and a result for each key.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::stream::{self, BoxStream, StreamExt};
use md5::{Digest, Md5};
use rangeway_core::{DeleteResult, Error, ErrorKind, Key, Operation, Result};
use rangeway_range_engine::Retry;
use rangeway_transport::xml::{self, Element};
use rangeway_transport::{HeaderName, HeaderValue, Method};

use crate::api::Api;
use crate::error;

/// How many keys one request may name.
const BATCH: usize = 1000;

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
    let fits = |key: &Key| !key.is_empty() && xml::can_carry(key.as_str());
    let (together, mut alone): (Vec<Key>, Vec<Key>) = keys.into_iter().partition(fits);
    let mut results = Vec::new();
    match together.len() {
        0 | 1 => alone.extend(together),
        _ => match delete_batch(api, retry, together).await {
            Ok(done) => results = done,
            // Not every service has the request.
            Err(keys) => alone.extend(keys),
        },
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
            match api.send_plain(api.object(Method::DELETE, &key, &[])?).await {
                Err(error) if error.is_not_found() && error::code(&error) == "NoSuchKey" => Ok(()),
                result => result.map(|_| ()),
            }
        })
        .await;
    DeleteResult { key, result }
}

/// Deletes `keys` by one request; those that failed for now are tried again by further ones.
///
/// # Errors
/// The keys, when the service has no such request.
async fn delete_batch(api: &Api, retry: &Retry, keys: Vec<Key>) -> Result<Vec<DeleteResult>, Vec<Key>> {
    // What is left to do, and what is done: attempts go on where the last one ended.
    let state = Mutex::new((keys, Vec::new()));
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let run = retry.run(|_| async {
        let pending = lock().0.clone();
        let mut failed = request(api, &pending).await?;
        let mut again = None;
        let mut state = lock();
        state.0.clear();
        for key in pending {
            match failed.remove(&key) {
                Some(error) if error.is_retryable() => {
                    again = Some(error);
                    state.0.push(key);
                }
                Some(error) => state.1.push(DeleteResult { key, result: Err(error) }),
                None => state.1.push(DeleteResult { key, result: Ok(()) }),
            }
        }
        again.map_or(Ok(()), Err)
    });
    let ended = run.await;
    let (left, mut done) = state.into_inner().unwrap_or_else(PoisonError::into_inner);
    match ended {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::Unsupported && done.is_empty() => return Err(left),
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

/// Sends one batch, and gives back the keys that were not deleted.
async fn request(api: &Api, keys: &[Key]) -> Result<HashMap<Key, Error>> {
    let mut document = String::from("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for key in keys {
        document.push_str("<Object>");
        xml::write(&mut document, "Key", key.as_str());
        document.push_str("</Object>");
    }
    document.push_str("<Quiet>true</Quiet></Delete>");
    let digest = BASE64_STANDARD.encode(Md5::digest(document.as_bytes()));
    let digest = HeaderValue::from_str(&digest).expect("base64 is a valid header");
    let request = api
        .bucket(Method::POST, &[("delete", "")])?
        .xml(document)
        .header(HeaderName::from_static("content-md5"), digest);
    let (_, document) = api.send_xml(request, "DeleteResult").await?;
    failures(&document, keys, api.region())
}

/// Which of `keys` were not deleted, and why.
///
/// # Errors
/// `Integrity` when something failed and it is not said for which of them: what is not named counts as deleted.
fn failures(document: &Element, keys: &[Key], region: &str) -> Result<HashMap<Key, Error>> {
    let asked: HashSet<&Key> = keys.iter().collect();
    let mut failed = HashMap::new();
    for entry in document.children("Error") {
        let error = error::of_document(entry, region);
        let key = entry.text("Key").map(Key::from).filter(|key| asked.contains(key));
        let Some(key) = key else {
            let what = "the service names a failure, but none of the keys that it was to delete";
            return Err(Error::new(ErrorKind::Integrity, what).with_source(error));
        };
        if error::code(&error) != "NoSuchKey" {
            failed.insert(key, error);
        }
    }
    Ok(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_without_a_key_are_no_success() {
        let parse = |entries: &str| {
            let document = format!("<DeleteResult>{entries}</DeleteResult>");
            failures(&Element::parse(document.as_bytes()).expect("XML"), &["a".into(), "b".into()], "r")
        };
        let denied = "<Error><Key>a</Key><Code>AccessDenied</Code></Error>";
        let gone = "<Error><Key>b</Key><Code>NoSuchKey</Code></Error>";
        let failed = parse(&format!("{denied}{gone}")).expect("both are named");
        assert_eq!(failed.keys().collect::<Vec<_>>(), [&Key::from("a")]);
        for entry in ["<Error><Code>InternalError</Code></Error>", "<Error><Key>c</Key></Error>"] {
            assert_eq!(parse(entry).expect_err("not named").kind(), ErrorKind::Integrity);
        }
    }
}
