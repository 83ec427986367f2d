//! Who may do what, and over which connection.

use std::error::Error as _;

use rangeway_backend_s3::S3Backend;
use rangeway_core::{Backend, ErrorKind, Settings, StoreExt, StoreUri};
use rangeway_testkit::{S3Server, S3ServerOptions};
use tempfile::NamedTempFile;

use crate::support::{BUCKET, open, settings};

fn server() -> S3Server {
    let server = S3Server::start().expect("a free port");
    server.create_bucket(BUCKET).expect("a new folder");
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_unauthenticated_and_never_shown() {
    let server = server();
    let store = open(&settings(&server).set("secret-access-key", "hunter2"));
    let error = store.get_bytes("k").await.expect_err("a wrong secret");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unauthenticated, 1));
    assert!(error.hint().expect("a hint").contains("secret"));
    let mut shown = format!("{error} {error:?} {store:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        shown.push_str(&error.to_string());
        cause = error.source();
    }
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("SignatureDoesNotMatch"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn anonymous_requests_carry_no_signature() {
    let server = server();
    let store = open(&settings(&server).set("anonymous", "true"));
    let error = store.get_bytes("k").await.expect_err("the server wants a signature");
    assert!(matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::Unauthenticated), "{error:?}");
    assert!(!format!("{error:?}").contains("SignatureDoesNotMatch"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn payloads_can_be_signed() {
    let server = server();
    let store = open(&settings(&server).set("sign-payload", "true").set("put-threshold", "6MiB"));
    let bytes = vec![7; 13 << 20];
    store.put_bytes("small", bytes[..1 << 20].to_vec()).await.expect("one request");
    store.put_bytes("large", bytes.clone()).await.expect("in parts");
    assert_eq!(store.get_bytes("large").await.expect("it exists"), bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn https_works_with_the_right_authority_and_is_refused_without() {
    let server = S3ServerOptions::new().tls(true).start().expect("a free port");
    server.create_bucket(BUCKET).expect("a new folder");
    let plain = settings(&server);
    let error = open(&plain).get_bytes("k").await.expect_err("an unknown authority");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 1), "{error:?}");
    assert!(error.hint().expect("a hint").contains("ca-bundle"), "{error:?}");

    let bundle = NamedTempFile::new().expect("a file");
    std::fs::write(bundle.path(), server.ca_pem().expect("a server with TLS")).expect("a file");
    let store = open(&plain.set("ca-bundle", bundle.path().display().to_string()));
    store.put_bytes("k", vec![7; 20 << 20]).await.expect("over TLS");
    assert_eq!(store.get_bytes("k").await.expect("it exists").len(), 20 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bucket_can_stand_in_the_host_name() {
    // The port stands in the domain, so it has to be known before.
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    let domain = format!("s3.localhost:{port}");
    let server = S3ServerOptions::new().port(port).domain(&domain).start().expect("the port is free still");
    server.create_bucket(BUCKET).expect("a new folder");
    let store =
        open(&settings(&server).set("endpoint", format!("http://{domain}")).set("path-style", "false"));
    match store.put_bytes("a/b", "x").await {
        Ok(_) => assert_eq!(store.get_bytes("a/b").await.expect("it exists"), "x"),
        // Not every resolver knows names below localhost.
        Err(error) => assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_connect() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
    let settings = Settings::default()
        .set("endpoint", format!("http://{free}"))
        .set("access-key-id", "a")
        .set("secret-access-key", "b")
        .set("attempts", "2")
        .set("backoff", "1ms");
    let store = S3Backend.open(&StoreUri::new("s3", BUCKET, ""), &settings).expect("valid");
    let error = store.get_bytes("k").await.expect_err("nobody listens");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 2), "{error:?}");
}
