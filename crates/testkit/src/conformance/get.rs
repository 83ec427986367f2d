//! Reading and heading whole objects.

use rangeway_core::{ErrorKind, GetOptions, HeadOptions, Key};

use super::Fixture;
use super::support::{
    assert_every_way, assert_missing, assert_unsupported, content, get, get_kind, kind, put,
};
use crate::Seeded;

/// An object comes back as it was written, and its size and range are told before its bytes.
pub async fn get_whole(fixture: &dyn Fixture) {
    let store = fixture.store();
    put(&store, "a/b", "hello, world").await;
    let found = get(&store, "a/b", GetOptions::new()).await;
    assert_eq!((found.meta.key.as_str(), found.meta.size, found.range), ("a/b", 12, 0..12));
    assert_eq!(found.body.remaining(), 12);
    assert_eq!(found.body.bytes().await.expect("a whole body"), "hello, world");
}

/// The smallest object that is not empty.
pub async fn get_one_byte(fixture: &dyn Fixture) {
    let store = fixture.store();
    put(&store, "one", "x").await;
    let found = get(&store, "one", GetOptions::new()).await;
    assert_eq!((found.meta.size, found.range), (1, 0..1));
    assert_eq!(found.body.bytes().await.expect("a whole body"), "x");
}

/// An empty object exists, has size 0 and an empty body.
pub async fn get_empty(fixture: &dyn Fixture) {
    let store = fixture.store();
    put(&store, "empty", "").await;
    let found = get(&store, "empty", GetOptions::new()).await;
    assert_eq!((found.meta.size, found.range.clone(), found.body.remaining()), (0, 0..0, 0));
    assert_eq!(found.body.bytes().await.expect("an empty body"), "");
    let head = store.head(&Key::from("empty"), HeadOptions::new()).await.expect("it exists");
    assert_eq!(head.meta.size, 0);
    assert_every_way(Seeded::new(0), 0, 0, async || get(&store, "empty", GetOptions::new()).await.body).await;
}

/// Reading what does not exist is `NotFound`, beside and below what does.
pub async fn get_missing(fixture: &dyn Fixture) {
    let store = fixture.store();
    assert_missing(&store, "nothing").await;
    put(&store, "a/b", "x").await;
    for key in ["a", "a/", "a/b/c", "b"] {
        let found = get_kind(&store, key, GetOptions::new()).await;
        // A store of files may refuse a key by name.
        assert!(matches!(found, ErrorKind::NotFound | ErrorKind::InvalidInput), "{key:?}: {found}");
    }
    assert_eq!(get_kind(&store, "nothing", GetOptions::new().range(0..1)).await, ErrorKind::NotFound);
}

/// Whichever way a body is read, the bytes are the same.
pub async fn get_every_way_of_reading(fixture: &dyn Fixture) {
    let store = fixture.store();
    let data = Seeded::new(1);
    put(&store, "k", data.bytes(0, 300_001)).await;
    assert_every_way(data, 0, 300_001, async || get(&store, "k", GetOptions::new()).await.body).await;
    let part = || GetOptions::new().range(1_000..200_000);
    assert_every_way(data, 1_000, 199_000, async || get(&store, "k", part()).await.body).await;
}

/// Versions are read by their id where the store keeps them, and refused where it does not.
pub async fn get_of_an_old_version(fixture: &dyn Fixture) {
    let store = fixture.store();
    let first = put(&store, "k", "first").await;
    let second = put(&store, "k", "second!").await;
    if !store.capabilities().versions {
        let found = store.get(&Key::from("k"), GetOptions::new().version("1")).await;
        assert_unsupported(&store, "reading a version", found);
        let found = store.head(&Key::from("k"), HeadOptions::new().version("1")).await;
        assert_unsupported(&store, "heading a version", found);
        return;
    }
    // A container that can keep versions need not do so.
    if let (Some(first), Some(second)) = (first.version, second.version) {
        for (version, expected) in [(first, "first"), (second, "second!")] {
            let found = get(&store, "k", GetOptions::new().version(&version)).await;
            assert_eq!(found.meta.version, Some(version));
            assert_eq!(found.body.bytes().await.expect("a whole body"), expected);
        }
    }
}

/// Head and get say the same of an object, and what the write said.
pub async fn head_agrees_with_get(fixture: &dyn Fixture) {
    let store = fixture.store();
    let written = put(&store, "k", "hello").await;
    let head = store.head(&Key::from("k"), HeadOptions::new()).await.expect("it exists");
    let found = get(&store, "k", GetOptions::new()).await;
    assert_eq!(head.meta, found.meta);
    assert_eq!(head.attributes, found.attributes);
    assert_eq!(head.meta.size, 5);
    assert!(head.meta.last_modified.is_some(), "an object has a time");
    let etag = head.meta.etag.expect("an object has an etag");
    assert_eq!(written.etag.unwrap_or_else(|| etag.clone()), etag);
    assert_eq!(content(&store, "k").await, "hello");
}

/// Heading what does not exist is `NotFound`.
pub async fn head_missing(fixture: &dyn Fixture) {
    let store = fixture.store();
    let head = store.head(&Key::from("nothing"), HeadOptions::new()).await;
    assert_eq!(kind(head), ErrorKind::NotFound);
}
