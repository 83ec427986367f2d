//! Conditional reads.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rangeway_core::{Conditions, ErrorKind, GetOptions, HeadOptions, Key, ObjectMeta, Store};

use super::Fixture;
use super::support::{assert_unsupported, get, get_kind, kind, put};

const HOUR: Duration = Duration::from_hours(1);

/// An object with an etag and a time; `None`, once that is asserted, on a store without conditional reads.
async fn object(fixture: &dyn Fixture) -> Option<(Arc<dyn Store>, ObjectMeta)> {
    let store = fixture.store();
    put(&store, "k", "hello").await;
    if !store.capabilities().conditional_get {
        let found = store.get(&Key::from("k"), GetOptions::new().if_match("\"x\"")).await;
        assert_unsupported(&store, "a conditional read", found);
        return None;
    }
    let meta = store.head(&Key::from("k"), HeadOptions::new()).await.expect("it exists").meta;
    Some((store, meta))
}

fn etag(meta: &ObjectMeta) -> String {
    meta.etag.clone().expect("a store with conditional reads has etags")
}

fn time(meta: &ObjectMeta) -> SystemTime {
    meta.last_modified.expect("a store with conditional reads has times")
}

/// Asserts that a read with `options` succeeds, or fails with this kind.
async fn assert_get(store: &Arc<dyn Store>, options: GetOptions, expected: Result<&str, ErrorKind>) {
    match expected {
        Ok(expected) => {
            let body = get(store, "k", options).await.body;
            assert_eq!(body.bytes().await.expect("a whole body"), expected);
        }
        Err(expected) => assert_eq!(get_kind(store, "k", options.clone()).await, expected, "{options:?}"),
    }
}

/// `if_match` reads the object of that etag only.
pub async fn condition_if_match(fixture: &dyn Fixture) {
    let Some((store, meta)) = object(fixture).await else { return };
    assert_get(&store, GetOptions::new().if_match(etag(&meta)), Ok("hello")).await;
    assert_get(&store, GetOptions::new().if_match("\"other\""), Err(ErrorKind::PreconditionFailed)).await;
    put(&store, "k", "changed").await;
    let old = GetOptions::new().if_match(etag(&meta));
    assert_get(&store, old, Err(ErrorKind::PreconditionFailed)).await;
}

/// `if_none_match` reads the object only when it has another etag.
pub async fn condition_if_none_match(fixture: &dyn Fixture) {
    let Some((store, meta)) = object(fixture).await else { return };
    assert_get(&store, GetOptions::new().if_none_match(etag(&meta)), Err(ErrorKind::NotModified)).await;
    assert_get(&store, GetOptions::new().if_none_match("\"other\""), Ok("hello")).await;
    put(&store, "k", "changed").await;
    assert_get(&store, GetOptions::new().if_none_match(etag(&meta)), Ok("changed")).await;
}

/// `if_modified_since` reads the object only when it is newer.
pub async fn condition_if_modified_since(fixture: &dyn Fixture) {
    let Some((store, meta)) = object(fixture).await else { return };
    assert_get(&store, GetOptions::new().if_modified_since(time(&meta) - HOUR), Ok("hello")).await;
    let same = GetOptions::new().if_modified_since(time(&meta));
    assert_get(&store, same, Err(ErrorKind::NotModified)).await;
}

/// `if_unmodified_since` reads the object only when it is not newer.
pub async fn condition_if_unmodified_since(fixture: &dyn Fixture) {
    let Some((store, meta)) = object(fixture).await else { return };
    assert_get(&store, GetOptions::new().if_unmodified_since(time(&meta)), Ok("hello")).await;
    let older = GetOptions::new().if_unmodified_since(time(&meta) - HOUR);
    assert_get(&store, older, Err(ErrorKind::PreconditionFailed)).await;
}

/// Conditions hold for reads of a range too.
pub async fn condition_with_a_range(fixture: &dyn Fixture) {
    let Some((store, meta)) = object(fixture).await else { return };
    let part = || GetOptions::new().range(1..3);
    assert_get(&store, part().if_match(etag(&meta)), Ok("el")).await;
    assert_get(&store, part().if_match("\"other\""), Err(ErrorKind::PreconditionFailed)).await;
    assert_get(&store, part().if_none_match(etag(&meta)), Err(ErrorKind::NotModified)).await;
}

/// Conditions hold for heads too.
pub async fn condition_on_head(fixture: &dyn Fixture) {
    let Some((store, meta)) = object(fixture).await else { return };
    let key = Key::from("k");
    let head = async |options: GetOptions| {
        let conditions: Conditions = options.conditions;
        store.head(&key, HeadOptions::new().conditions(conditions)).await
    };
    let found = head(GetOptions::new().if_match(etag(&meta))).await.expect("the condition holds");
    assert_eq!(found.meta.size, 5);
    let failed = head(GetOptions::new().if_match("\"other\"")).await;
    assert_eq!(kind(failed), ErrorKind::PreconditionFailed);
    let unchanged = head(GetOptions::new().if_none_match(etag(&meta))).await;
    assert_eq!(kind(unchanged), ErrorKind::NotModified);
}
