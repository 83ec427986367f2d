//! One request, and all that may come of it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::stream;
use rangeway_core::{ErrorKind, Payload, Settings};
use rangeway_transport::{ClientOptions, Method, Request, RequestBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::peer::{Peer, rest};

fn answer(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\n\r\n{body}").into_bytes()
}

fn ok(body: &str) -> Vec<u8> {
    answer(&format!("200 OK\r\nContent-Length: {}", body.len()), body)
}

#[tokio::test]
async fn paths_and_bodies_arrive_as_they_are() {
    let peer = Peer::start(vec![ok(""), ok(""), ok("")]).await;
    let rest = rest(&ClientOptions::default());
    let rope = RequestBody::rope(vec![Bytes::from("ab"), Bytes::new(), Bytes::from("c")]);
    let stream = Payload::stream(Some(3), stream::iter([Ok(Bytes::from("de")), Ok(Bytes::from("f"))]));
    let stream = RequestBody::from_payload(stream).await.expect("a body");
    for (path, body) in [("//a/../b/.?x=%2F", rope), ("/", stream), ("/empty", RequestBody::empty())] {
        let response = rest.send(peer.request(Method::PUT, path).body(body)).await.expect("an answer");
        response.into_bytes(10).await.expect("an empty body");
    }
    let requests = peer.requests();
    for (request, line, length, body) in [
        (&requests[0], "PUT //a/../b/.?x=%2F HTTP/1.1\r\n", "content-length: 3\r\n", "\r\n\r\nabc"),
        (&requests[1], "PUT / HTTP/1.1\r\n", "content-length: 3\r\n", "\r\n\r\ndef"),
        (&requests[2], "PUT /empty HTTP/1.1\r\n", "content-length: 0\r\n", "\r\n\r\n"),
    ] {
        let found = request.starts_with(line) && request.contains(length) && request.ends_with(body);
        assert!(found, "{request}");
        assert!(
            !request.contains("transfer-encoding")
                && request.contains(&format!("host: {}\r\n", peer.authority))
        );
    }
    assert_eq!(peer.connections(), 1, "connections are used again");
}

#[tokio::test]
async fn bodies_can_be_read_in_every_way() {
    let peer = Peer::start(vec![ok("0123456789"), ok("0123456789")]).await;
    let rest = rest(&ClientOptions::default());
    let get = async || rest.send(peer.request(Method::GET, "/k")).await.expect("an answer");
    assert_eq!(get().await.content_length(), Some(10));
    let mut body = get().await.into_body(10);
    let mut buffer = BytesMut::with_capacity(4);
    assert_eq!(body.read(&mut buffer).await.expect("bytes"), 4);
    assert_eq!((buffer.as_ref(), body.remaining()), (b"0123".as_slice(), 6));
    assert_eq!(body.chunk().await.expect("bytes").expect("not the end"), "456789");
    assert_eq!(body.chunk().await.expect("the end"), None);
}

#[tokio::test]
async fn chunked_bodies_are_read_too() {
    let chunked = answer("200 OK\r\nTransfer-Encoding: chunked", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    let peer = Peer::start(vec![chunked]).await;
    let response =
        rest(&ClientOptions::default()).send(peer.request(Method::GET, "/")).await.expect("an answer");
    assert_eq!(response.content_length(), None);
    assert_eq!(response.into_bytes(5).await.expect("within the limit"), "abcde");
}

#[tokio::test]
async fn answers_beyond_the_limit_are_refused() {
    let peer = Peer::start(vec![ok("0123456789")]).await;
    let response =
        rest(&ClientOptions::default()).send(peer.request(Method::GET, "/")).await.expect("an answer");
    assert_eq!(response.into_bytes(9).await.expect_err("too long").kind(), ErrorKind::Integrity);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_interrupted() {
    let peer = Peer::start(vec![answer("200 OK\r\nContent-Length: 10\r\nConnection: close", "0123")]).await;
    let response =
        rest(&ClientOptions::default()).send(peer.request(Method::GET, "/")).await.expect("a head");
    let mut buffer = BytesMut::with_capacity(10);
    let error = response.into_body(10).read_into(&mut buffer).await.expect_err("only four bytes");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Interrupted, true), "{error:?}");
    assert!(std::error::Error::source(&error).is_some(), "{error:?}");
    assert_eq!(buffer, "0123", "what came stays");
    let short = Peer::start(vec![b"HTTP/1.1 200 OK\r\ncontent-lengt".to_vec()]).await;
    let error =
        rest(&ClientOptions::default()).send(short.request(Method::GET, "/")).await.expect_err("no head");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Interrupted, true), "{error:?}");
}

#[tokio::test]
async fn refusals_are_bounded_and_say_when_to_come_back() {
    let long = "x".repeat(100 << 10);
    let peer = Peer::start(vec![
        answer(&format!("503 Busy\r\nRetry-After: 7\r\nContent-Length: {}", long.len()), &long),
        answer("503 Busy\r\nRetry-After: Thu, 01 Jan 1970 00:01:00 GMT\r\nContent-Length: 0", ""),
        answer("302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0", ""),
    ])
    .await;
    let rest = rest(&ClientOptions::default());
    for (text, seconds) in
        [("GET 503 65536 bytes", Some(7)), ("GET 503 0 bytes", Some(60)), ("GET 302 0 bytes", None)]
    {
        let error = rest.send(peer.request(Method::GET, "/")).await.expect_err("refused");
        assert!(error.to_string().ends_with(text), "{error}");
        assert_eq!(error.retry_after(), seconds.map(Duration::from_secs));
    }
}

#[tokio::test]
async fn a_payload_that_fails_is_the_error() {
    let peer = Peer::start(vec![ok("")]).await;
    let short = Payload::stream(Some(4), stream::iter([Ok(Bytes::from("abc"))]));
    let body = RequestBody::from_payload(short).await.expect("a body");
    let rest = rest(&ClientOptions::default());
    let error = rest.send(peer.request(Method::PUT, "/").body(body)).await.expect_err("too short");
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error:?}");
    assert!(error.to_string().contains("announced 4 bytes"), "{error}");
}

#[tokio::test]
async fn nobody_there_is_connect() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
    let request =
        rangeway_transport::Request::new(Method::GET, format!("http://{free}/").parse().expect("a URI"));
    let error = rest(&ClientOptions::default()).send(request).await.expect_err("nobody listens");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Connect, true), "{error:?}");
}

#[tokio::test]
async fn tls_that_never_answers_is_given_up() {
    // It accepts, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let uri = format!("https://{}/", silent.local_addr().expect("an address"));
    let request = rangeway_transport::Request::new(Method::GET, uri.parse().expect("a URI"));
    let options = ClientOptions::default().connect_timeout(Duration::from_millis(50));
    let sent =
        tokio::time::timeout(Duration::from_mins(1), async move { rest(&options).send(request).await }).await;
    assert_eq!(sent.expect("in bounded time").expect_err("no handshake").kind(), ErrorKind::Connect);
}

#[tokio::test]
async fn the_proxy_is_asked_for_a_tunnel_and_only_where_it_should() {
    let proxy = Peer::start(vec![answer("502 Bad Gateway", ""), answer("502 Bad Gateway", "")]).await;
    let settings = Settings::default()
        .set("proxy", format!("http://me:pw@{}", proxy.authority))
        .set("no-proxy", "internal.invalid")
        .set("connect-timeout", "5s");
    let rest = rest(&ClientOptions::from_settings(&settings).expect("valid"));
    let send = async |uri: &str| {
        let request = rangeway_transport::Request::new(Method::GET, uri.parse().expect("a URI"));
        rest.send(request).await.expect_err("nothing is there").kind()
    };
    assert_eq!(send("https://bucket.invalid/k").await, ErrorKind::Connect);
    let [tunnel] = proxy.requests().try_into().expect("one request");
    let tunnel: String = tunnel;
    assert!(tunnel.starts_with("CONNECT bucket.invalid:443 HTTP/1.1\r\n"), "{tunnel}");
    assert!(tunnel.to_lowercase().contains("proxy-authorization: basic bwu6chc="), "{tunnel}");
    for direct in ["http://bucket.invalid/k", "https://internal.invalid/k", "https://127.0.0.1:1/k"] {
        assert_eq!(send(direct).await, ErrorKind::Connect, "{direct}");
    }
    assert_eq!(proxy.requests().len(), 1);
}

/// A source that has nothing to give and does not say so.
#[derive(Debug)]
struct Nothing;

#[async_trait::async_trait]
impl rangeway_core::ReadAt for Nothing {
    async fn read_at(&self, _: u64, _: usize) -> rangeway_core::Result<Bytes> {
        Ok(Bytes::new())
    }
}

#[tokio::test]
async fn a_region_that_ends_too_early_is_the_error() {
    let peer = Peer::start(vec![ok("")]).await;
    let payload = Payload::region(std::sync::Arc::new(Nothing), 0..10);
    let body = RequestBody::from_payload(payload).await.expect("nothing is read yet");
    let sent = rest(&ClientOptions::default()).send(peer.request(Method::PUT, "/k").body(body)).await;
    assert_eq!(sent.expect_err("no bytes").kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn the_other_scheme_is_suggested() {
    // What OpenSSL and rustls send to whoever does not begin with a handshake: "unexpected message".
    let alert = vec![0x15, 3, 3, 0, 2, 2, 10];
    let tls = Peer::start(vec![alert.clone(), alert]).await;
    let rest = rest(&ClientOptions::default());
    let error = rest.send(tls.request(Method::GET, "/k")).await.expect_err("no HTTP");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Connect, false), "{error:?}");
    assert_eq!(error.hint(), Some("is it https:// and not http://?"));
    let error = rest.send(tls.request(Method::PUT, "/k")).await.expect_err("no HTTP");
    assert_eq!(error.hint(), Some("is it https:// and not http://?"), "{error:?}");

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut hello = [0; 5];
            socket.read_exact(&mut hello).await.expect("the beginning of a handshake");
            socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("it listens");
        }
    });
    for method in [Method::GET, Method::PUT] {
        let uri = format!("https://{address}/k").parse().expect("a URI");
        let error = rest.send(Request::new(method, uri)).await.expect_err("no TLS");
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Connect, false), "{error:?}");
        assert_eq!(error.hint(), Some("is it http:// and not https://?"));
    }
}
