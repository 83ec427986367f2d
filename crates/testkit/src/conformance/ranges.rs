//! Reading a part of an object.

use std::ops::Range;
use std::sync::Arc;

use rangeway_core::{ErrorKind, GetOptions, GetRange, Store};

use super::Fixture;
use super::support::{get, get_kind, put};
use crate::Seeded;

const SIZE: usize = 1000;

async fn object(fixture: &dyn Fixture) -> (Arc<dyn Store>, Seeded) {
    let (store, data) = (fixture.store(), Seeded::new(2));
    put(&store, "k", data.bytes(0, SIZE)).await;
    (store, data)
}

/// Asserts that `range` of the object is the bytes `expected`.
async fn assert_range(fixture: &dyn Fixture, rows: impl IntoIterator<Item = (GetRange, Range<u64>)>) {
    let (store, data) = object(fixture).await;
    for (range, expected) in rows {
        let found = get(&store, "k", GetOptions::new().range(range.clone())).await;
        assert_eq!((found.range, found.meta.size), (expected.clone(), SIZE as u64), "{range:?}");
        let length = expected.end - expected.start;
        assert_eq!(found.body.remaining(), length, "{range:?}");
        data.verify_body(expected.start, length, found.body).await.expect("the bytes of the range");
    }
}

/// A bounded range is 0-based and half-open.
pub async fn range_bounded(fixture: &dyn Fixture) {
    let rows = [0..10, 1..2, 500..700, 990..1000, 0..1000];
    assert_range(fixture, rows.map(|range| (GetRange::Bounded(range.clone()), range))).await;
}

/// An offset means everything from there on.
pub async fn range_offset(fixture: &dyn Fixture) {
    let rows = [0, 1, 500, 999];
    assert_range(fixture, rows.map(|start| (GetRange::Offset(start), start..1000))).await;
}

/// A suffix means the last so many bytes.
pub async fn range_suffix(fixture: &dyn Fixture) {
    let rows = [1, 10, 999, 1000];
    assert_range(fixture, rows.map(|length| (GetRange::Suffix(length), 1000 - length..1000))).await;
}

/// A bounded range ends where the object ends.
pub async fn range_cut_at_the_end(fixture: &dyn Fixture) {
    let rows = [(999..1001, 999..1000), (500..u64::MAX, 500..1000), (0..5000, 0..1000)];
    assert_range(fixture, rows.map(|(range, expected)| (GetRange::Bounded(range), expected))).await;
}

/// A suffix longer than the object is the whole object.
pub async fn range_longer_suffix(fixture: &dyn Fixture) {
    assert_range(fixture, [1001, 1 << 40].map(|length| (GetRange::Suffix(length), 0..1000))).await;
}

/// A range that starts at or after the end is `RangeNotSatisfiable`.
pub async fn range_beyond_the_end(fixture: &dyn Fixture) {
    let (store, _) = object(fixture).await;
    for range in [GetRange::Bounded(1000..1001), GetRange::Bounded(5000..6000), GetRange::Offset(1000)] {
        let found = get_kind(&store, "k", GetOptions::new().range(range.clone())).await;
        assert_eq!(found, ErrorKind::RangeNotSatisfiable, "{range:?}");
    }
}

/// Empty and reversed ranges are `InvalidInput`.
pub async fn range_empty_is_refused(fixture: &dyn Fixture) {
    let (store, _) = object(fixture).await;
    let reversed = Range { start: 7, end: 3 };
    for range in [GetRange::Bounded(5..5), GetRange::Bounded(reversed), GetRange::Suffix(0)] {
        let found = get_kind(&store, "k", GetOptions::new().range(range.clone())).await;
        assert_eq!(found, ErrorKind::InvalidInput, "{range:?}");
    }
}

/// An empty object has no byte that a range could start at; its last bytes are all of its none.
pub async fn range_of_an_empty_object(fixture: &dyn Fixture) {
    let store = fixture.store();
    put(&store, "empty", "").await;
    for range in [GetRange::Bounded(0..1), GetRange::Offset(0), GetRange::Bounded(0..u64::MAX)] {
        let found = get_kind(&store, "empty", GetOptions::new().range(range.clone())).await;
        assert_eq!(found, ErrorKind::RangeNotSatisfiable, "{range:?}");
    }
    let found = get(&store, "empty", GetOptions::new().range(GetRange::Suffix(10))).await;
    assert_eq!((found.range, found.meta.size), (0..0, 0));
    assert_eq!(found.body.bytes().await.expect("an empty body"), "");
}

/// Every range of an object of one byte.
pub async fn range_of_one_byte(fixture: &dyn Fixture) {
    let store = fixture.store();
    put(&store, "one", "x").await;
    for range in [GetRange::Bounded(0..1), GetRange::Bounded(0..9), GetRange::Offset(0), GetRange::Suffix(1)]
    {
        let found = get(&store, "one", GetOptions::new().range(range.clone())).await;
        assert_eq!((found.range, found.meta.size), (0..1, 1), "{range:?}");
        assert_eq!(found.body.bytes().await.expect("a whole body"), "x");
    }
    let beyond = get_kind(&store, "one", GetOptions::new().range(1..2)).await;
    assert_eq!(beyond, ErrorKind::RangeNotSatisfiable);
}
