//! How many requests things cost that other services do otherwise, and what a real server counts.

use futures::stream::{self, StreamExt};
use rangeway_core::{Key, StoreExt};
use rangeway_testkit::{RequestKind, S3Server};

use crate::costs::{bytes, read, setup};
use crate::support::{BUCKET, open, settings};

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_counts_one_get_for_a_small_object() {
    for size in [0, 1, 3 << 20, 8 << 20] {
        let server = S3Server::start().expect("a free port");
        server.create_bucket(BUCKET).expect("a new folder");
        let store = open(&settings(&server));
        store.put_bytes("k", bytes(size)).await.expect("a write");
        server.reset_counts();
        read(&store, size).await;
        server.counts().assert_only(&[(RequestKind::GetObject, 1)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_are_one_request_for_each_thousand() {
    let (server, store) = setup();
    let keys: Vec<Key> = (0..2_500).map(|number| Key::from(format!("{number:05}"))).collect();
    for key in &keys {
        server.put_object(key.as_str(), "");
    }
    assert_eq!(store.delete(stream::iter(keys).boxed()).count().await, 2_500);
    server.counts().assert_only(&[(RequestKind::DeleteObjects, 3)]);
}
