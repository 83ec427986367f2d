//! Creating, listing and deleting buckets.

use futures::StreamExt;
use rangeway_backend_gcs::GcsBackend;
use rangeway_core::{Backend, ErrorKind, Settings, StoreExt, StoreUri};

use crate::support::{BUCKET, fault_server, settings_of};

fn uri(bucket: &str) -> StoreUri {
    StoreUri::new("gs", bucket, "")
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_are_created_listed_and_deleted() {
    let server = fault_server();
    let settings = settings_of(&server);
    let names = async || {
        let listed = GcsBackend.list_containers(&uri(""), &settings).await.expect("a list");
        assert!(listed.iter().all(|bucket| bucket.created.is_some()));
        listed.into_iter().map(|bucket| bucket.name).collect::<Vec<_>>()
    };
    GcsBackend.create_container(&uri("one"), &settings).await.expect("a new bucket");
    assert_eq!(names().await, [BUCKET, "one"]);
    let again = GcsBackend.create_container(&uri("one"), &settings).await.expect_err("it exists");
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    let full = GcsBackend.delete_container(&uri(BUCKET), &settings).await.expect_err("it is not empty");
    assert_eq!(full.kind(), ErrorKind::PreconditionFailed);
    assert!(full.hint().expect("a hint").contains("rangeway rm"), "{full:?}");
    GcsBackend.delete_container(&uri("one"), &settings).await.expect("it is empty");
    assert_eq!(names().await, [BUCKET]);
    let gone = GcsBackend.delete_container(&uri("one"), &settings).await.expect_err("it is gone");
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_bucket_says_how_to_make_one() {
    let server = fault_server();
    let store = GcsBackend.open(&uri("nowhere"), &settings_of(&server)).expect("valid");
    let listed = store.list_prefix("").next().await.expect("an answer").expect_err("no bucket");
    let read = store.get_bytes("k").await.expect_err("no bucket");
    for error in [listed, read] {
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.hint().expect("a hint").contains("rangeway mb"), "{error:?}");
    }
    for keys in [vec!["a"], vec!["a", "b", "c"]] {
        let keys = futures::stream::iter(keys).map(Into::into).boxed();
        for deleted in store.delete(keys).collect::<Vec<_>>().await {
            assert_eq!(deleted.result.expect_err("no bucket").kind(), ErrorKind::NotFound);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said() {
    let error = GcsBackend.open(&uri(""), &Settings::default()).expect_err("no bucket");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let server = fault_server();
    let settings = Settings::default().set("emulator-host", server.endpoint());
    let error = GcsBackend.create_container(&uri("one"), &settings).await.expect_err("no project");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.hint().expect("a hint").contains("GOOGLE_CLOUD_PROJECT"), "{error:?}");
}
