//! `FaultServer`: honest S3 without a script, by the suite of `object_store`; each fault on the wire with one.

use std::io;

use object_store::aws::AmazonS3;
use object_store::integration;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use rangeway_testkit::{Ending, Fault, FaultServer, Matcher, RequestKind, Seeded};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::clients;

fn server() -> FaultServer {
    FaultServer::start("data").expect("a server")
}

fn client(server: &FaultServer) -> AmazonS3 {
    clients::s3(&server.endpoint(), "data", "any", "any")
}

macro_rules! integration {
    ($($name:ident: |$client:ident| $call:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let server = server();
            let $client = client(&server);
            $call.await;
            assert_eq!(server.open_uploads(), Vec::<String>::new());
        }
    )+};
}

integration! {
    honest_put_get_delete_list: |client| integration::put_get_delete_list(&client);
    honest_attributes: |client| integration::put_get_attributes(&client);
    honest_get_opts: |client| integration::get_opts(&client);
    honest_put_opts: |client| integration::put_opts(&client, true);
    honest_stream_get: |client| integration::stream_get(&client);
    honest_directories: |client| integration::list_uses_directories_correctly(&client);
    honest_delimiter: |client| integration::list_with_delimiter(&client);
    honest_copy: |client| integration::rename_and_copy(&client);
    honest_copy_create: |client| integration::copy_if_not_exists(&client);
    honest_copy_missing: |client| integration::copy_rename_nonexistent_object(&client);
    honest_multipart: |client| integration::multipart(&client, &client);
    honest_multipart_race: |client| integration::multipart_race_condition(&client, true);
    honest_multipart_order: |client| integration::multipart_out_of_order(&client);
    honest_pages: |client| integration::list_paginated(&client, &client);
    honest_offsets: |client| integration::list_with_offset_exclusivity(&client);
}

/// Sends one GET and gives everything that comes back until the connection ends.
async fn get(server: &FaultServer, headers: &str) -> io::Result<Vec<u8>> {
    let mut socket = TcpStream::connect(server.address()).await?;
    let request = format!("GET /data/k HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
    socket.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// The answer to a GET of bytes 10 to 19 of 100, once `fault` has struck: its head, and its body.
async fn struck(fault: Fault) -> io::Result<(String, Vec<u8>)> {
    let server = server();
    server.put_object("k", Seeded::new(1).bytes(0, 100));
    let rule = server.on(Matcher::get().key("k"), fault).times(1);
    let answer = get(&server, "range: bytes=10-19\r\n").await;
    assert_eq!(rule.hits(), 1);
    let honest = get(&server, "range: bytes=10-19\r\n").await?;
    assert!(honest.ends_with(&Seeded::new(1).bytes(10, 10)), "the next request is answered honestly");
    let answer = answer?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer.len(), |end| end + 4);
    Ok((String::from_utf8_lossy(&answer[..end]).into_owned(), answer[end..].to_vec()))
}

fn has(head: &str, lines: &[&str]) {
    for line in lines {
        assert!(head.contains(line), "no {line:?} in {head}");
    }
}

#[tokio::test]
async fn statuses_are_answered_as_errors() -> io::Result<()> {
    for (fault, lines, code) in [
        (Fault::slow_down(None), vec!["HTTP/1.1 503 "], "<Code>SlowDown</Code>"),
        (Fault::slow_down(Some(7)), vec!["HTTP/1.1 503 ", "retry-after: 7\r\n"], "<Code>SlowDown</Code>"),
        (Fault::too_many_requests(), vec!["HTTP/1.1 429 "], "<Code>TooManyRequests</Code>"),
        (Fault::internal_error(), vec!["HTTP/1.1 500 "], "<Code>InternalError</Code>"),
        (Fault::access_denied(), vec!["HTTP/1.1 403 "], "<Code>AccessDenied</Code>"),
        (Fault::no_such_key(), vec!["HTTP/1.1 404 "], "<Code>NoSuchKey</Code>"),
        (Fault::ErrorInBody("InternalError"), vec!["HTTP/1.1 200 OK"], "<Code>InternalError</Code>"),
    ] {
        let (head, body) = struck(fault).await?;
        has(&head, &lines);
        has(&String::from_utf8_lossy(&body), &[code]);
    }
    let (head, _) = struck(Fault::Redirect { status: 307, location: "http://127.0.0.1:1/k".into() }).await?;
    has(&head, &["HTTP/1.1 307 ", "location: http://127.0.0.1:1/k\r\n"]);
    let (head, _) = struck(Fault::NotHttp).await?;
    assert!(!head.starts_with("HTTP"), "{head}");
    Ok(())
}

#[tokio::test]
async fn connections_end_where_they_are_told_to() -> io::Result<()> {
    let reset = struck(Fault::BeforeHead(Ending::Reset)).await.expect_err("a reset");
    assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
    let reset = struck(Fault::InBody(4, Ending::Reset)).await.expect_err("a reset");
    assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(struck(Fault::BeforeHead(Ending::Close)).await?, (String::new(), Vec::new()));
    let (head, body) = struck(Fault::InBody(4, Ending::Close)).await?;
    has(&head, &["content-length: 10\r\n", "content-range: bytes 10-19/100\r\n"]);
    assert_eq!(body, Seeded::new(1).bytes(10, 4));
    Ok(())
}

#[tokio::test]
async fn a_stalled_connection_stays_open_until_the_client_goes() -> io::Result<()> {
    let server = server();
    server.put_object("k", "0123456789");
    server.on(Matcher::get(), Fault::InBody(4, Ending::Stall)).times(1);
    let mut socket = TcpStream::connect(server.address()).await?;
    socket.write_all(b"GET /data/k HTTP/1.1\r\nhost: x\r\n\r\n").await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n0123") {
        assert!(socket.read_buf(&mut answer).await? > 0, "the connection has ended");
    }
    drop(socket);
    assert!(get(&server, "").await?.ends_with(b"0123456789"));
    Ok(())
}

#[tokio::test]
async fn ranges_are_bent() -> io::Result<()> {
    let data = Seeded::new(1);
    for (fault, lines, offset, length) in [
        (Fault::ShorterRange(3), vec!["content-length: 3\r\n", "bytes 10-12/100\r\n"], 10, 3),
        (Fault::ShorterLength(3), vec!["content-length: 3\r\n", "bytes 10-19/100\r\n"], 10, 3),
        (Fault::ShiftedRange(5), vec!["content-length: 10\r\n", "bytes 15-24/100\r\n"], 15, 10),
        (Fault::OtherTotal(77), vec!["content-length: 10\r\n", "bytes 10-19/77\r\n"], 10, 10),
        (Fault::IgnoreRange, vec!["HTTP/1.1 200 OK\r\n", "content-length: 100\r\n"], 0, 100),
    ] {
        let (head, body) = struck(fault.clone()).await?;
        has(&head, &lines);
        assert_eq!((body.len(), data.verify(offset, &body)), (length, Ok(())), "{fault:?}");
    }
    let (head, _) = struck(Fault::WithoutHeader("etag")).await?;
    assert!(!head.contains("etag"), "{head}");
    let (_, body) = struck(Fault::CorruptByte(13)).await?;
    assert_eq!(data.verify(10, &body).expect_err("a wrong byte").offset, 13);
    Ok(())
}

#[tokio::test]
async fn objects_are_replaced_under_a_reader() -> io::Result<()> {
    let server = server();
    server.put_object("k", "old old");
    let etag = |answer: &[u8]| {
        let text = String::from_utf8_lossy(answer).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("etag: ").map(str::to_owned));
        line.expect("an etag")
    };
    let old = etag(&get(&server, "").await?);
    let if_match = format!("if-match: {old}\r\n");
    server.on(Matcher::get(), Fault::Replace("new".into())).after(1).times(1);
    assert!(get(&server, &if_match).await?.ends_with(b"old old"));
    assert!(get(&server, &if_match).await?.starts_with(b"HTTP/1.1 412 "));
    server.on(Matcher::get(), Fault::IgnoreConditions);
    let rude = get(&server, &if_match).await?;
    assert!(rude.ends_with(b"new"));
    assert_ne!(etag(&rude), old);
    server.behave();
    assert!(get(&server, &if_match).await?.starts_with(b"HTTP/1.1 412 "));
    Ok(())
}

#[tokio::test]
async fn whole_reads_tell_the_checksum_when_asked() -> io::Result<()> {
    let server = server();
    server.put_object("k", "123456789");
    let mode = "x-amz-checksum-mode: ENABLED\r\n";
    let whole = get(&server, mode).await?;
    has(&String::from_utf8_lossy(&whole), &["x-amz-checksum-crc64nvme: rosUhgp5mIg=\r\n"]);
    for headers in [String::new(), format!("{mode}range: bytes=0-8\r\n")] {
        let answer = get(&server, &headers).await?;
        assert!(!String::from_utf8_lossy(&answer).contains("checksum"));
    }
    Ok(())
}

#[tokio::test]
async fn requests_are_logged_in_order() {
    let runtime = tokio::runtime::Handle::current();
    let server = FaultServer::start_on("data", &runtime).expect("a server");
    let client = client(&server);
    client.put(&Path::from("a b/c"), PutPayload::from_static(b"hello")).await.expect("a put");
    client.get_range(&Path::from("a b/c"), 1..3).await.expect("a get");
    let _ = client.list_with_delimiter(None).await.expect("a listing");
    let requests = server.requests();
    let kinds: Vec<_> = requests.iter().map(|request| request.kind).collect();
    assert_eq!(kinds, [RequestKind::PutObject, RequestKind::GetObject, RequestKind::ListObjects]);
    assert_eq!((requests[1].key.as_str(), requests[1].range()), ("a b/c", Some("bytes=1-2")));
    assert_eq!(requests[2].parameter("delimiter").as_deref(), Some("/"));
    assert_eq!(server.counts().total(), 3);
    assert_eq!(server.object("a b/c").as_deref(), Some(&b"hello"[..]));
}
