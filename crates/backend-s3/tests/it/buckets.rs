//! Creating, listing and deleting buckets.

use futures::StreamExt;
use rangeway_backend_s3::S3Backend;
use rangeway_core::{Backend, ErrorKind, StoreExt, StoreUri};
use rangeway_testkit::S3Server;

use crate::support::settings;

fn uri(bucket: &str) -> StoreUri {
    StoreUri::new("s3", bucket, "")
}

#[tokio::test(flavor = "multi_thread")]
async fn buckets_are_created_listed_and_deleted() {
    let server = S3Server::start().expect("a free port");
    let settings = settings(&server);
    let names = async || {
        let listed = S3Backend.list_containers(&uri(""), &settings).await.expect("a list");
        listed.into_iter().map(|bucket| bucket.name).collect::<Vec<_>>()
    };
    assert_eq!(names().await, Vec::<String>::new());
    S3Backend.create_container(&uri("one"), &settings).await.expect("a new bucket");
    S3Backend
        .create_container(&uri("two"), &settings.clone().set("region", "eu-west-1"))
        .await
        .expect("elsewhere");
    assert_eq!(names().await, ["one", "two"]);
    let again = S3Backend.create_container(&uri("one"), &settings).await.expect_err("it exists");
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);

    let store = S3Backend.open(&uri("one"), &settings).expect("valid");
    store.put_bytes("k", "x").await.expect("a write");
    store.delete_one("k").await.expect("a deletion");
    S3Backend.delete_container(&uri("one"), &settings).await.expect("it is empty");
    assert_eq!(names().await, ["two"]);
    let gone = S3Backend.delete_container(&uri("one"), &settings).await.expect_err("it is gone");
    assert_eq!(gone.kind(), ErrorKind::NotFound, "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_bucket_says_how_to_make_one() {
    let server = S3Server::start().expect("a free port");
    let store = S3Backend.open(&uri("nowhere"), &settings(&server)).expect("valid");
    let listed = store.list_prefix("").next().await.expect("an answer");
    let error = listed.expect_err("no bucket");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.hint().expect("a hint").contains("rangeway mb"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uri_without_a_bucket_is_refused() {
    let error = S3Backend.open(&uri(""), &rangeway_core::Settings::default()).expect_err("no bucket");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    for result in [
        S3Backend.create_container(&uri(""), &rangeway_core::Settings::default()).await,
        S3Backend.delete_container(&uri(""), &rangeway_core::Settings::default()).await,
    ] {
        assert_eq!(result.expect_err("no bucket").kind(), ErrorKind::InvalidInput);
    }
}
