//! GETs over the direct data path: framing, and which connections are used again.

use std::time::Duration;

use bytes::BytesMut;
use rangeway_core::ErrorKind;
use rangeway_transport::{ClientOptions, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::peer::{Peer, rest};

fn answer(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\n\r\n{body}").into_bytes()
}

pub(crate) fn ok(headers: &str, body: &str) -> Vec<u8> {
    answer(&format!("200 OK\r\nContent-Length: {}{headers}", body.len()), body)
}

#[tokio::test]
async fn a_connection_is_used_again_once_its_body_was_read() {
    let peer = Peer::start(vec![
        ok("", "abc"),
        ok("", ""),
        answer("404 Not Found\r\nContent-Length: 2", "no"),
        ok("", "d"),
    ])
    .await;
    let rest = rest(&ClientOptions::default());
    for expected in [Some("abc"), Some(""), None, Some("d")] {
        let sent = rest.send(peer.request(Method::GET, "/k")).await;
        match expected {
            Some(body) => assert_eq!(sent.expect("200").into_bytes(10).await.expect("whole"), body),
            None => assert_eq!(sent.expect_err("404").kind(), ErrorKind::Service),
        }
    }
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_closed_while_idle_costs_no_failure() {
    // The peer reads the unknown header as an order to close; the client cannot know.
    let closes = ok("\r\nX-Then: connection: close", "abc");
    let peer = Peer::start(vec![closes.clone(), closes.clone(), closes]).await;
    let rest = rest(&ClientOptions::default());
    for _ in 0..3 {
        let response = rest.send(peer.request(Method::GET, "/k")).await.expect("an answer");
        assert_eq!(response.into_bytes(10).await.expect("whole"), "abc");
    }
    assert_eq!(peer.connections(), 3);
}

#[tokio::test]
async fn a_body_dropped_midway_takes_its_connection_with_it() {
    let large = "x".repeat(32 << 20);
    let peer = Peer::start(vec![ok("", &large), ok("", "abc")]).await;
    let rest = rest(&ClientOptions::default());
    let mut body = rest.send(peer.request(Method::GET, "/k")).await.expect("an answer").into_body(32 << 20);
    let mut buffer = BytesMut::with_capacity(1000);
    assert!(body.read(&mut buffer).await.expect("some bytes") > 0);
    drop(body);
    let response = rest.send(peer.request(Method::GET, "/k")).await.expect("an answer");
    assert_eq!(response.into_bytes(10).await.expect("whole"), "abc");
    assert_eq!(peer.connections(), 2);
}

#[tokio::test]
async fn large_chunks_trailers_and_early_hints_are_understood() {
    let long = "y".repeat(200_000);
    let chunked = format!("{:x};ext=1\r\n{long}\r\n1\r\nz\r\n0\r\nX-Sum: 1\r\n\r\n", long.len());
    let chunked = answer("200 OK\r\nTransfer-Encoding: chunked\r\nX-Not: content-length", &chunked);
    let early = [answer("103 Early Hints\r\nLink: <x>", ""), ok("", "abc")].concat();
    let peer = Peer::start(vec![chunked, early]).await;
    let rest = rest(&ClientOptions::default());
    let response = rest.send(peer.request(Method::GET, "/k")).await.expect("an answer");
    assert_eq!(response.into_bytes(1 << 20).await.expect("whole"), format!("{long}z"));
    let response = rest.send(peer.request(Method::GET, "/k")).await.expect("an answer");
    assert_eq!(response.into_bytes(10).await.expect("whole"), "abc");
    assert_eq!(peer.connections(), 1, "a chunked body that was read to its end keeps its connection");
}

#[tokio::test]
async fn answers_that_could_be_misread_are_refused() {
    for bad in [
        b"SSH-2.0-OpenSSH_9\r\n\r\n".to_vec(),
        answer("200 OK\r\nContent-Length: 3\r\nContent-Length: 4", "abcd"),
        answer("200 OK\r\nTransfer-Encoding: chunked", "zz\r\nabc\r\n0\r\n\r\n"),
        answer("200 OK\r\nTransfer-Encoding: chunked", "2\r\nabc\r\n0\r\n\r\n"),
        answer("200 OK\r\nTransfer-Encoding: gzip, chunked", "3\r\nabc\r\n0\r\n\r\n"),
        answer("200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n"),
    ] {
        let peer = Peer::start(vec![bad]).await;
        let outcome = match rest(&ClientOptions::default()).send(peer.request(Method::GET, "/k")).await {
            Ok(response) => response.into_bytes(100).await.map(|_| ()),
            Err(error) => Err(error),
        };
        assert_eq!(outcome.expect_err("refused").kind(), ErrorKind::Interrupted);
    }
}

#[tokio::test]
async fn an_answer_that_had_begun_is_not_asked_for_again_in_secret() {
    let peer = Peer::start(vec![ok("", "abc"), b"HTTP/1.1 200 OK\r\nCont".to_vec(), ok("", "d")]).await;
    let rest = rest(&ClientOptions::default());
    let response = rest.send(peer.request(Method::GET, "/k")).await.expect("an answer");
    assert_eq!(response.into_bytes(10).await.expect("whole"), "abc");
    let error = rest.send(peer.request(Method::GET, "/k")).await.expect_err("half a head");
    assert_eq!((error.kind(), peer.requests().len()), (ErrorKind::Interrupted, 2));
}

#[tokio::test]
async fn hundreds_of_short_headers_are_read() {
    let metadata: Vec<String> = (0..400).map(|number| format!("\r\nx-amz-meta-{number}: v")).collect();
    let metadata = metadata.concat();
    let rest = rest(&ClientOptions::default());
    for method in [Method::GET, Method::HEAD] {
        let peer = Peer::start(vec![ok(&metadata, "")]).await;
        let response = rest.send(peer.request(method, "/k")).await.expect("an answer");
        assert_eq!(response.headers["x-amz-meta-399"], "v");
    }
}

#[tokio::test]
async fn idle_connections_are_closed_in_time_even_when_nobody_asks() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let uri = format!("http://{}/k", listener.local_addr().expect("an address"));
    let mut options = ClientOptions::default();
    options.idle_timeout = Duration::from_millis(20);
    let rest = rest(&options);
    let served = async {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\n") {
            seen.push(socket.read_u8().await.expect("the request"));
        }
        socket.write_all(&ok("", "abc")).await.expect("sent");
        socket.read(&mut [0]).await
    };
    let asked = async {
        let request = rangeway_transport::Request::new(Method::GET, uri.parse().expect("a URI"));
        rest.send(request).await.expect("an answer").into_bytes(10).await
    };
    let both = tokio::time::timeout(Duration::from_secs(20), futures::future::join(served, asked));
    let (end, body) = both.await.expect("closed in time");
    assert_eq!((end.expect("its end"), body.expect("whole")), (0, "abc".into()));
}

#[tokio::test]
async fn reads_wait_for_a_connection_when_there_may_be_no_more() {
    let large = "x".repeat(32 << 20);
    let peer = Peer::start(vec![ok("", "abc"), ok("", "d"), ok("", &large), ok("", "e")]).await;
    let mut options = ClientOptions::default();
    options.connections = Some(1);
    let rest = rest(&options);
    let get = async || rest.send(peer.request(Method::GET, "/k")).await.expect("an answer");
    let soon = Duration::from_millis(20);
    let first = get().await;
    tokio::time::timeout(soon, get()).await.expect_err("the connection is in use");
    assert_eq!(first.into_bytes(10).await.expect("whole"), "abc");
    assert_eq!(get().await.into_bytes(10).await.expect("whole"), "d");
    assert_eq!((peer.connections(), peer.requests().len()), (1, 2));
    let dropped = get().await;
    tokio::time::timeout(soon, get()).await.expect_err("the connection is in use");
    drop(dropped);
    assert_eq!(get().await.into_bytes(10).await.expect("whole"), "e");
    assert_eq!(peer.connections(), 2);
}

#[tokio::test]
async fn reads_that_take_the_other_path_are_counted() {
    let peer = Peer::start(vec![ok("", "abc"), ok("", ""), ok("", "d")]).await;
    let mut options = ClientOptions::default();
    for (direct, method, body, fallbacks) in
        [(false, Method::GET, "abc", 1), (false, Method::PUT, "", 0), (true, Method::GET, "d", 0)]
    {
        options.direct = direct;
        let rest = rest(&options);
        let response = rest.send(peer.request(method, "/k")).await.expect("an answer");
        assert_eq!(
            (response.into_bytes(10).await.expect("whole"), rest.stats().fallbacks),
            (body.into(), fallbacks)
        );
    }
}
