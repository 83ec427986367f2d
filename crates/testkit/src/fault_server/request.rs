//! Requests as the fault server reads them from a socket, and as its log keeps them.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::request_kind::RequestKind;

/// More than any client sends.
const MAX_HEADERS: usize = 100;
const MAX_HEAD: usize = 64 * 1024;

/// The head of a request: what the log keeps, and what faults are matched with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SeenRequest {
    /// Which operation it is.
    pub kind: RequestKind,
    /// The method.
    pub method: Method,
    /// The path as it was sent, still percent-encoded.
    pub path: String,
    /// The query as it was sent, without `?`.
    pub query: String,
    /// The bucket.
    pub bucket: String,
    /// The decoded key; empty for requests to the bucket.
    pub key: String,
    /// The headers.
    pub headers: HeaderMap,
}

impl SeenRequest {
    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The `Range` header.
    pub fn range(&self) -> Option<&str> {
        self.header("range")
    }

    /// The `If-Match` header.
    pub fn if_match(&self) -> Option<&str> {
        self.header("if-match")
    }

    /// A decoded parameter of the query; empty when it has no value.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.query.split('&').find_map(|pair| {
            let (found, value) = pair.split_once('=').unwrap_or((pair, ""));
            // The S3 services read a `+` in a query as a space.
            let value = value.replace('+', " ");
            (found == name).then(|| percent_decode_str(&value).decode_utf8_lossy().into_owned())
        })
    }

    pub(super) fn new(method: &str, target: &str, headers: HeaderMap) -> io::Result<Self> {
        let method: Method = method.parse().map_err(io::Error::other)?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let place = path.strip_prefix('/').ok_or_else(|| io::Error::other("the target is no path"))?;
        let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        Ok(Self {
            kind: RequestKind::of(&method, path, query, &headers),
            bucket: decode(bucket),
            key: decode(key),
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
        })
    }
}

/// Reads requests from one connection.
pub(super) struct Reader {
    buffer: BytesMut,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { buffer: BytesMut::new() }
    }

    /// The head of the next request; `None` when the client has closed the connection.
    pub(super) async fn head(&mut self, socket: &mut TcpStream) -> io::Result<Option<SeenRequest>> {
        loop {
            if let Some((request, length)) = parse(&self.buffer)? {
                self.buffer.advance(length);
                return Ok(Some(request));
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(io::Error::other("the head of the request is too long"));
            }
            if socket.read_buf(&mut self.buffer).await? == 0 {
                let clean = self.buffer.is_empty();
                return if clean { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// The body that follows `head`.
    pub(super) async fn body(&mut self, head: &SeenRequest, socket: &mut TcpStream) -> io::Result<Bytes> {
        if head.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
            socket.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        if head.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return self.chunked(socket).await;
        }
        let length = head.header("content-length").map_or(Ok(0), str::parse).map_err(io::Error::other)?;
        self.exactly(length, socket).await
    }

    async fn chunked(&mut self, socket: &mut TcpStream) -> io::Result<Bytes> {
        let mut body = BytesMut::new();
        loop {
            let line = self.line(socket).await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
            if size == 0 {
                while !self.line(socket).await?.is_empty() {}
                return Ok(body.freeze());
            }
            body.extend_from_slice(&self.exactly(size, socket).await?);
            self.line(socket).await?;
        }
    }

    async fn exactly(&mut self, length: usize, socket: &mut TcpStream) -> io::Result<Bytes> {
        self.buffer.reserve(length.saturating_sub(self.buffer.len()));
        while self.buffer.len() < length {
            if socket.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.buffer.split_to(length).freeze())
    }

    async fn line(&mut self, socket: &mut TcpStream) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.buffer.split_to(end);
                self.buffer.advance(2);
                return Ok(String::from_utf8_lossy(&line).into_owned());
            }
            if socket.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// The request at the start of `buffer` and the length of its head, once that is there.
fn parse(buffer: &[u8]) -> io::Result<Option<(SeenRequest, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = request.parse(buffer).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let mut map = HeaderMap::new();
    for header in request.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(io::Error::other)?;
        map.append(name, HeaderValue::from_bytes(header.value).map_err(io::Error::other)?);
    }
    let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
    Ok(Some((SeenRequest::new(method, target, map)?, length)))
}
