//! How many requests things cost.
//!
//! The tests of the azure and gcs backends include this file: what differs between the services is in `support`.

use std::sync::Arc;

use futures::stream::StreamExt;
use rangeway_core::{
    CopyOptions, GetOptions, HeadOptions, Key, ListOptions, Payload, PutOptions, Store, StoreExt,
};
use rangeway_testkit::{FaultServer, RequestKind, Seeded};

use crate::support::{CONDITION, COPY, EMPTY, UPLOAD, fault_server, open, settings_of};

const DATA: Seeded = Seeded::new(30);

pub(crate) fn bytes(size: u64) -> bytes::Bytes {
    DATA.bytes(0, usize::try_from(size).expect("small enough"))
}

/// A server in memory and its store, with the engine's own settings.
pub(crate) fn setup() -> (FaultServer, Arc<dyn Store>) {
    let server = fault_server();
    let store = open(&settings_of(&server));
    (server, store)
}

/// Reads the `size` bytes of `k` whole.
pub(crate) async fn read(store: &Arc<dyn Store>, size: u64) {
    let body = store.get(&Key::from("k"), GetOptions::new()).await.expect("an answer").body;
    DATA.verify_body(0, size, body).await.expect("the right bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_object_costs_one_get_and_no_head() {
    for size in [1, 3 << 20, 8 << 20] {
        let (server, store) = setup();
        server.put_object("k", bytes(size));
        read(&store, size).await;
        server.counts().assert_only(&[(RequestKind::GetObject, 1)]);
    }
    let (server, store) = setup();
    server.put_object("k", "");
    read(&store, 0).await;
    assert_eq!(server.counts().total(), EMPTY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_object_costs_one_get_for_each_part() {
    for (size, parts) in [((8 << 20) + 1, 2), (16 << 20, 2), ((16 << 20) + 1, 3), (25 << 20, 4)] {
        let (server, store) = setup();
        server.put_object("k", bytes(size));
        read(&store, size).await;
        server.counts().assert_only(&[(RequestKind::GetObject, parts)]);
        let requests = server.requests();
        assert_eq!((requests[0].range(), requests[0].header(CONDITION)), (Some("bytes=0-8388607"), None));
        let tied = requests[1..].iter().all(|request| request.header(CONDITION).is_some());
        assert!(tied, "each is tied to the first");
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
        server.counts().assert_only(&[(RequestKind::GetObject, parts)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_write_is_one_request() {
    for size in [0, 1, 3 << 20, 16 << 20] {
        let (server, store) = setup();
        store.put_bytes("k", bytes(size)).await.expect("a write");
        let unknown = Payload::stream(None, DATA.stream(size, 1 << 20));
        store.put(&Key::from("k"), unknown, PutOptions::new()).await.expect("a write");
        server.counts().assert_only(&[(RequestKind::PutObject, 2)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_write_is_an_upload() {
    let (server, store) = setup();
    store.put_bytes("k", bytes((16 << 20) + 1)).await.expect("a write");
    server.counts().assert_only(UPLOAD);
    assert_eq!(server.object("k"), Some(bytes((16 << 20) + 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_operations_are_one_request_for_each_page_or_object() {
    let (server, store) = setup();
    for number in 0..2_500 {
        server.put_object(&format!("{number:05}"), "");
    }
    let key = Key::from("00000");
    assert_eq!(store.list(ListOptions::new()).count().await, 2_500);
    store.head(&key, HeadOptions::new()).await.expect("it exists");
    store.delete_one("00001").await.expect("a deletion");
    server.counts().assert_only(&[
        // The server gives a thousand keys with each page.
        (RequestKind::ListObjects, 3),
        (RequestKind::HeadObject, 1),
        (RequestKind::DeleteObject, 1),
    ]);
    server.reset_counts();
    store.copy(&key, &Key::from("copy"), CopyOptions::new()).await.expect("a copy");
    server.counts().assert_only(COPY);
}
