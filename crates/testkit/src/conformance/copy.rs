//! Copies within a store.

use rangeway_core::{
    CopyOptions, ErrorKind, GetOptions, HeadOptions, Key, Payload, PutMode, PutOptions, Store,
};

use super::Fixture;
use super::put::{assert_attributes, some_attributes};
use super::support::{assert_missing, assert_unsupported, content, get, kind, put};
use crate::Seeded;

/// A copy replaces its target and leaves its source.
pub async fn copy_overwrites(fixture: &dyn Fixture) {
    let store = fixture.store();
    put(&store, "from/a", "source").await;
    put(&store, "to", "target").await;
    let (from, to) = (Key::from("from/a"), Key::from("to"));
    for _ in 0..2 {
        store.copy(&from, &to, CopyOptions::new()).await.expect("a copy");
        assert_eq!(content(&store, "to").await, "source");
        assert_eq!(content(&store, "from/a").await, "source");
    }
}

/// A create-only copy fails with `AlreadyExists` where there is an object.
pub async fn copy_create_only(fixture: &dyn Fixture) {
    let store = fixture.store();
    put(&store, "from", "source").await;
    let copy = async |to: &str| {
        let options = CopyOptions::new().mode(PutMode::Create);
        store.copy(&Key::from("from"), &Key::from(to), options).await
    };
    if !store.capabilities().copy_create {
        return assert_unsupported(&store, "a create-only copy", copy("to").await);
    }
    copy("to").await.expect("there is no object yet");
    put(&store, "to", "changed").await;
    assert_eq!(kind(copy("to").await), ErrorKind::AlreadyExists);
    assert_eq!(content(&store, "to").await, "changed");
}

/// Copying what does not exist is `NotFound` and leaves the target alone.
pub async fn copy_missing_source(fixture: &dyn Fixture) {
    let store = fixture.store();
    let copy = async |to: &str| store.copy(&Key::from("nothing"), &Key::from(to), CopyOptions::new()).await;
    assert_eq!(kind(copy("new").await), ErrorKind::NotFound);
    assert_missing(&store, "new").await;
    put(&store, "to", "target").await;
    assert_eq!(kind(copy("to").await), ErrorKind::NotFound);
    assert_eq!(content(&store, "to").await, "target");
}

/// Attributes go with the copy.
pub async fn copy_keeps_attributes(fixture: &dyn Fixture) {
    let store = fixture.store();
    let (from, to) = (Key::from("from"), Key::from("to"));
    let attributes = some_attributes();
    let written = store.put(&from, "x".into(), PutOptions::new().attributes(attributes.clone())).await;
    if !store.capabilities().attributes {
        return assert_unsupported(&store, "a write with attributes", written);
    }
    written.expect("the store accepts attributes");
    store.copy(&from, &to, CopyOptions::new()).await.expect("a copy");
    let head = store.head(&to, HeadOptions::new()).await.expect("it exists");
    assert_attributes(&head.attributes, &attributes);
}

/// An empty object can be copied.
pub async fn copy_empty(fixture: &dyn Fixture) {
    let store = fixture.store();
    put(&store, "from", "").await;
    store.copy(&Key::from("from"), &Key::from("to"), CopyOptions::new()).await.expect("a copy");
    assert_eq!(content(&store, "to").await, "");
}

/// A large object is copied whole.
pub async fn copy_large(fixture: &dyn Fixture) {
    let (store, data, size) = (fixture.store(), Seeded::new(9), (12 << 20) + 1);
    let payload = Payload::stream(Some(size), data.stream(size, 1 << 20));
    store.put(&Key::from("from"), payload, PutOptions::new()).await.expect("a large object");
    store.copy(&Key::from("from"), &Key::from("to"), CopyOptions::new()).await.expect("a copy");
    let found = get(&store, "to", GetOptions::new()).await;
    data.verify_body(0, size, found.body).await.expect("the bytes of the source");
}
