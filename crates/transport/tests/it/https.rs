//! `https://`: what it has in common with plain HTTP, and what it adds.

use rangeway_core::ErrorKind;
use rangeway_transport::{ClientOptions, Method, RequestBody};

use crate::peer::{Peer, rest};

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat()
}

fn ok(body: &[u8]) -> Vec<u8> {
    answer(&format!("200 OK\r\nContent-Length: {}", body.len()), body)
}

#[tokio::test]
async fn bodies_of_all_sizes_come_over_one_connection() {
    let bodies: Vec<Vec<u8>> = [0, 1, 16_384, 3_000_000, 5]
        .map(|length: usize| (0..length).map(|at| u8::try_from(at % 251).expect("small")).collect())
        .into();
    let (peer, options) = Peer::start_tls(bodies.iter().map(|body| ok(body)).collect()).await;
    let rest = rest(&options);
    for body in bodies {
        let response = rest.send(peer.request(Method::GET, "/k")).await.expect("an answer");
        let mut buffer = bytes::BytesMut::new();
        response.into_body(body.len() as u64).read_into(&mut buffer).await.expect("whole");
        assert!(buffer == body);
    }
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn a_body_whose_end_is_that_of_the_connection_needs_an_orderly_one() {
    let (peer, options) = Peer::start_tls(vec![answer("200 OK", b"abc")]).await;
    let response = rest(&options).send(peer.request(Method::GET, "/k")).await.expect("an answer");
    let error = response.into_bytes(10).await.expect_err("perhaps cut off");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Interrupted, true), "{error:?}");
}

#[tokio::test]
async fn writes_arrive_whole() {
    let (peer, options) = Peer::start_tls(vec![ok(b"")]).await;
    let body = "x".repeat(1_000_000);
    let request = peer.request(Method::PUT, "/k").body(RequestBody::from(bytes::Bytes::from(body.clone())));
    rest(&options).send(request).await.expect("an answer");
    assert!(peer.requests()[0].ends_with(&body));
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_for_good() {
    let (peer, _) = Peer::start_tls(vec![ok(b"")]).await;
    for method in [Method::GET, Method::HEAD] {
        let error =
            rest(&ClientOptions::default()).send(peer.request(method, "/k")).await.expect_err("not trusted");
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Connect, false), "{error:?}");
    }
}
