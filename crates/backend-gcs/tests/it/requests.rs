//! What is sent, request by request.

use rangeway_core::{
    Attributes, CopyOptions, ErrorKind, GetOptions, HeadOptions, Key, ListOptions, PutOptions, Store,
    StoreExt,
};
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

/// What stands with an object that was written in a class of its own, and with its copy.
async fn copied(store: &dyn Store) -> [Attributes; 2] {
    let (from, to) = (Key::from("from"), Key::from("to"));
    let mut attributes = Attributes::new().content_type("text/plain").metadata("a", "b");
    attributes.cache_control = Some("no-store".to_owned());
    attributes.storage_class = Some("COLDLINE".to_owned());
    store.put(&from, "x".into(), PutOptions::new().attributes(attributes.clone())).await.expect("a write");
    store.copy(&from, &to, CopyOptions::new()).await.expect("a copy");
    let head = store.head(&to, HeadOptions::new()).await.expect("it exists");
    [attributes, head.attributes]
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_keep_the_storage_class_unless_the_settings_name_one() {
    let (server, store) = setup();
    let [attributes, of_copy] = copied(store.as_ref()).await;
    assert_eq!(of_copy, attributes);
    let store = open(&settings_of(&server).set("storage-class", "NEARLINE"));
    let [mut attributes, of_copy] = copied(store.as_ref()).await;
    attributes.storage_class = Some("NEARLINE".to_owned());
    assert_eq!(of_copy, attributes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_replaced_meanwhile_is_read_anew() {
    let (server, _) = setup();
    server.put_object("from", "hello");
    let store = open(&settings_of(&server).set("backoff", "1ms"));
    let rule = server.on(Matcher::of(RequestKind::CopyObject), Fault::no_such_key()).times(1);
    store
        .copy(&Key::from("from"), &Key::from("to"), CopyOptions::new())
        .await
        .expect("the new one is copied");
    assert_eq!((rule.hits(), server.counts().of(RequestKind::HeadObject)), (1, 2));
    let steps = server.requests_of(RequestKind::CopyObject);
    assert!(steps.iter().all(|step| step.parameter("sourceGeneration").is_some()), "{steps:?}");
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
