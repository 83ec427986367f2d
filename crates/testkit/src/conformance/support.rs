//! What the cases have in common.

use std::fmt::Debug;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt, TryStreamExt};
use rangeway_core::{
    Body, Error, ErrorKind, GetOptions, GetResponse, HeadOptions, Key, ListOptions, Payload, PutOptions,
    PutResponse, Result, Store, StoreExt,
};

use super::run::say;
use crate::{MemoryTarget, Seeded};

/// How many requests a case sends at once where the order does not matter.
const AT_ONCE: usize = 32;

/// Writes an object.
pub(super) async fn put(store: &Arc<dyn Store>, key: &str, bytes: impl Into<Bytes>) -> PutResponse {
    store.put_bytes(key, bytes).await.expect("the store accepts an object")
}

/// Writes an empty object for each key, many at once.
pub(super) async fn put_all(store: &Arc<dyn Store>, keys: impl IntoIterator<Item = String>) {
    stream::iter(keys)
        .map(|key| async move { store.put_bytes(key, "").await })
        .buffer_unordered(AT_ONCE)
        .try_collect::<Vec<_>>()
        .await
        .expect("the store accepts objects");
}

/// Reads an object, or what of it `options` ask for.
pub(super) async fn get(store: &Arc<dyn Store>, key: &str, options: GetOptions) -> GetResponse {
    store.get(&Key::from(key), options).await.expect("the object can be read")
}

/// All bytes of an object.
pub(super) async fn content(store: &Arc<dyn Store>, key: &str) -> Bytes {
    store.get_bytes(key).await.expect("the object can be read")
}

/// The names that a listing gives, in its order.
pub(super) async fn names(store: &Arc<dyn Store>, options: ListOptions) -> Vec<String> {
    let entries: Vec<_> = store.list(options).try_collect().await.expect("the store can be listed");
    entries.iter().map(|entry| entry.name().to_owned()).collect()
}

/// The kind of the error that `result` must be.
pub(super) fn kind<T: Debug>(result: Result<T>) -> ErrorKind {
    result.expect_err("this must fail").kind()
}

/// The kind of the error with which reading `key` fails.
pub(super) async fn get_kind(store: &Arc<dyn Store>, key: &str, options: GetOptions) -> ErrorKind {
    let found = async { store.get(&Key::from(key), options).await?.body.bytes().await };
    kind(found.await)
}

/// Asserts that there is no object at `key`.
pub(super) async fn assert_missing(store: &Arc<dyn Store>, key: &str) {
    assert_eq!(kind(store.head(&Key::from(key), HeadOptions::new()).await), ErrorKind::NotFound);
    assert_eq!(get_kind(store, key, GetOptions::new()).await, ErrorKind::NotFound);
    let listed = names(store, ListOptions::new()).await;
    assert!(!listed.iter().any(|name| name == key), "{key:?} is listed in {listed:?}");
}

/// Asserts that what a store says it cannot do fails by name.
pub(super) fn assert_unsupported<T: Debug>(store: &Arc<dyn Store>, what: &str, result: Result<T>) {
    assert_eq!(kind(result), ErrorKind::Unsupported, "{what}");
    say(&format!("{}: {what} is refused with Unsupported, as its capabilities say", store.uri()));
}

/// A stream that gives `good` bytes and then the error of a broken source.
pub(super) fn breaking(length: Option<u64>, good: u64) -> Payload {
    let broken = stream::iter([Err(Error::new(ErrorKind::Io, "the source broke"))]);
    Payload::stream(length, Seeded::new(99).stream(good, 64 * 1024).chain(broken))
}

/// Writes with a payload that must fail, and gives the kind of the error.
pub(super) async fn put_kind(store: &Arc<dyn Store>, key: &str, payload: Payload) -> ErrorKind {
    kind(store.put(&Key::from(key), payload, PutOptions::new()).await)
}

/// Reads a body in every way there is and checks that each gives the `length` bytes from `offset` on.
pub(super) async fn assert_every_way(data: Seeded, offset: u64, length: usize, body: impl AsyncFn() -> Body) {
    let check = |way: &str, found: &[u8]| {
        assert_eq!(found.len(), length, "{way}");
        assert_eq!(data.verify(offset, found), Ok(()), "{way}");
    };
    let whole = "the body is whole";
    check("bytes", &body().await.bytes().await.expect(whole));

    let mut grown = BytesMut::from("before");
    body().await.read_into(&mut grown).await.expect(whole);
    assert_eq!(&grown[..6], b"before");
    check("read_into a buffer that grows", &grown[6..]);

    let mut exact = BytesMut::with_capacity(length);
    let memory = exact.as_ptr();
    body().await.read_into(&mut exact).await.expect(whole);
    check("read_into a buffer that fits", &exact);
    assert!(length == 0 || exact.as_ptr() == memory, "the buffer that fits was replaced");

    let (mut all, mut pieces) = (BytesMut::new(), body().await);
    loop {
        let mut piece = BytesMut::with_capacity(length / 7 + 1);
        let read = pieces.read(&mut piece).await.expect(whole);
        assert_eq!((read, pieces.remaining()), (piece.len(), (length - all.len() - read) as u64));
        if read == 0 {
            break;
        }
        all.extend_from_slice(&piece);
    }
    check("read", &all);

    let (mut all, mut chunks) = (BytesMut::new(), body().await);
    while let Some(chunk) = chunks.chunk().await.expect(whole) {
        assert!(!chunk.is_empty(), "chunk gave no bytes");
        all.extend_from_slice(&chunk);
    }
    check("chunk", &all);

    let chunks: Vec<Bytes> = body().await.stream().try_collect().await.expect(whole);
    check("stream", &chunks.concat());

    for target in [MemoryTarget::default(), MemoryTarget::with_pipes()] {
        body().await.write_to(Arc::new(target.clone())).await.expect(whole);
        check("write_to", &target.bytes());
    }

    let (mut mixed, mut all) = (body().await, BytesMut::with_capacity(length + 1));
    mixed.read(&mut all).await.expect(whole);
    if let Some(chunk) = mixed.chunk().await.expect(whole) {
        all.extend_from_slice(&chunk);
    }
    all.extend_from_slice(&mixed.bytes().await.expect(whole));
    check("read, chunk and bytes after each other", &all);
}
