//! Large objects: many ranges of a read, many parts of a write.

use std::sync::Arc;

use futures::future::join_all;
use rangeway_core::{ErrorKind, GetOptions, GetRange, Key, Payload, PutOptions, Result, Store, StoreExt};

use super::Fixture;
use super::support::{assert_every_way, assert_missing, breaking, get, put, put_kind};
use crate::Seeded;

/// Several parts of any sensible size, and one byte more.
const LARGE: u64 = (20 << 20) + 1;

/// A chunk that divides no part.
const CHUNK: usize = 1_000_003;

const DATA: Seeded = Seeded::new(10);

async fn put_large(store: &Arc<dyn Store>, payload: Payload) {
    store.put(&Key::from("large"), payload, PutOptions::new()).await.expect("a large object is accepted");
}

async fn assert_large(store: &Arc<dyn Store>) {
    let found = get(store, "large", GetOptions::new()).await;
    assert_eq!((found.meta.size, found.range), (LARGE, 0..LARGE));
    DATA.verify_body(0, LARGE, found.body).await.expect("the bytes that were written");
}

/// Objects of a size just below, at and just above what parts and buffers are likely to have.
pub async fn sizes_around_powers_of_two(fixture: &dyn Fixture) {
    let store = fixture.store();
    let edges = [1 << 13, 1 << 16, 1 << 20, 5 << 20, 8 << 20];
    let sizes = edges.into_iter().flat_map(|edge: usize| [edge - 1, edge, edge + 1]);
    let transfers = sizes.map(async |size| {
        let key = format!("size/{size}");
        put(&store, &key, DATA.bytes(0, size)).await;
        let found = get(&store, &key, GetOptions::new()).await;
        assert_eq!(found.meta.size, size as u64);
        DATA.verify_body(0, size as u64, found.body).await.expect("the bytes that were written");
    });
    join_all(transfers).await;
}

/// A large rope comes back as it was written.
pub async fn large_rope(fixture: &dyn Fixture) {
    let store = fixture.store();
    let chunks: Vec<_> = (0..LARGE)
        .step_by(CHUNK)
        .map(|offset| DATA.bytes(offset, CHUNK.min(usize::try_from(LARGE - offset).expect("small enough"))))
        .collect();
    put_large(&store, chunks.into()).await;
    assert_large(&store).await;
}

/// A large stream of unknown length comes back as it was written.
pub async fn large_stream_of_unknown_length(fixture: &dyn Fixture) {
    let store = fixture.store();
    put_large(&store, Payload::stream(None, DATA.stream(LARGE, CHUNK))).await;
    assert_large(&store).await;
}

/// A large region of a source comes back as it was written.
pub async fn large_region(fixture: &dyn Fixture) {
    let store = fixture.store();
    put_large(&store, Payload::region(DATA.object(LARGE), 0..LARGE)).await;
    assert_large(&store).await;
}

/// Whichever way a large body is read, the bytes are the same.
pub async fn large_every_way_of_reading(fixture: &dyn Fixture) {
    let store = fixture.store();
    put_large(&store, Payload::region(DATA.object(LARGE), 0..LARGE)).await;
    let length = usize::try_from(LARGE).expect("small enough");
    assert_every_way(DATA, 0, length, async || get(&store, "large", GetOptions::new()).await.body).await;
}

/// Large ranges that start and end anywhere.
pub async fn large_range_in_the_middle(fixture: &dyn Fixture) {
    let store = fixture.store();
    put_large(&store, Payload::region(DATA.object(LARGE), 0..LARGE)).await;
    for (range, expected) in [
        (GetRange::Bounded(1_234_567..19_876_543), 1_234_567..19_876_543),
        (GetRange::Offset(7_654_321), 7_654_321..LARGE),
        (GetRange::Suffix(12_345_678), LARGE - 12_345_678..LARGE),
        (GetRange::Bounded(LARGE - 1..LARGE + 5), LARGE - 1..LARGE),
    ] {
        let found = get(&store, "large", GetOptions::new().range(range)).await;
        assert_eq!((found.range, found.meta.size), (expected.clone(), LARGE));
        let length = expected.end - expected.start;
        DATA.verify_body(expected.start, length, found.body).await.expect("the bytes of the range");
    }
}

/// A large body that is being read can be the payload of a write.
pub async fn large_copy_between_objects(fixture: &dyn Fixture) {
    let store = fixture.store();
    put_large(&store, Payload::region(DATA.object(LARGE), 0..LARGE)).await;
    let body = get(&store, "large", GetOptions::new()).await.body;
    store.put(&Key::from("copy"), body.into(), PutOptions::new()).await.expect("the body is whole");
    let found = get(&store, "copy", GetOptions::new()).await;
    DATA.verify_body(0, LARGE, found.body).await.expect("the bytes that were read");
}

/// A large stream that fails leaves nothing, of known length or not.
pub async fn large_stream_that_breaks(fixture: &dyn Fixture) {
    let store = fixture.store();
    for length in [Some(LARGE), None] {
        assert_eq!(put_kind(&store, "large", breaking(length, LARGE - 5)).await, ErrorKind::Io);
        assert_missing(&store, "large").await;
    }
}

/// Reads a large object, does something to it after the first bytes, and reads the rest.
async fn read_across(store: &Arc<dyn Store>, change: impl AsyncFnOnce()) -> Result<()> {
    put_large(store, Payload::region(DATA.object(LARGE), 0..LARGE)).await;
    let mut body = get(store, "large", GetOptions::new()).await.body;
    let first = body.chunk().await.expect("the first bytes").expect("there are some");
    assert_eq!(DATA.verify(0, &first), Ok(()));
    change().await;
    DATA.verify_body(first.len() as u64, LARGE - first.len() as u64, body).await
}

/// An object overwritten while it is read gives the old bytes or `PreconditionFailed`, never a mix.
pub async fn large_overwritten_midway(fixture: &dyn Fixture) {
    let store = fixture.store();
    let overwrite = async || {
        let payload = Payload::region(Seeded::new(11).object(LARGE), 0..LARGE);
        put_large(&store, payload).await;
    };
    if let Err(error) = read_across(&store, overwrite).await {
        assert_eq!(error.kind(), ErrorKind::PreconditionFailed, "{error:?}");
    }
    let found = get(&store, "large", GetOptions::new()).await;
    Seeded::new(11).verify_body(0, LARGE, found.body).await.expect("the new bytes, from the start");
}

/// An object deleted while it is read gives the old bytes, `NotFound` or `PreconditionFailed`.
pub async fn large_deleted_midway(fixture: &dyn Fixture) {
    let store = fixture.store();
    let deletion = async || store.delete_one("large").await.expect("a deletion");
    if let Err(error) = read_across(&store, deletion).await {
        let gone = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PreconditionFailed);
        assert!(gone, "{error:?}");
    }
    assert_missing(&store, "large").await;
}
