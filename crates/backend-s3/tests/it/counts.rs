//! How many requests things cost.

use std::sync::Arc;

use futures::stream::{self, StreamExt};
use rangeway_core::{
    CopyOptions, Env, GetOptions, HeadOptions, Key, ListOptions, Payload, PutOptions, Settings, Store,
    StoreExt,
};
use rangeway_testkit::{FaultServer, RequestCounts, RequestKind, S3Server, Seeded};

use crate::support::{BUCKET, open, settings};

const DATA: Seeded = Seeded::new(30);

fn bytes(size: u64) -> bytes::Bytes {
    DATA.bytes(0, usize::try_from(size).expect("small enough"))
}

/// A server in memory and its store, with the engine's own settings.
fn setup() -> (FaultServer, Arc<dyn Store>) {
    let server = FaultServer::start(BUCKET).expect("a free port");
    let store = open(&Settings::new(Env::from_iter(server.environment())));
    (server, store)
}

async fn read(store: &Arc<dyn Store>, size: u64) {
    let body = store.get(&Key::from("k"), GetOptions::new()).await.expect("an answer").body;
    DATA.verify_body(0, size, body).await.expect("the right bytes");
}

fn only(counts: &RequestCounts, kinds: &[(RequestKind, u64)]) {
    for (kind, expected) in kinds {
        assert_eq!(counts.of(*kind), *expected, "{kind:?} in {counts:?}");
    }
    assert_eq!(counts.total(), kinds.iter().map(|(_, count)| count).sum::<u64>(), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_object_costs_one_get_and_no_head() {
    for size in [0, 1, 3 << 20, 8 << 20] {
        let (server, store) = setup();
        server.put_object("k", bytes(size));
        read(&store, size).await;
        only(&server.counts(), &[(RequestKind::GetObject, 1)]);

        let server = S3Server::start().expect("a free port");
        server.create_bucket(BUCKET).expect("a new folder");
        let store = open(&settings(&server));
        store.put_bytes("k", bytes(size)).await.expect("a write");
        server.reset_counts();
        read(&store, size).await;
        only(&server.counts(), &[(RequestKind::GetObject, 1)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_object_costs_one_get_for_each_part() {
    for (size, parts) in [((8 << 20) + 1, 2), (16 << 20, 2), ((16 << 20) + 1, 3), (25 << 20, 4)] {
        let (server, store) = setup();
        server.put_object("k", bytes(size));
        read(&store, size).await;
        only(&server.counts(), &[(RequestKind::GetObject, parts)]);
        let requests = server.requests();
        assert_eq!(requests[0].range(), Some("bytes=0-8388607"));
        assert_eq!(requests[0].if_match(), None);
        assert!(
            requests[1..].iter().all(|request| request.if_match().is_some()),
            "each is tied to the first"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_costs_what_it_holds() {
    let (server, store) = setup();
    server.put_object("k", bytes(30 << 20));
    for (range, parts) in [(5..10_u64, 1), (1 << 20..9 << 20, 1), (1 << 20..(9 << 20) + 1, 2)] {
        server.reset_counts();
        let body = store.get(&Key::from("k"), GetOptions::new().range(range.clone())).await;
        let body = body.expect("an answer").body;
        DATA.verify_body(range.start, range.end - range.start, body).await.expect("the right bytes");
        only(&server.counts(), &[(RequestKind::GetObject, parts)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_write_is_one_request() {
    for size in [0, 1, 3 << 20, 16 << 20] {
        let (server, store) = setup();
        store.put_bytes("k", bytes(size)).await.expect("a write");
        let unknown = Payload::stream(None, DATA.stream(size, 1 << 20));
        store.put(&Key::from("k"), unknown, PutOptions::new()).await.expect("a write");
        only(&server.counts(), &[(RequestKind::PutObject, 2)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_write_is_an_upload() {
    let (server, store) = setup();
    store.put_bytes("k", bytes((16 << 20) + 1)).await.expect("a write");
    only(
        &server.counts(),
        &[
            (RequestKind::CreateMultipart, 1),
            (RequestKind::UploadPart, 3),
            (RequestKind::CompleteMultipart, 1),
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn other_operations_are_one_request_for_each_thousand() {
    let (server, store) = setup();
    let keys: Vec<Key> = (0..2_500).map(|number| Key::from(format!("{number:05}"))).collect();
    for key in &keys {
        server.put_object(key.as_str(), "");
    }
    assert_eq!(store.list(ListOptions::new()).count().await, 2_500);
    store.head(&keys[0], HeadOptions::new()).await.expect("it exists");
    store.copy(&keys[0], &Key::from("copy"), CopyOptions::new()).await.expect("a copy");
    store.delete_one("copy").await.expect("a deletion");
    assert_eq!(store.delete(stream::iter(keys).boxed()).count().await, 2_500);
    only(
        &server.counts(),
        &[
            (RequestKind::ListObjects, 3),
            (RequestKind::HeadObject, 1),
            (RequestKind::CopyObject, 1),
            (RequestKind::DeleteObject, 1),
            (RequestKind::DeleteObjects, 3),
        ],
    );
}
