//! `Answer`: status, headers and body of what the server says to a request that it admits, or refuses.

use std::fmt::Write;
use std::ops::Range;

use super::object;
use super::request::Request;
use crate::request_kind::RequestKind;
use crate::xml::{self, Document};

/// Every object was written then, whenever it is asked for.
const MODIFIED_HTTP: &str = "Wed, 01 Jan 2025 00:00:00 GMT";
const MODIFIED_XML: &str = "2025-01-01T00:00:00.000Z";
/// What is written is not kept, so its `ETag` means nothing.
const WRITTEN: &str = "\"0123456789abcdef0123456789abcdef\"";
const UPLOAD_ID: &str = "pacing-upload";

/// What a request is answered with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    status: &'static str,
    /// Lines that end with a line break.
    headers: String,
    pub(super) body: Body,
}

/// The body of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    Text(String),
    /// These bytes of the pattern.
    Object(Range<u64>),
    /// Not these many bytes, because the request is a HEAD.
    Omitted(u64),
}

impl Answer {
    fn new(status: &'static str) -> Self {
        Self { status, headers: String::new(), body: Body::Text(String::new()) }
    }

    fn xml(status: &'static str, document: String) -> Self {
        Self { body: Body::Text(document), ..Self::new(status).header("content-type", "application/xml") }
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        let _ = write!(self.headers, "{name}: {value}\r\n");
        self
    }

    /// The answer to a request over the limits.
    pub(super) fn slow_down() -> Self {
        Self::xml("503 Slow Down", xml::error("SlowDown", None))
    }

    /// The answer to `request`; `keys` are what listings show.
    pub(super) fn to(request: &Request, keys: &[String]) -> Self {
        match request.kind {
            RequestKind::GetObject | RequestKind::HeadObject => read(request),
            RequestKind::ListObjects if request.parameter("location").is_some() => location(),
            RequestKind::ListObjects => list(request, keys),
            RequestKind::PutObject | RequestKind::UploadPart => Self::new("200 OK").header("etag", WRITTEN),
            RequestKind::CreateMultipart => begin(request),
            RequestKind::CompleteMultipart => complete(request),
            RequestKind::AbortMultipart | RequestKind::DeleteObject => Self::new("204 No Content"),
            RequestKind::HeadBucket | RequestKind::CreateBucket => Self::new("200 OK"),
            _ => Self::xml("501 Not Implemented", xml::error("NotImplemented", None)),
        }
    }

    /// The head as it goes over the wire, and the text after it if the body is one.
    pub(super) fn head(&self, is_last: bool) -> Vec<u8> {
        let (length, text) = match &self.body {
            Body::Text(text) => (text.len() as u64, text.as_str()),
            Body::Object(range) => (range.end - range.start, ""),
            Body::Omitted(length) => (*length, ""),
        };
        let mut head = format!("HTTP/1.1 {}\r\n{}", self.status, self.headers);
        // An answer without content has no length either: RFC 9110, section 8.6.
        if !self.status.starts_with("204") {
            let _ = write!(head, "content-length: {length}\r\n");
        }
        let close = if is_last { "connection: close\r\n" } else { "" };
        let _ = write!(head, "{close}server: rangeway-pacing\r\n\r\n{text}");
        head.into_bytes()
    }
}

fn read(request: &Request) -> Answer {
    let is_head = request.kind == RequestKind::HeadObject;
    let refusal = |status, code, size| {
        let document = if is_head { String::new() } else { xml::error(code, size) };
        Answer::xml(status, document)
    };
    let Some(size) = object::size_of(&request.key) else {
        return refusal("404 Not Found", "NoSuchKey", None);
    };
    let etag = object::etag(size);
    if request.if_match.as_deref().is_some_and(|header| !object::matches(header, &etag)) {
        return refusal("412 Precondition Failed", "PreconditionFailed", None);
    }
    let described = |status| {
        Answer::new(status)
            .header("accept-ranges", "bytes")
            .header("content-type", "application/octet-stream")
            .header("etag", &etag)
            .header("last-modified", MODIFIED_HTTP)
    };
    let (mut answer, range) = match request.range.map(|range| range.resolve(size)) {
        None => (described("200 OK"), 0..size),
        Some(Some(range)) => {
            let content_range = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            (described("206 Partial Content").header("content-range", &content_range), range)
        }
        Some(None) => {
            return refusal("416 Range Not Satisfiable", "InvalidRange", Some(size))
                .header("content-range", &format!("bytes */{size}"));
        }
    };
    answer.body = if is_head { Body::Omitted(range.end - range.start) } else { Body::Object(range) };
    answer
}

fn location() -> Answer {
    // An empty constraint is the region us-east-1.
    Answer::xml("200 OK", Document::new("LocationConstraint").finish("LocationConstraint"))
}

fn list(request: &Request, keys: &[String]) -> Answer {
    let prefix = request.parameter("prefix").unwrap_or_default().replace("%2F", "/");
    let found: Vec<&String> = keys.iter().filter(|key| key.starts_with(&prefix)).collect();
    let count = found.len().to_string();
    let mut document = Document::new("ListBucketResult");
    document.element("Name", &request.bucket);
    document.element("Prefix", &prefix);
    document.element("KeyCount", &count);
    document.element("MaxKeys", &count);
    document.element("IsTruncated", "false");
    for key in found {
        let size = object::size_of(key).unwrap_or_default();
        document.open("Contents");
        document.element("Key", key);
        document.element("LastModified", MODIFIED_XML);
        document.element("ETag", &object::etag(size));
        document.element("Size", &size.to_string());
        document.element("StorageClass", "STANDARD");
        document.close("Contents");
    }
    Answer::xml("200 OK", document.finish("ListBucketResult"))
}

fn begin(request: &Request) -> Answer {
    let mut document = Document::new("InitiateMultipartUploadResult");
    document.element("Bucket", &request.bucket);
    document.element("Key", &request.key);
    document.element("UploadId", UPLOAD_ID);
    Answer::xml("200 OK", document.finish("InitiateMultipartUploadResult"))
}

fn complete(request: &Request) -> Answer {
    let mut document = Document::new("CompleteMultipartUploadResult");
    document.element("Location", &format!("/{}/{}", request.bucket, request.key));
    document.element("Bucket", &request.bucket);
    document.element("Key", &request.key);
    document.element("ETag", WRITTEN);
    Answer::xml("200 OK", document.finish("CompleteMultipartUploadResult"))
}
