//! How many requests things cost that other services do otherwise.

use futures::stream::{self, StreamExt};
use rangeway_core::{Key, PutMode, PutOptions};
use rangeway_testkit::RequestKind;

use crate::costs::bytes;
use crate::support::{UPLOAD, setup};

#[tokio::test(flavor = "multi_thread")]
async fn a_large_write_with_a_condition_is_copied_to_where_it_belongs() {
    let (server, store) = setup();
    let create = PutOptions::new().mode(PutMode::Create);
    store.put(&Key::from("new"), bytes((16 << 20) + 1).into(), create).await.expect("a write");
    // In two steps as it is large, and what it was is deleted.
    let copied = [(RequestKind::CopyObject, 2), (RequestKind::DeleteObject, 1)];
    server.counts().assert_only(&[UPLOAD, &copied].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_are_one_request_for_each_hundred() {
    let (server, store) = setup();
    let keys: Vec<Key> = (0..2_500).map(|number| Key::from(format!("{number:05}"))).collect();
    for key in &keys {
        server.put_object(key.as_str(), "");
    }
    assert_eq!(store.delete(stream::iter(keys).boxed()).count().await, 2_500);
    server.counts().assert_only(&[(RequestKind::DeleteObjects, 25)]);
}
