//! Credentials from an instance's metadata service, and from none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rangeway_core::{Env, ErrorKind, Settings, StoreExt};
use rangeway_testkit::S3Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{BUCKET, open};

/// A metadata service that answers every request by its path; gives its URL and the number of its requests.
async fn service(
    answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (requests, answer) = (Arc::new(AtomicUsize::new(0)), Arc::new(answer));
    let counter = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (counter, answer) = (Arc::clone(&counter), Arc::clone(&answer));
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if socket.read(&mut byte).await.unwrap_or(0) == 0 {
                        return;
                    }
                    head.extend_from_slice(&byte);
                }
                counter.fetch_add(1, Ordering::SeqCst);
                let head = String::from_utf8_lossy(&head);
                let (status, body) = answer(head.split(' ').nth(1).unwrap_or_default());
                let length = body.len();
                let text = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                let _ = socket.write_all(text.as_bytes()).await;
            });
        }
    });
    (url, requests)
}

fn without_keys(server: &S3Server, metadata: &str) -> Settings {
    let keyless = server.environment().into_iter().filter(|(name, _)| !name.contains("ACCESS_KEY"));
    let metadata = ("AWS_EC2_METADATA_SERVICE_ENDPOINT".to_owned(), metadata.to_owned());
    Settings::new(keyless.chain([metadata]).collect::<Env>())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_gives_credentials_once() {
    let is_busy = AtomicBool::new(true);
    let (url, requests) = service(move |path| {
        if is_busy.swap(false, Ordering::SeqCst) {
            return (503, String::new());
        }
        let body = match path {
            "/latest/api/token" => "token".to_owned(),
            "/latest/meta-data/iam/security-credentials/" => "role".to_owned(),
            "/latest/meta-data/iam/security-credentials/role" => format!(
                r#"{{"AccessKeyId":"{}","SecretAccessKey":"{}","Token":"t","Expiration":"2100-01-01T00:00:00Z"}}"#,
                S3Server::ACCESS_KEY_ID,
                S3Server::SECRET_ACCESS_KEY
            ),
            _ => return (404, String::new()),
        };
        (200, body)
    })
    .await;
    let server = S3Server::start().expect("a free port");
    server.create_bucket(BUCKET).expect("a new folder");
    let store = open(&without_keys(&server, &url));
    store.put_bytes("k", "x").await.expect("signed with the instance's credentials");
    assert_eq!(store.get_bytes("k").await.expect("it exists"), "x");
    assert_eq!(requests.load(Ordering::SeqCst), 4, "fetched once, when it is ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_credentials_anywhere_is_said_soon_and_once_for_all() {
    let (url, requests) = service(|_| (404, String::new())).await;
    let server = S3Server::start().expect("a free port");
    let store = open(&without_keys(&server, &url));
    let begun = Instant::now();
    let all = (0..20).map(|_| store.get_bytes("k"));
    for result in futures::future::join_all(all).await {
        let error = result.expect_err("there are no credentials");
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{error:?}");
        assert!(error.hint().expect("a hint").contains("AWS_ACCESS_KEY_ID"));
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "a bound against hanging, not a measurement");
    assert_eq!(requests.load(Ordering::SeqCst), 1, "one search for all requests");
    assert_eq!(server.counts().total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_instance_does_not_hang() {
    // It accepts, and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = S3Server::start().expect("a free port");
    let store = open(&without_keys(&server, &url));
    let error =
        tokio::time::timeout(Duration::from_mins(1), store.get_bytes("k")).await.expect("in bounded time");
    assert_eq!(error.expect_err("no credentials").kind(), ErrorKind::Unauthenticated);
}
