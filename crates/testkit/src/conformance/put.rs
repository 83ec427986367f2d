//! Writing objects: modes, attributes, every kind of payload, and what a failed write leaves.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::join_all;
use rangeway_core::{
    Attributes, ErrorKind, GetOptions, HeadOptions, Key, Payload, PutMode, PutOptions, Result, Store,
    StoreExt,
};

use super::Fixture;
use super::support::{assert_missing, assert_unsupported, breaking, content, get, kind, put, put_kind};
use crate::Seeded;

/// How many writers race.
const RACERS: usize = 8;

fn create() -> PutOptions {
    PutOptions::new().mode(PutMode::Create)
}

/// A second write replaces the first, shorter or longer.
pub async fn put_overwrites(fixture: &dyn Fixture) {
    let store = fixture.store();
    for text in ["first", "the second one", "3", ""] {
        put(&store, "k", text).await;
        assert_eq!(content(&store, "k").await, text);
    }
    let head = store.head(&Key::from("k"), HeadOptions::new()).await.expect("it exists");
    assert_eq!(head.meta.size, 0);
}

/// A create-only write fails with `AlreadyExists` where there is an object.
pub async fn put_create_only(fixture: &dyn Fixture) {
    let store = fixture.store();
    let key = Key::from("k");
    if !store.capabilities().put_create {
        let written = store.put(&key, "x".into(), create()).await;
        return assert_unsupported(&store, "a create-only write", written);
    }
    store.put(&key, "first".into(), create()).await.expect("there is no object yet");
    let again = store.put(&key, "second".into(), create()).await;
    assert_eq!(kind(again), ErrorKind::AlreadyExists);
    assert_eq!(content(&store, "k").await, "first");
    store.delete_one("k").await.expect("a deletion");
    store.put(&key, "third".into(), create()).await.expect("there is no object any more");
}

/// Of several create-only writers at once exactly one wins, and its bytes are there.
pub async fn put_create_only_race(fixture: &dyn Fixture) {
    let store = fixture.store();
    if !store.capabilities().put_create {
        return put_create_only(fixture).await;
    }
    let writers = (0..RACERS).map(|number| {
        let store = Arc::clone(&store);
        let payload = Payload::from(format!("writer {number}"));
        tokio::spawn(async move { store.put(&Key::from("k"), payload, create()).await })
    });
    let results: Vec<Result<_>> =
        join_all(writers).await.into_iter().map(|joined| joined.expect("no panic")).collect();
    let winners: Vec<usize> = (0..RACERS).filter(|number| results[*number].is_ok()).collect();
    assert_eq!(winners.len(), 1, "{results:?}");
    for failed in results.into_iter().filter(Result::is_err) {
        assert_eq!(kind(failed), ErrorKind::AlreadyExists);
    }
    assert_eq!(content(&store, "k").await, format!("writer {}", winners[0]));
}

/// A write with `IfMatch` replaces the object of that etag only.
pub async fn put_if_match(fixture: &dyn Fixture) {
    let store = fixture.store();
    let key = Key::from("k");
    put(&store, "k", "first").await;
    let if_match = |etag: &str| PutOptions::new().mode(PutMode::IfMatch(etag.to_owned()));
    if !store.capabilities().put_if_match {
        let written = store.put(&key, "x".into(), if_match("\"x\"")).await;
        return assert_unsupported(&store, "a write with IfMatch", written);
    }
    let head = store.head(&key, HeadOptions::new()).await.expect("it exists");
    let etag = head.meta.etag.expect("a store with conditional writes has etags");
    store.put(&key, "second".into(), if_match(&etag)).await.expect("the etag is right");
    let again = store.put(&key, "third".into(), if_match(&etag)).await;
    assert_eq!(kind(again), ErrorKind::PreconditionFailed);
    assert_eq!(content(&store, "k").await, "second");
}

/// A write with `IfMatch` where there is no object is `PreconditionFailed`.
pub async fn put_if_match_without_object(fixture: &dyn Fixture) {
    let store = fixture.store();
    if !store.capabilities().put_if_match {
        return put_if_match(fixture).await;
    }
    let options = PutOptions::new().mode(PutMode::IfMatch("\"0123456789abcdef0123456789abcdef\"".into()));
    let written = store.put(&Key::from("k"), "x".into(), options).await;
    assert_eq!(kind(written), ErrorKind::PreconditionFailed);
    assert_missing(&store, "k").await;
}

/// Attributes come back as they were written, and go with the object they were written with.
pub async fn put_attributes(fixture: &dyn Fixture) {
    let store = fixture.store();
    let key = Key::from("k");
    let attributes = some_attributes();
    let options = PutOptions::new().attributes(attributes.clone());
    let written = store.put(&key, "x".into(), options).await;
    if !store.capabilities().attributes {
        return assert_unsupported(&store, "a write with attributes", written);
    }
    written.expect("the store accepts attributes");
    let head = store.head(&key, HeadOptions::new()).await.expect("it exists");
    assert_attributes(&head.attributes, &attributes);
    assert_attributes(&get(&store, "k", GetOptions::new()).await.attributes, &attributes);
    put(&store, "k", "plain").await;
    let head = store.head(&key, HeadOptions::new()).await.expect("it exists");
    assert_eq!(head.attributes.metadata.len(), 0);
    assert_eq!(head.attributes.cache_control, None);
}

/// Names of metadata may have dashes, or are refused: they are never changed.
pub async fn put_metadata_with_dashes(fixture: &dyn Fixture) {
    let store = fixture.store();
    if !store.capabilities().attributes {
        return;
    }
    let key = Key::from("k");
    let options = PutOptions::new().attributes(Attributes::new().metadata("with-dash", "x"));
    if let Err(error) = store.put(&key, "x".into(), options).await {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
        return;
    }
    let found = store.head(&key, HeadOptions::new()).await.expect("it exists").attributes.metadata;
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [("with-dash".to_owned(), "x".to_owned())]);
}

/// Attributes of every kind but the storage class, whose names are the service's own.
pub(super) fn some_attributes() -> Attributes {
    let mut attributes = Attributes::new()
        .content_type("text/plain; charset=utf-8")
        .metadata("owner", "somebody else")
        .metadata("two", "1=2&3");
    attributes.content_encoding = Some("identity".into());
    attributes.content_language = Some("en".into());
    attributes.content_disposition = Some("attachment; filename=\"a.txt\"".into());
    attributes.cache_control = Some("max-age=60".into());
    attributes
}

/// Compares attributes but for the storage class, which a service may fill in.
pub(super) fn assert_attributes(found: &Attributes, expected: &Attributes) {
    let mut found = found.clone();
    found.storage_class.clone_from(&expected.storage_class);
    assert_eq!(&found, expected);
}

async fn assert_payload(fixture: &dyn Fixture, payload: impl FnOnce(Seeded) -> Payload, length: u64) {
    let (store, data) = (fixture.store(), Seeded::new(3));
    store.put(&Key::from("k"), payload(data), PutOptions::new()).await.expect("the payload is whole");
    let found = get(&store, "k", GetOptions::new()).await;
    assert_eq!(found.meta.size, length);
    data.verify_body(0, length, found.body).await.expect("the bytes that were written");
}

/// A rope is written chunk after chunk, empty ones too.
pub async fn put_rope(fixture: &dyn Fixture) {
    let rope = |data: Seeded| {
        Payload::from(vec![data.bytes(0, 1), Bytes::new(), data.bytes(1, 70_000), data.bytes(70_001, 99)])
    };
    assert_payload(fixture, rope, 70_100).await;
}

/// A region of a source is written, not the whole source.
pub async fn put_region(fixture: &dyn Fixture) {
    let (store, data) = (fixture.store(), Seeded::new(4));
    let region = Payload::region(data.object(300_000), 1_003..200_006);
    store.put(&Key::from("k"), region, PutOptions::new()).await.expect("the region is whole");
    let found = get(&store, "k", GetOptions::new()).await;
    assert_eq!(found.meta.size, 199_003);
    data.verify_body(1_003, 199_003, found.body).await.expect("the bytes of the region");
}

/// A stream whose length is known.
pub async fn put_stream_of_known_length(fixture: &dyn Fixture) {
    assert_payload(fixture, |data| Payload::stream(Some(100_000), data.stream(100_000, 999)), 100_000).await;
}

/// A stream whose length is not known.
pub async fn put_stream_of_unknown_length(fixture: &dyn Fixture) {
    assert_payload(fixture, |data| Payload::stream(None, data.stream(100_000, 999)), 100_000).await;
}

/// A stream without any bytes makes an empty object.
pub async fn put_empty_stream(fixture: &dyn Fixture) {
    assert_payload(fixture, |data| Payload::stream(None, data.stream(0, 1)), 0).await;
    assert_payload(fixture, |data| Payload::stream(Some(0), data.stream(0, 1)), 0).await;
}

/// A stream that ends before its announced length is `InvalidInput` and leaves nothing.
pub async fn put_stream_too_short(fixture: &dyn Fixture) {
    let store = fixture.store();
    let short = Payload::stream(Some(10_000), Seeded::new(5).stream(9_999, 1_000));
    assert_eq!(put_kind(&store, "k", short).await, ErrorKind::InvalidInput);
    assert_missing(&store, "k").await;
}

/// A stream that goes beyond its announced length is `InvalidInput` and leaves nothing.
pub async fn put_stream_too_long(fixture: &dyn Fixture) {
    let store = fixture.store();
    let long = Payload::stream(Some(10_000), Seeded::new(5).stream(10_001, 1_000));
    assert_eq!(put_kind(&store, "k", long).await, ErrorKind::InvalidInput);
    assert_missing(&store, "k").await;
}

/// A stream that fails fails the write with its own kind, and leaves nothing.
pub async fn put_stream_that_breaks(fixture: &dyn Fixture) {
    let store = fixture.store();
    for length in [None, Some(1_000_000)] {
        assert_eq!(put_kind(&store, "k", breaking(length, 200_000)).await, ErrorKind::Io, "{length:?}");
        assert_missing(&store, "k").await;
    }
}

/// The body of a read is a payload.
pub async fn put_body_of_a_read(fixture: &dyn Fixture) {
    let (store, data) = (fixture.store(), Seeded::new(6));
    put(&store, "from", data.bytes(0, 100_000)).await;
    let body = get(&store, "from", GetOptions::new().range(10..99_990)).await.body;
    store.put(&Key::from("to"), body.into(), PutOptions::new()).await.expect("the body is whole");
    let found = get(&store, "to", GetOptions::new()).await;
    data.verify_body(10, 99_980, found.body).await.expect("the bytes that were read");
}

/// A write that fails leaves the object as it was.
pub async fn put_that_fails_keeps_the_old(fixture: &dyn Fixture) {
    let store = fixture.store();
    put(&store, "k", "old").await;
    assert_eq!(put_kind(&store, "k", breaking(Some(1_000_000), 200_000)).await, ErrorKind::Io);
    assert_eq!(put_kind(&store, "k", breaking(None, 200_000)).await, ErrorKind::Io);
    assert_eq!(content(&store, "k").await, "old");
}
