//! Bodies that go from the socket into a pipe without being read.

use std::io::Read;

use rangeway_core::{Body, ErrorKind, Pipe};
use rangeway_transport::{ClientOptions, Method};

use crate::direct::ok;
use crate::peer::{Peer, rest};

fn pipe() -> Pipe {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    Pipe::new(reader, writer)
}

fn text(length: usize) -> String {
    (0..length).map(|at| char::from(b'a' + u8::try_from(at % 23).expect("small"))).collect()
}

/// What is in the pipe, which is empty afterwards.
fn drain(pipe: &mut Pipe) -> Vec<u8> {
    let mut bytes = vec![0; pipe.length()];
    pipe.reader().read_exact(&mut bytes).expect("as many as were counted");
    pipe.emptied(bytes.len());
    bytes
}

/// All of a body, by pipes of at most `most` bytes at a time.
async fn through_pipe(mut body: Body, most: usize) -> rangeway_core::Result<Vec<u8>> {
    let (mut pipe, mut all) = (pipe(), Vec::new());
    while body.remaining() > 0 {
        let before = body.remaining();
        while body.remaining() > 0 && pipe.length() < most && !pipe.is_full() {
            let room = most - pipe.length();
            let moved = body.read_pipe(&mut pipe, room).await?;
            assert!(moved.is_some_and(|moved| moved > 0 || pipe.is_full()), "{moved:?}");
        }
        assert!(pipe.length() <= most);
        assert_eq!(pipe.length() as u64, before - body.remaining());
        all.extend(drain(&mut pipe));
    }
    assert_eq!(body.read_pipe(&mut pipe, most).await?, Some(0), "the end");
    Ok(all)
}

#[tokio::test]
async fn plain_bodies_arrive_whole_and_leave_their_connection_for_the_next() {
    let bodies: Vec<_> = [1, 1_000, 100_000, 5 << 20, 3].map(text).into();
    // A pipe takes 64 KiB unless it is asked for more: the last of these is never reached.
    for most in [777, 50_000, 1 << 20] {
        let peer = Peer::start(bodies.iter().map(|body| ok("", body)).collect()).await;
        let rest = rest(&ClientOptions::default());
        for body in &bodies {
            let response = rest.send(peer.request(Method::GET, "/k")).await.expect("an answer");
            let moved = through_pipe(response.into_body(body.len() as u64), most).await.expect("whole");
            assert!(moved == body.as_bytes(), "{} bytes, {most} at a time", body.len());
        }
        assert_eq!(peer.connections(), 1);
    }
}

#[tokio::test]
async fn what_came_before_a_break_is_right_and_the_break_is_an_error() {
    let whole = text(300_000);
    let mut cut = ok("\r\nX-Then: connection: close", &whole);
    cut.truncate(cut.len() - 100_000);
    let peer = Peer::start(vec![cut]).await;
    let rest = rest(&ClientOptions::default());
    let mut body = rest.send(peer.request(Method::GET, "/k")).await.expect("an answer").into_body(300_000);
    let (mut pipe, mut all) = (pipe(), Vec::new());
    let error = loop {
        match body.read_pipe(&mut pipe, 1 << 20).await {
            Ok(moved) => assert!(moved.is_some()),
            Err(error) => break error,
        }
        all.extend(drain(&mut pipe));
    };
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert!(all == whole.as_bytes()[..200_000], "{} bytes came", all.len());
}

#[tokio::test]
async fn encrypted_and_chunked_bodies_are_to_be_read() {
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".to_vec();
    let (secret, trusting) = Peer::start_tls(vec![ok("", "abc")]).await;
    for (peer, options) in [(Peer::start(vec![chunked]).await, ClientOptions::default()), (secret, trusting)]
    {
        let response = rest(&options).send(peer.request(Method::GET, "/k")).await.expect("an answer");
        let (mut body, mut pipe) = (response.into_body(3), pipe());
        assert_eq!(body.read_pipe(&mut pipe, 100).await.expect("no failure"), None);
        assert_eq!((pipe.length(), body.bytes().await.expect("whole")), (0, "abc".into()));
    }
}
