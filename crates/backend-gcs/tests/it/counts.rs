//! How many requests things cost.

use std::sync::Arc;

use futures::stream::{self, StreamExt};
use rangeway_core::{
    CopyOptions, GetOptions, HeadOptions, Key, ListOptions, PutMode, PutOptions, Store, StoreExt,
};
use rangeway_testkit::{RequestCounts, RequestKind, Seeded};

use crate::support::{CONDITION, setup};

const DATA: Seeded = Seeded::new(30);

fn bytes(size: u64) -> bytes::Bytes {
    DATA.bytes(0, usize::try_from(size).expect("small enough"))
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
    for size in [1, 3 << 20, 8 << 20] {
        let (server, store) = setup();
        server.put_object("k", bytes(size));
        read(&store, size).await;
        only(&server.counts(), &[(RequestKind::GetObject, 1)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_object_costs_one_get_for_each_part() {
    for (size, parts) in [((8 << 20) + 1, 2), (16 << 20, 2), ((16 << 20) + 1, 3)] {
        let (server, store) = setup();
        server.put_object("k", bytes(size));
        read(&store, size).await;
        only(&server.counts(), &[(RequestKind::GetObject, parts)]);
        let requests = server.requests();
        assert_eq!((requests[0].range(), requests[0].header(CONDITION)), (Some("bytes=0-8388607"), None));
        let tied = requests[1..].iter().all(|request| request.header(CONDITION).is_some());
        assert!(tied, "each is tied to the first");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_costs_what_it_has_to() {
    let (server, store) = setup();
    store.put_bytes("k", bytes(3 << 20)).await.expect("a write");
    only(&server.counts(), &[(RequestKind::PutObject, 1)]);
    server.reset_counts();
    store.put_bytes("k", bytes((16 << 20) + 1)).await.expect("a write");
    let upload = [
        (RequestKind::CreateMultipart, 1),
        (RequestKind::UploadPart, 3),
        (RequestKind::CompleteMultipart, 1),
    ];
    only(&server.counts(), &upload);
    read(&store, (16 << 20) + 1).await;

    // One with a condition is copied to where it belongs, in two steps as it is large, and what it was is deleted.
    server.reset_counts();
    let create = PutOptions::new().mode(PutMode::Create);
    store.put(&Key::from("new"), bytes((16 << 20) + 1).into(), create).await.expect("a write");
    let copied = [(RequestKind::CopyObject, 2), (RequestKind::DeleteObject, 1)];
    only(&server.counts(), &[upload.as_slice(), &copied].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_operations_are_one_request_for_each_page_or_batch() {
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
            // The head, and what stands with the source of the copy.
            (RequestKind::HeadObject, 2),
            (RequestKind::CopyObject, 1),
            (RequestKind::DeleteObject, 1),
            (RequestKind::DeleteObjects, 25),
        ],
    );
}
