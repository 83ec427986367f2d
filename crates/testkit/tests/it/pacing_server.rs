//! `PacingServer`: what it serves, and each kind of pace once. No test measures time.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use rangeway_testkit::{PacingServer, PacingServerOptions, RequestKind};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring};

use crate::clients;

/// A plain client of one connection.
struct Client(BufReader<TcpStream>);

/// The status, the headers in lower case, and the body.
type Reply = (u16, String, Vec<u8>);

impl Client {
    fn new(server: &PacingServer) -> Self {
        let socket = TcpStream::connect(server.address()).expect("a connection");
        socket.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        Self(BufReader::new(socket))
    }

    fn send(&mut self, request: &str) {
        self.0.get_mut().write_all(request.as_bytes()).expect("sent");
    }

    fn head(&mut self) -> io::Result<(u16, String)> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Ok((status, head.to_lowercase()))
    }

    fn reply(&mut self) -> io::Result<Reply> {
        let (status, head) = self.head()?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
        self.0.read_exact(&mut body)?;
        Ok((status, head, body))
    }

    fn ask(&mut self, method_and_target: &str, headers: &str) -> io::Result<Reply> {
        self.send(&format!("{method_and_target} HTTP/1.1\r\nhost: h\r\n{headers}\r\n"));
        self.reply()
    }
}

#[test]
fn names_say_how_large_objects_are() {
    let server = PacingServer::start().expect("a server");
    let mut client = Client::new(&server);
    let (status, head, body) = client.ask("GET /b/9MiB/x/y", "").expect("a reply");
    assert_eq!((status, body.len()), (200, 9 << 20));
    assert!(head.contains("accept-ranges: bytes\r\n"), "{head}");
    assert_eq!(server.pattern().verify(0, &body), Ok(()));

    let from_the_block_s_end = 8 << 20;
    let (status, head, body) =
        client.ask("GET /b/1GiB/x", "range: bytes=8388608-8397000\r\n").expect("a reply");
    assert_eq!(status, 206);
    assert!(head.contains("content-range: bytes 8388608-8397000/1073741824\r\n"), "{head}");
    assert_eq!((server.pattern().verify(from_the_block_s_end, &body), body.len()), (Ok(()), 8393));

    let counts = server.counts();
    assert_eq!((counts.requests.of(RequestKind::GetObject), counts.connections), (2, 1));
    assert_eq!((counts.bytes_out, counts.requests.peak_in_flight()), ((9 << 20) + 8393, 1));
}

#[test]
fn refusals_and_heads_row_by_row() {
    let server = PacingServer::start().expect("a server");
    let etag = "if-match: \"00000000000000000000000000001000\"\r\n";
    for (request, headers, expected, text) in [
        ("GET /b/name", "", 404, "<Code>NoSuchKey</Code>"),
        ("GET /b/4096/x", "range: bytes=4096-\r\n", 416, "<ActualObjectSize>4096</ActualObjectSize>"),
        ("GET /b/4096/x", "if-match: \"other\"\r\n", 412, "<Code>PreconditionFailed</Code>"),
        ("GET /b/0/x", "", 200, ""),
        ("GET /b?location", "", 200, "<LocationConstraint"),
        ("GET /b?list-type=2&prefix=", "", 200, "<KeyCount>0</KeyCount>"),
        ("HEAD /b", "", 200, ""),
        ("DELETE /b/k", "", 204, ""),
        ("POST /b?delete", "", 501, "<Code>NotImplemented</Code>"),
    ] {
        let (status, head, body) = Client::new(&server).ask(request, headers).expect(request);
        assert_eq!(status, expected, "{request}: {head}");
        assert!(String::from_utf8_lossy(&body).contains(text), "{request}: {head}");
    }
    let mut client = Client::new(&server);
    assert_eq!(client.ask("GET /b/4096/x", etag).expect("a reply").2.len(), 4096);
    client.send("HEAD /b/4096/x HTTP/1.1\r\n\r\n");
    let (status, head) = client.head().expect("a head");
    assert!(status == 200 && head.contains("content-length: 4096\r\n"), "{head}");
    assert_eq!(client.ask("GET /b/1/x", "connection: close\r\n").expect("a reply").2.len(), 1);
    assert!(client.head().is_err(), "the connection is closed");
}

#[tokio::test]
async fn a_client_of_others_reads_writes_and_lists() {
    let server = PacingServerOptions::new().keys(["64KiB/0", "64KiB/1", "5/x"]).start().expect("a server");
    let client = clients::s3(&server.endpoint(), "data", "id", "secret");
    let key = Path::from("1MiB/x");
    let found = client.get(&key).await.expect("a get").bytes().await.expect("a body");
    assert_eq!((server.pattern().verify(0, &found), found.len()), (Ok(()), 1 << 20));
    let found = client.get_range(&key, 1000..3000).await.expect("a range");
    assert_eq!((server.pattern().verify(1000, &found), found.len()), (Ok(()), 2000));

    let payload = || PutPayload::from_bytes(server.pattern().bytes(0, 5 << 20));
    client.put(&Path::from("k"), payload()).await.expect("a put");
    let mut upload = client.put_multipart(&Path::from("k")).await.expect("an upload");
    upload.put_part(payload()).await.expect("a part");
    upload.complete().await.expect("an object");
    let mut upload = client.put_multipart(&Path::from("k")).await.expect("an upload");
    upload.abort().await.expect("an abort");
    let listing = client.list_with_delimiter(Some(&Path::from("64KiB"))).await.expect("a listing");
    let found: Vec<_> =
        listing.objects.iter().map(|object| (object.location.as_ref(), object.size)).collect();
    assert_eq!(found, [("64KiB/0", 64 << 10), ("64KiB/1", 64 << 10)]);

    let counts = server.counts();
    assert_eq!(counts.bytes_out, (1 << 20) + 2000);
    assert!((10 << 20..(10 << 20) + 1000).contains(&counts.bytes_in), "{counts:?}");
    for (kind, expected) in [
        (RequestKind::PutObject, 1),
        (RequestKind::CreateMultipart, 2),
        (RequestKind::UploadPart, 1),
        (RequestKind::CompleteMultipart, 1),
        (RequestKind::AbortMultipart, 1),
        (RequestKind::ListObjects, 1),
    ] {
        assert_eq!(counts.requests.of(kind), expected, "{counts:?}");
    }
    server.reset_counts();
    assert_eq!(server.counts().bytes_in, 0);
}

#[test]
fn bodies_are_read_whichever_way_they_come() {
    let server = PacingServer::start().expect("a server");
    let mut client = Client::new(&server);
    client.send("PUT /b/k HTTP/1.1\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n");
    assert_eq!(client.head().expect("a head").0, 100);
    client.send("12345");
    assert_eq!(client.reply().expect("a reply").0, 200);
    client.send("PUT /b/k HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
    assert_eq!(client.reply().expect("a reply").0, 200);
    let large = vec![7; 3 << 20];
    client.send(&format!(
        "PUT /b/k?partNumber=1&uploadId=u HTTP/1.1\r\ncontent-length: {}\r\n\r\n",
        large.len()
    ));
    client.0.get_mut().write_all(&large).expect("sent");
    let (status, head, _) = client.reply().expect("a reply");
    assert!(status == 200 && head.contains("etag: \""), "{head}");
    assert_eq!(server.counts().bytes_in, 5 + 19 + (3 << 20));
}

#[test]
fn paced_bodies_are_the_same_bytes() {
    let server = PacingServerOptions::new()
        .first_byte(Duration::from_millis(1))
        .tail(1.0, Duration::from_millis(2))
        .per_connection(500_000_000)
        .total(900_000_000)
        .start()
        .expect("a server");
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let (_, _, body) = Client::new(&server).ask("GET /b/10MiB/x", "").expect("a reply");
                assert_eq!((server.pattern().verify(0, &body), body.len()), (Ok(()), 10 << 20));
            });
        }
    });
    let counts = server.counts();
    assert_eq!((counts.bytes_out, counts.late_first_bytes, counts.by_second.len()), (30 << 20, 3, 0));
}

#[test]
fn too_many_in_flight_are_told_to_slow_down() {
    let server = PacingServerOptions::new().in_flight(1).start().expect("a server");
    let mut first = Client::new(&server);
    // More than the buffers of both sides hold: it is in flight until it is read.
    first.send("GET /b/64MiB/x HTTP/1.1\r\n\r\n");
    let (status, _) = first.head().expect("a head");
    let mut second = Client::new(&server);
    let (refused, _, body) = second.ask("GET /b/4096/x", "").expect("a reply");
    assert_eq!((status, refused), (200, 503));
    assert!(String::from_utf8_lossy(&body).contains("<Code>SlowDown</Code>"));
    second.send("PUT /b/k HTTP/1.1\r\ncontent-length: 5\r\n\r\n12345");
    assert_eq!(second.reply().expect("a reply").0, 503);
    second.send("PUT /b/k HTTP/1.1\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n");
    assert_eq!(second.reply().expect("a reply").0, 503);
    assert!(second.head().is_err(), "the body was not asked for: the connection is closed");

    let mut body = vec![0; 64 << 20];
    first.0.read_exact(&mut body).expect("a body");
    assert_eq!(Client::new(&server).ask("GET /b/4096/x", "").expect("a reply").0, 200);
    let counts = server.counts();
    let admitted: u64 = counts.by_second.iter().map(|second| second.admitted).sum();
    assert_eq!((counts.slow_downs, admitted, counts.requests.total()), (3, 2, 5));
    assert!((counts.refused_after(0) - 0.6).abs() < 1e-9);
}

#[test]
fn too_many_requests_are_told_to_slow_down() {
    let server = PacingServerOptions::new().requests_per_second(1).start().expect("a server");
    let mut client = Client::new(&server);
    let replies: Vec<_> = (0..50).map(|_| client.ask("HEAD /b", "").expect("a reply").0).collect();
    let refused = replies.iter().filter(|status| **status == 503).count();
    assert_eq!(replies[0], 200);
    assert!(refused > 0, "50 requests take no 50 seconds");
    assert_eq!(server.counts().slow_downs, refused as u64);
}

#[test]
fn resets_break_bodies() {
    let server = PacingServerOptions::new().resets(1.0).start().expect("a server");
    for _ in 0..5 {
        let error = Client::new(&server).ask("GET /b/64MiB/x", "").expect_err("a reset");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
    }
    let counts = server.counts();
    assert_eq!((counts.resets, counts.stalls), (5, 0));
    assert!(counts.bytes_out < 5 * (64 << 20));
}

#[test]
fn stalled_bodies_stand_still() {
    let server = PacingServerOptions::new().stalls(1.0).start().expect("a server");
    let mut client = Client::new(&server);
    client.0.get_ref().set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
    let error = client.ask("GET /b/1MiB/x", "").expect_err("a timeout");
    assert!(matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{error}");
    assert_eq!((server.counts().stalls, server.counts().resets), (1, 0));
}

#[test]
fn tls_serves_the_same() {
    let server = PacingServerOptions::new().tls(true).start().expect("a server");
    let mut roots = RootCertStore::empty();
    let pem = server.ca_pem().expect("an authority");
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("protocols")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    let socket = TcpStream::connect(server.address()).expect("a connection");
    let mut stream = StreamOwned::new(connection, socket);

    stream.write_all(b"PUT /b/k HTTP/1.1\r\ncontent-length: 3000000\r\n\r\n").expect("sent");
    stream.write_all(&vec![7; 3_000_000]).expect("sent");
    let range = "GET /b/1GiB/x HTTP/1.1\r\nrange: bytes=8000000-9999999\r\nconnection: close\r\n\r\n";
    stream.write_all(range.as_bytes()).expect("sent");
    let mut replies = Vec::new();
    // The server just closes, as many do.
    let _ = stream.read_to_end(&mut replies);
    let body = &replies[replies.len() - 2_000_000..];
    assert_eq!(server.pattern().verify(8_000_000, body), Ok(()));
    assert!(server.endpoint().starts_with("https://localhost:"));
    assert_eq!((server.counts().bytes_in, server.counts().bytes_out), (3_000_000, 2_000_000));
}

#[test]
fn a_dropped_server_ends_what_waits() {
    let server = PacingServerOptions::new().first_byte(Duration::from_hours(1)).start().expect("a server");
    let address = server.address();
    let mut waiting = Client::new(&server);
    waiting.send("GET /b/1/x HTTP/1.1\r\n\r\n");
    let mut idle = Client::new(&server);
    while server.counts().requests.total() == 0 {
        std::thread::yield_now();
    }
    drop(server);
    assert!(waiting.head().is_err() && idle.head().is_err());
    assert!(TcpStream::connect(address).is_err());
}
