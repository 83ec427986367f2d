//! What is sent, request by request.

use rangeway_core::{Attributes, ErrorKind, GetOptions, HeadOptions, Key, ListOptions, PutOptions, StoreExt};
use rangeway_testkit::{Fault, Matcher, RequestKind};

use crate::support::{open, settings_of, setup};

#[tokio::test(flavor = "multi_thread")]
async fn packed_objects_come_as_they_are_stored() {
    let (server, store) = setup();
    let mut attributes = Attributes::new();
    attributes.content_encoding = Some("gzip".to_owned());
    store
        .put(&Key::from("k"), "packed".into(), PutOptions::new().attributes(attributes))
        .await
        .expect("a write");
    let found = store.get(&Key::from("k"), GetOptions::new()).await.expect("it exists");
    assert_eq!((found.meta.size, found.attributes.content_encoding.as_deref()), (6, Some("gzip")));
    let head = store.head(&Key::from("k"), HeadOptions::new()).await.expect("it exists");
    assert_eq!((head.meta.size, head.attributes.content_encoding.as_deref()), (6, Some("gzip")));
    for kind in [RequestKind::GetObject, RequestKind::HeadObject] {
        assert_eq!(server.requests_of(kind)[0].header("accept-encoding"), Some("gzip"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_has_not_changed_is_not_sent() {
    let (server, store) = setup();
    server.put_object("k", "hello");
    let head = store.head(&Key::from("k"), HeadOptions::new()).await.expect("it exists");
    let etag = head.meta.etag.expect("an etag");
    let error =
        store.get(&Key::from("k"), GetOptions::new().if_none_match(&etag)).await.expect_err("the same");
    assert_eq!(error.kind(), rangeway_core::ErrorKind::NotModified);
    assert_eq!(server.counts().of(RequestKind::GetObject), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_nothing_does_not_say_that_an_object_is_gone() {
    let (server, store) = setup();
    store.delete_one("never there").await.expect("as good as deleted");
    server.put_object("k", "hello");
    server.on(
        Matcher::of(RequestKind::DeleteObject),
        Fault::Status { status: 404, code: "", retry_after: None },
    );
    let error = store.delete_one("k").await.expect_err("an answer of somebody else");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_sent() {
    let (server, _) = setup();
    let settings = settings_of(&server).set("user-project", "payer").set("storage-class", "NEARLINE");
    let store = open(&settings);
    store.put_bytes("k", "x").await.expect("a write");
    let put = &server.requests_of(RequestKind::PutObject)[0];
    assert_eq!(put.header("x-goog-user-project"), Some("payer"));
    assert_eq!(put.header("x-goog-storage-class"), Some("NEARLINE"));
    let head = store.head(&Key::from("k"), HeadOptions::new()).await.expect("it exists");
    assert_eq!(head.attributes.storage_class.as_deref(), Some("NEARLINE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_ask_for_what_they_need() {
    use futures::TryStreamExt;
    let (server, store) = setup();
    for key in ["a", "b/1", "b/2", "c"] {
        server.put_object(key, "");
    }
    let listed = async |options: ListOptions| {
        let entries = store.list(options).try_collect::<Vec<_>>().await.expect("a listing");
        entries.iter().map(|entry| entry.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(ListOptions::new().start_after("b/1").delimiter("/")).await, ["b/", "c"]);
    assert_eq!(listed(ListOptions::new().start_after("b/2").delimiter("/")).await, ["c"]);
    let first = &server.requests_of(RequestKind::ListObjects)[0];
    assert_eq!(first.parameter("startOffset").as_deref(), Some("b/1"));
    assert!(first.parameter("fields").is_some_and(|fields| fields.contains("nextPageToken")));
}
