//! `https://`: what it has in common with plain HTTP, and what it adds.

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::Full;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rangeway_core::ErrorKind;
use rangeway_transport::{ClientOptions, Method, Request, RequestBody};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::peer::{Peer, identity, rest};

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

#[tokio::test]
async fn http2_is_spoken_where_it_is_wanted_and_offered() {
    let (mut config, file) = identity();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let tls = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let uri: rangeway_transport::Uri =
        format!("https://{}/k", listener.local_addr().expect("an address")).parse().expect("a URI");
    tokio::spawn(async move {
        // One connection for all requests.
        let (socket, _) = listener.accept().await.expect("a connection");
        let stream = tls.accept(socket).await.expect("a handshake");
        let answer = service_fn(async |request: hyper::Request<hyper::body::Incoming>| {
            let text = format!("{:?} {}", request.version(), request.method());
            Ok::<_, Infallible>(hyper::Response::new(Full::new(bytes::Bytes::from(text))))
        });
        let _ =
            http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
    });
    let mut options = ClientOptions::default().ca_bundle(file.path());
    options.http2 = true;
    let rest = rest(&options);
    for (method, expected) in [(Method::PUT, "HTTP/2.0 PUT"), (Method::GET, "HTTP/2.0 GET")] {
        let response = rest.send(Request::new(method, uri.clone())).await.expect("an answer");
        assert_eq!(response.into_bytes(100).await.expect("whole"), expected);
    }
    assert_eq!(rest.stats().fallbacks, 1);
}

#[tokio::test]
async fn http2_is_no_obstacle_where_it_is_not_offered() {
    let (peer, mut options) = Peer::start_tls(vec![ok(b"abc")]).await;
    options.http2 = true;
    let rest = rest(&options);
    let response = rest.send(peer.request(Method::GET, "/k")).await.expect("an answer");
    assert_eq!((response.into_bytes(10).await.expect("whole"), rest.stats().fallbacks), ("abc".into(), 1));
}
