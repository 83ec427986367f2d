//! What stands in the requests, and what unusual answers become.

use std::sync::Arc;

use futures::StreamExt;
use rangeway_backend_s3::S3Store;
use rangeway_core::{
    Attributes, Capabilities, CopyOptions, Env, ErrorKind, GetOptions, Key, ListEntry, ListOptions, Payload,
    PutMode, PutOptions, Settings, Store, StoreExt, StoreUri,
};
use rangeway_range_engine::Policy;
use rangeway_testkit::{Ending, Fault, FaultServer, Matcher, RequestKind};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{BUCKET, open};

fn server() -> (FaultServer, Settings) {
    let server = FaultServer::start(BUCKET).expect("a free port");
    let settings = Settings::new(Env::from_iter(server.environment())).set("backoff", "1ms");
    (server, settings)
}

/// The store without the engine: one request per operation.
fn raw(settings: &Settings) -> S3Store {
    let retry = Policy::network().from_settings(settings).expect("valid").retry();
    S3Store::open(&StoreUri::new("s3", BUCKET, ""), settings, retry).expect("valid")
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_sent_as_they_are() {
    let (server, settings) = server();
    let store = open(&settings);
    for (key, path) in
        [("../a/./b//", "/data/../a/./b//"), ("/", "/data//"), ("%2F+ \u{e9}", "/data/%252F%2B%20%C3%A9")]
    {
        store.put_bytes(key, "x").await.expect("a write");
        assert_eq!(server.requests().last().expect("a request").path, path);
        assert_eq!(server.object(key).expect("it is there"), "x");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_become_headers() {
    let (server, settings) = server();
    let settings = settings
        .set("storage-class", "STANDARD_IA")
        .set("encryption", "aws:kms")
        .set("kms-key-id", "key")
        .set("request-payer", "true");
    let own_class = {
        let mut attributes = Attributes::new();
        attributes.storage_class = Some("GLACIER".to_owned());
        PutOptions::new().attributes(attributes)
    };
    let store = open(&settings);
    store.put_bytes("k", "x").await.expect("a write");
    store.put(&Key::from("l"), "x".into(), own_class).await.expect("a write");
    let requests = server.requests_of(RequestKind::PutObject);
    let header = |index: usize, name: &str| requests[index].header(name).unwrap_or_default().to_owned();
    assert_eq!(header(0, "x-amz-storage-class"), "STANDARD_IA");
    assert_eq!(header(0, "x-amz-server-side-encryption"), "aws:kms");
    assert_eq!(header(0, "x-amz-server-side-encryption-aws-kms-key-id"), "key");
    assert_eq!(header(0, "x-amz-request-payer"), "requester");
    assert!(header(0, "authorization").contains("x-amz-request-payer"), "it is signed");
    assert_eq!(header(1, "x-amz-storage-class"), "GLACIER");
    store.get_bytes("k").await.expect("a read");
    let get = server.requests_of(RequestKind::GetObject).pop().expect("a request");
    assert_eq!(
        (get.header("x-amz-storage-class"), get.header("x-amz-request-payer")),
        (None, Some("requester"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn conditional_writes_can_be_declared_missing() {
    let (server, settings) = server();
    let store = open(&settings.set("conditional-writes", "false"));
    let capabilities: &Capabilities = store.capabilities();
    assert!(!capabilities.put_create && !capabilities.put_if_match && !capabilities.copy_create);
    let create = || PutOptions::new().mode(PutMode::Create);
    let put = store.put(&Key::from("k"), "x".into(), create()).await;
    assert_eq!(put.expect_err("refused").kind(), ErrorKind::Unsupported);
    let large = store.put(&Key::from("k"), vec![0; 20 << 20].into(), create()).await;
    assert_eq!(large.expect_err("refused").kind(), ErrorKind::Unsupported);
    let copied = store.copy(&Key::from("a"), &Key::from("b"), CopyOptions::new().mode(PutMode::Create)).await;
    assert_eq!(copied.expect_err("refused").kind(), ErrorKind::Unsupported);
    assert_eq!(server.counts().of(RequestKind::PutObject), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_object_in_answer_to_a_range_is_called_that() {
    let (server, settings) = server();
    server.put_object("k", "0123456789");
    server.on(Matcher::get(), Fault::IgnoreRange);
    let response =
        raw(&settings).get(&Key::from("k"), GetOptions::new().range(2..4)).await.expect("an answer");
    assert_eq!((response.range.clone(), response.meta.size), (0..10, 10));
    assert_eq!(response.body.bytes().await.expect("whole"), "0123456789");
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_hold_where_the_service_ignores_them() {
    let (server, settings) = server();
    server.put_object("k", "x");
    server.on(Matcher::any(), Fault::IgnoreConditions);
    let store = raw(&settings);
    let other = store.get(&Key::from("k"), GetOptions::new().if_match("\"other\"")).await;
    assert_eq!(other.expect_err("another etag").kind(), ErrorKind::PreconditionFailed);
    let etag =
        store.head(&Key::from("k"), rangeway_core::HeadOptions::new()).await.expect("it exists").meta.etag;
    let same = store.get(&Key::from("k"), GetOptions::new().if_none_match(etag.expect("an etag"))).await;
    assert_eq!(same.expect_err("the same etag").kind(), ErrorKind::NotModified);
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed() {
    let (server, settings) = server();
    let elsewhere = FaultServer::start(BUCKET).expect("a free port");
    elsewhere.put_object("k", "x");
    for status in [301, 307] {
        server.behave();
        server.on(
            Matcher::any(),
            Fault::Redirect { status, location: format!("{}/data/k", elsewhere.endpoint()) },
        );
        let error = open(&settings).get_bytes("k").await.expect_err("a redirect");
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::InvalidInput, false), "{error:?}");
        assert!(error.hint().expect("a hint").contains("region"), "{error:?}");
    }
    assert_eq!(elsewhere.requests().len(), 0, "credentials stay where they are meant for");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_in_answers_with_success_are_errors() {
    let (server, settings) = server();
    server.put_object("from", "x");
    let store = open(&settings);
    let rule = server.on(Matcher::of(RequestKind::CopyObject), Fault::ErrorInBody("InternalError")).times(1);
    store.copy(&Key::from("from"), &Key::from("to"), CopyOptions::new()).await.expect("the second attempt");
    assert_eq!(rule.hits(), 1);
    server.on(Matcher::of(RequestKind::CompleteMultipart), Fault::ErrorInBody("InvalidPart"));
    let error = store.put(&Key::from("large"), vec![0; 20 << 20].into(), PutOptions::new()).await;
    assert_eq!(error.expect_err("a bad part").kind(), ErrorKind::InvalidInput);
    store.drain().await;
    assert!(server.object("large").is_none() && server.open_uploads().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_completion_is_found_out() {
    for mode in [PutMode::Overwrite, PutMode::Create] {
        let (server, settings) = server();
        let store = open(&settings);
        let lost = Fault::BeforeHead(Ending::Reset);
        let rule = server.on(Matcher::of(RequestKind::CompleteMultipart), lost).times(1);
        let payload = Payload::from(vec![7; 20 << 20]);
        let written = store.put(&Key::from("k"), payload, PutOptions::new().mode(mode.clone())).await;
        let etag = written.unwrap_or_else(|error| panic!("{mode:?}: {error:?}")).etag;
        let head = store.head(&Key::from("k"), rangeway_core::HeadOptions::new()).await.expect("it exists");
        assert_eq!((rule.hits(), etag), (1, head.meta.etag), "{mode:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completion_refused_for_another_object_stays_refused() {
    let (server, settings) = server();
    server.on(Matcher::of(RequestKind::CompleteMultipart), Fault::slow_down(None)).times(1);
    let store = open(&settings);
    server.put_object("k", vec![1; 20 << 20]);
    let written =
        store.put(&Key::from("k"), vec![7; 20 << 20].into(), PutOptions::new().mode(PutMode::Create)).await;
    assert_eq!(written.expect_err("somebody else's").kind(), ErrorKind::AlreadyExists);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_listing_are_tried_again() {
    let (server, settings) = server();
    let keys: Vec<String> = (0..2_500).map(|number| format!("{number:05}")).collect();
    for key in &keys {
        server.put_object(key, "");
    }
    let rule = server.on(Matcher::of(RequestKind::ListObjects), Fault::slow_down(None)).after(1).times(2);
    let listed: Vec<_> =
        open(&settings).list(ListOptions::new()).map(|entry| entry.expect("a page")).collect().await;
    assert!(listed.iter().map(rangeway_core::ListEntry::name).eq(&keys));
    assert_eq!((rule.hits(), server.counts().of(RequestKind::ListObjects)), (2, 3 + 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_deleted_by_the_thousand_and_alone_where_xml_fails() {
    let (server, settings) = server();
    let mut keys: Vec<String> = (0..2_100).map(|number| format!("{number:05}")).collect();
    keys.push("control\u{1}\u{fffe}".into());
    for key in &keys {
        server.put_object(key, "");
    }
    let rule = server.on(Matcher::of(RequestKind::DeleteObjects), Fault::internal_error()).times(1);
    let store = open(&settings);
    let keys = futures::stream::iter(keys).map(Key::from).boxed();
    let results: Vec<_> = store.delete(keys).collect().await;
    assert_eq!(results.len(), 2_101);
    assert!(results.iter().all(|deleted| deleted.result.is_ok()));
    assert!(store.list(ListOptions::new()).next().await.is_none());
    let counts = server.counts();
    assert_eq!(
        (rule.hits(), counts.of(RequestKind::DeleteObjects), counts.of(RequestKind::DeleteObject)),
        (1, 4, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_batches_deletes_one_by_one() {
    let (server, settings) = server();
    let missing = Fault::Status { status: 501, code: "NotImplemented", retry_after: None };
    server.on(Matcher::of(RequestKind::DeleteObjects), missing);
    for key in ["a", "b", "c"] {
        server.put_object(key, "");
    }
    let keys = futures::stream::iter(["a", "b", "c"]).map(Key::from).boxed();
    let results: Vec<_> = open(&settings).delete(keys).collect().await;
    assert!(results.iter().all(|deleted| deleted.result.is_ok()));
    assert_eq!(server.counts().of(RequestKind::DeleteObject), 3);
    assert!(["a", "b", "c"].iter().all(|key| server.object(key).is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_batch_is_an_error_for_each_of_its_keys() {
    let (server, settings) = server();
    server.on(Matcher::of(RequestKind::DeleteObjects), Fault::access_denied());
    let keys = futures::stream::iter(["a", "b"]).map(Key::from).boxed();
    let results: Vec<_> = open(&settings).delete(keys).collect().await;
    assert_eq!(results.len(), 2);
    for deleted in results {
        let error = deleted.result.expect_err("denied");
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert_eq!(error.uri(), Some(format!("s3://data/{}", deleted.key).as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_raw_store_sends_each_request_once() {
    let (server, settings) = server();
    server.put_object("k", "x");
    server.on(Matcher::any(), Fault::slow_down(Some(7)));
    let store: Arc<dyn Store> = Arc::new(raw(&settings));
    let error = store.get_bytes("k").await.expect_err("busy");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::RateLimited, true));
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(7)));
    assert_eq!(store.put_bytes("k", "y").await.expect_err("busy").kind(), ErrorKind::RateLimited);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_beside_the_direct_path_show_in_the_stats() {
    let (server, settings) = server();
    server.put_object("k", "abc");
    for (direct, fallbacks) in [("true", 0), ("false", 2)] {
        let store = open(&settings.clone().set("direct", direct));
        for _ in 0..2 {
            assert_eq!(store.get_bytes("k").await.expect("a read"), "abc");
        }
        let stats = store.stats();
        assert_eq!((stats.requests, stats.fallbacks), (2, fallbacks));
    }
}

/// Answers one request with this document, and says where it waits for it.
async fn answers_once(document: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await?;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            socket.read_buf(&mut request).await?;
        }
        let length = document.len();
        socket
            .write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{document}").as_bytes())
            .await
    });
    format!("http://{address}")
}

#[tokio::test]
async fn names_that_are_not_utf8_are_left_out_and_counted() {
    let document = "<ListBucketResult><EncodingType>url</EncodingType>\
        <Contents><Key>a%FF</Key><Size>0</Size></Contents><Contents><Key>b</Key><Size>0</Size></Contents>\
        <CommonPrefixes><Prefix>c%FE/</Prefix></CommonPrefixes></ListBucketResult>";
    let settings = Settings::default().set("endpoint", answers_once(document).await).set("anonymous", "true");
    let store = open(&settings);
    let names: Vec<_> =
        store.list(ListOptions::new().delimiter("/")).map(|entry| entry.expect("listed")).collect().await;
    assert_eq!(names.iter().map(ListEntry::name).collect::<Vec<_>>(), ["b"]);
    assert_eq!(store.stats().left_out, 2);
}
