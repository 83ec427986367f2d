//! Deleting streams of keys.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use rangeway_core::{Key, ListOptions, Store, StoreExt};

use super::Fixture;
use super::support::{assert_missing, content, names, put, put_all};

/// More than one batch of S3, which takes 1,000 keys at a time.
const MANY: usize = 1_100;

/// Deletes the keys and gives those that were reported, each of which must be a success.
async fn delete(store: &Arc<dyn Store>, keys: Vec<String>) -> Vec<String> {
    let keys = stream::iter(keys).map(Key::from).boxed();
    let mut results = store.delete(keys);
    let mut reported = Vec::new();
    while let Some(deleted) = results.next().await {
        deleted.result.expect("the key can be deleted");
        reported.push(deleted.key.to_string());
    }
    reported.sort();
    reported
}

/// Every key of the stream is reported once, and is gone.
pub async fn delete_each_key_reports(fixture: &dyn Fixture) {
    let store = fixture.store();
    put_all(&store, ["a", "b/c", "b/d", "e"].map(str::to_owned)).await;
    assert_eq!(delete(&store, vec!["b/c".into(), "a".into()]).await, ["a", "b/c"]);
    assert_missing(&store, "a").await;
    assert_eq!(names(&store, ListOptions::new()).await, ["b/d", "e"]);
}

/// Deleting what does not exist is success, alone and among others.
pub async fn delete_missing_is_success(fixture: &dyn Fixture) {
    let store = fixture.store();
    put(&store, "a", "x").await;
    store.delete_one("nothing").await.expect("no object, no error");
    assert_eq!(delete(&store, vec!["no/thing".into(), "a".into()]).await, ["a", "no/thing"]);
    store.delete_one("a").await.expect("gone already");
}

/// A stream without keys does nothing.
pub async fn delete_no_keys(fixture: &dyn Fixture) {
    let store = fixture.store();
    put(&store, "a", "x").await;
    assert_eq!(delete(&store, Vec::new()).await, Vec::<String>::new());
    assert_eq!(content(&store, "a").await, "x");
}

/// More keys than one request takes.
pub async fn delete_more_than_one_batch(fixture: &dyn Fixture) {
    let store = fixture.store();
    let keys: Vec<String> = (0..MANY).map(|number| format!("many/{number:05}")).collect();
    put_all(&store, keys.iter().cloned().chain(["stays".into()])).await;
    let reported = delete(&store, keys.clone()).await;
    assert_eq!(reported.len(), MANY);
    assert_eq!(reported.into_iter().collect::<BTreeSet<_>>(), keys.into_iter().collect());
    assert_eq!(names(&store, ListOptions::new()).await, ["stays"]);
}

/// Folders are no objects: once all keys below it are gone, the name of one is free.
pub async fn delete_makes_room_for_a_shorter_key(fixture: &dyn Fixture) {
    let store = fixture.store();
    put(&store, "a/b/c", "x").await;
    store.delete_one("a/b/c").await.expect("a deletion");
    assert_eq!(names(&store, ListOptions::new().delimiter("/")).await, Vec::<String>::new());
    put(&store, "a", "y").await;
    assert_eq!(content(&store, "a").await, "y");
}
