//! Heads of requests, read from a connection, and bodies that nobody needs.

use std::io;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::wire::Wire;
use crate::byte_range::ByteRange;
use crate::request_kind::RequestKind;

/// More than any client sends.
const MAX_HEADERS: usize = 100;
const MAX_HEAD: usize = 64 << 10;

/// What the server needs to know of a request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) kind: RequestKind,
    pub(super) bucket: String,
    /// As it was sent, still percent-encoded.
    pub(super) key: String,
    /// As it was sent, without `?`.
    pub(super) query: String,
    pub(super) range: Option<ByteRange>,
    pub(super) if_match: Option<String>,
    pub(super) body: BodyLength,
    /// The client sends the body when it is told to.
    pub(super) waits: bool,
    /// The client wants no further request on this connection.
    pub(super) is_last: bool,
}

/// How long a request's body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyLength {
    Known(u64),
    Chunked,
}

impl Request {
    /// A parameter of the query as it was sent; empty when it has no value.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| {
            let (found, value) = pair.split_once('=').unwrap_or((pair, ""));
            (found == name).then_some(value)
        })
    }

    fn new(parsed: &httparse::Request<'_, '_>) -> io::Result<Self> {
        let method = Method::from_bytes(parsed.method.unwrap_or_default().as_bytes()).map_err(invalid)?;
        let target = parsed.path.unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let place = path.strip_prefix('/').ok_or_else(|| invalid("the target is no path"))?;
        let (bucket, key) = place.split_once('/').unwrap_or((place, ""));
        let mut request = Self {
            kind: RequestKind::Other,
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            query: query.to_owned(),
            range: None,
            if_match: None,
            body: BodyLength::Known(0),
            waits: false,
            is_last: false,
        };
        let mut for_kind = HeaderMap::new();
        for header in parsed.headers.iter() {
            let Ok(value) = std::str::from_utf8(header.value) else { continue };
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            if is("range") {
                request.range = ByteRange::parse(value);
            } else if is("if-match") {
                request.if_match = Some(value.to_owned());
            } else if is("content-length") {
                request.body = BodyLength::Known(value.trim().parse().map_err(invalid)?);
            } else if is("transfer-encoding") {
                request.body = BodyLength::Chunked;
            } else if is("expect") {
                request.waits = value.eq_ignore_ascii_case("100-continue");
            } else if is("connection") {
                request.is_last = value.eq_ignore_ascii_case("close");
            } else if is("x-amz-copy-source") {
                let name = HeaderName::from_static("x-amz-copy-source");
                for_kind.insert(name, HeaderValue::from_str(value).map_err(invalid)?);
            }
        }
        request.kind = RequestKind::of(&method, path, query, &for_kind);
        Ok(request)
    }
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Reads requests from one connection.
pub(super) struct Reader {
    buffer: Vec<u8>,
    /// What of the buffer was read and not used yet.
    start: usize,
    end: usize,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { buffer: vec![0; MAX_HEAD], start: 0, end: 0 }
    }

    /// The next request; `None` when the client has closed the connection.
    pub(super) fn head(&mut self, wire: &mut Wire) -> io::Result<Option<Request>> {
        loop {
            if self.start < self.end
                && let Some((request, length)) = parse(&self.buffer[self.start..self.end])?
            {
                self.start += length;
                return Ok(Some(request));
            }
            if !self.more(wire)? {
                let clean = self.start == self.end;
                return if clean { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// Reads what follows `request` and drops it; the number of bytes of the body.
    pub(super) fn discard(&mut self, request: &Request, wire: &mut Wire) -> io::Result<u64> {
        if request.waits {
            wire.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        match request.body {
            BodyLength::Known(length) => self.skip(length, wire).map(|()| length),
            BodyLength::Chunked => self.chunks(wire),
        }
    }

    fn chunks(&mut self, wire: &mut Wire) -> io::Result<u64> {
        let mut total = 0;
        loop {
            let line = self.line(wire)?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(invalid)?;
            if size == 0 {
                while !self.line(wire)?.is_empty() {}
                return Ok(total);
            }
            self.skip(size, wire)?;
            self.line(wire)?;
            total += size;
        }
    }

    fn skip(&mut self, length: u64, wire: &mut Wire) -> io::Result<()> {
        let there = length.min((self.end - self.start) as u64);
        self.start += usize::try_from(there).expect("within the buffer");
        wire.discard(length - there)
    }

    fn line(&mut self, wire: &mut Wire) -> io::Result<String> {
        loop {
            let unread = &self.buffer[self.start..self.end];
            if let Some(length) = unread.windows(2).position(|pair| pair == b"\r\n") {
                let line = String::from_utf8_lossy(&unread[..length]).into_owned();
                self.start += length + 2;
                return Ok(line);
            }
            if !self.more(wire)? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads more into the buffer; false at the end of the connection.
    fn more(&mut self, wire: &mut Wire) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end == self.buffer.len() {
            return Err(invalid("the head of the request is too long"));
        }
        let read = wire.read(&mut self.buffer[self.end..])?;
        self.end += read;
        Ok(read > 0)
    }
}

/// The request at the start of `buffer` and the length of its head, once that is there.
fn parse(buffer: &[u8]) -> io::Result<Option<(Request, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    match parsed.parse(buffer).map_err(invalid)? {
        httparse::Status::Complete(length) => Ok(Some((Request::new(&parsed)?, length))),
        httparse::Status::Partial => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let head = b"PUT /b/4096/x?partNumber=2&uploadId=u HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\
            Expect: 100-Continue\r\nConnection: close\r\n\r\nbody";
        for end in 0..head.len() - 4 {
            assert!(parse(&head[..end]).expect("no error").is_none(), "{end}");
        }
        let (request, length) = parse(head).expect("a request").expect("all of it");
        assert_eq!(length, head.len() - 4);
        assert_eq!((request.bucket.as_str(), request.key.as_str()), ("b", "4096/x"));
        assert_eq!((request.kind, request.body), (RequestKind::UploadPart, BodyLength::Known(7)));
        assert_eq!((request.parameter("uploadId"), request.parameter("part")), (Some("u"), None));
        assert!(request.waits && request.is_last);
    }

    #[test]
    fn what_is_no_request_is_an_error() {
        for head in
            ["GET\r\n\r\n", "GET x HTTP/1.1\r\n\r\n", "PUT /b/k HTTP/1.1\r\nContent-Length: x\r\n\r\n"]
        {
            assert!(parse(head.as_bytes()).is_err(), "{head}");
        }
    }
}
