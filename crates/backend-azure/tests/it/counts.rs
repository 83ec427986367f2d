//! How many requests things cost.

use futures::StreamExt;
use rangeway_core::{CopyOptions, GetOptions, HeadOptions, Key, ListOptions, StoreExt};
use rangeway_testkit::{RequestCounts, RequestKind, Seeded};

use crate::support::{CONDITION, fault_server, open, settings_of};

const DATA: Seeded = Seeded::new(30);

fn bytes(size: u64) -> bytes::Bytes {
    DATA.bytes(0, usize::try_from(size).expect("small enough"))
}

fn only(counts: &RequestCounts, kinds: &[(RequestKind, u64)]) {
    for (kind, expected) in kinds {
        assert_eq!(counts.of(*kind), *expected, "{kind:?} in {counts:?}");
    }
    assert_eq!(counts.total(), kinds.iter().map(|(_, count)| count).sum::<u64>(), "{counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_costs_one_get_for_each_part_and_no_head() {
    for (size, parts) in [(0, 1), (1, 1), (8 << 20, 1), ((8 << 20) + 1, 2), (16 << 20, 2), (25 << 20, 4)] {
        let server = fault_server();
        let store = open(&settings_of(&server));
        server.put_object("k", bytes(size));
        let body = store.get(&Key::from("k"), GetOptions::new()).await.expect("an answer").body;
        DATA.verify_body(0, size, body).await.expect("the right bytes");
        only(&server.counts(), &[(RequestKind::GetObject, parts)]);
        let requests = server.requests();
        assert_eq!((requests[0].range(), requests[0].header(CONDITION)), (Some("bytes=0-8388607"), None));
        let tied = requests[1..].iter().all(|request| request.header(CONDITION).is_some());
        assert!(tied, "each is tied to the first");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_write_is_one_request_and_a_large_one_a_request_for_each_block_and_one_more() {
    for size in [0, 3 << 20, 16 << 20] {
        let server = fault_server();
        open(&settings_of(&server)).put_bytes("k", bytes(size)).await.expect("a write");
        only(&server.counts(), &[(RequestKind::PutObject, 1)]);
    }
    let server = fault_server();
    open(&settings_of(&server)).put_bytes("k", bytes((16 << 20) + 1)).await.expect("a write");
    only(&server.counts(), &[(RequestKind::UploadPart, 3), (RequestKind::CompleteMultipart, 1)]);
    assert_eq!(server.object("k"), Some(bytes((16 << 20) + 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_operations_are_one_request_for_each_page_or_object() {
    let server = fault_server();
    let store = open(&settings_of(&server));
    for number in 0..2_500 {
        server.put_object(&format!("{number:05}"), "");
    }
    let key = Key::from("00000");
    assert_eq!(store.list(ListOptions::new()).count().await, 2_500);
    store.head(&key, HeadOptions::new()).await.expect("it exists");
    store.copy(&key, &Key::from("copy"), CopyOptions::new()).await.expect("a copy");
    store.delete_one("copy").await.expect("a deletion");
    only(
        &server.counts(),
        &[
            // The server gives a thousand keys with each page.
            (RequestKind::ListObjects, 3),
            (RequestKind::HeadObject, 1),
            (RequestKind::CopyObject, 1),
            (RequestKind::DeleteObject, 1),
        ],
    );
}
