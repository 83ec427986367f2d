//! `Fault`: one way in which a service misbehaves.

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, header};

use super::answer::{Answer, Cut, Ending, Refusal};
use super::bucket::Bucket;
use super::object;
use super::request::SeenRequest;
use crate::byte_range::ByteRange;

/// One way in which a service misbehaves. Several can strike the same request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Answers with an error and does nothing.
    Status {
        /// The HTTP status.
        status: u16,
        /// The code in the XML.
        code: &'static str,
        /// The `Retry-After` header, in seconds.
        retry_after: Option<u64>,
    },
    /// Answers with a redirect and does nothing.
    Redirect {
        /// The HTTP status: 301 or 307.
        status: u16,
        /// The `Location` header.
        location: String,
    },
    /// Does the request, and ends the connection before the first byte of the answer.
    BeforeHead(Ending),
    /// Does the request, and ends the connection after so many bytes of the body.
    InBody(u64, Ending),
    /// Answers a range with at most its first so many bytes, and says so in `Content-Range`.
    ShorterRange(u64),
    /// Answers with at most so many bytes, against what `Content-Range` says.
    ShorterLength(u64),
    /// Answers a range with as many bytes from so many bytes later on, and says so in `Content-Range`.
    ShiftedRange(u64),
    /// Says another size of the object in `Content-Range`.
    OtherTotal(u64),
    /// Answers a range with 200 and the whole object.
    IgnoreRange,
    /// Does not look at `If-Match`, `If-None-Match` and the like.
    IgnoreConditions,
    /// Somebody else replaces the object just before it is answered.
    Replace(Bytes),
    /// Leaves a header out of the answer.
    WithoutHeader(&'static str),
    /// Flips a bit of this byte of the object, wherever it is sent.
    CorruptByte(u64),
    /// Answers 416 and says that the object has this size.
    Unsatisfiable {
        /// In bytes.
        size: u64,
    },
    /// Answers 200 with an error in the body, and does nothing.
    ErrorInBody(&'static str),
    /// Answers with bytes that are not HTTP.
    NotHttp,
}

impl Fault {
    /// 503 `SlowDown`, with or without `Retry-After` in seconds.
    pub const fn slow_down(retry_after: Option<u64>) -> Self {
        Self::Status { status: 503, code: "SlowDown", retry_after }
    }

    /// 429 `TooManyRequests`.
    pub const fn too_many_requests() -> Self {
        Self::Status { status: 429, code: "TooManyRequests", retry_after: None }
    }

    /// 500 `InternalError`.
    pub const fn internal_error() -> Self {
        Self::Status { status: 500, code: "InternalError", retry_after: None }
    }

    /// 403 `AccessDenied`.
    pub const fn access_denied() -> Self {
        Self::Status { status: 403, code: "AccessDenied", retry_after: None }
    }

    /// 404 `NoSuchKey`, whether the object is there or not.
    pub const fn no_such_key() -> Self {
        Self::Status { status: 404, code: "NoSuchKey", retry_after: None }
    }

    /// Changes the request, or the bucket, before it is answered.
    pub(super) fn before(&self, request: &mut SeenRequest, bucket: &mut Bucket) {
        let bent = |bend: &dyn Fn(ByteRange) -> ByteRange| {
            let range = request.range().and_then(ByteRange::parse)?;
            HeaderValue::from_str(&bend(range).header()).ok()
        };
        let range = match self {
            Self::ShorterRange(length) => bent(&|range| range.cut(*length)),
            Self::ShiftedRange(by) => bent(&|range| range.shifted(*by)),
            _ => None,
        };
        if let Some(range) = range {
            request.headers.insert(header::RANGE, range);
        }
        match self {
            Self::IgnoreRange => {
                request.headers.remove(header::RANGE);
            }
            Self::IgnoreConditions => {
                for name in [
                    header::IF_MATCH,
                    header::IF_NONE_MATCH,
                    header::IF_MODIFIED_SINCE,
                    header::IF_UNMODIFIED_SINCE,
                    HeaderName::from_static("x-goog-if-generation-match"),
                ] {
                    request.headers.remove(name);
                }
            }
            Self::Replace(bytes) => object::place(bucket, &request.key, bytes.clone()),
            _ => {}
        }
    }

    /// The answer that takes the place of the honest one, where `refuse` makes one of a refusal.
    pub(super) fn instead(&self, refuse: impl Fn(Refusal) -> Answer) -> Option<Answer> {
        match self {
            Self::Status { status, code, retry_after } => {
                let answer = refuse(Refusal::new(*status, code));
                Some(match retry_after {
                    Some(seconds) => answer.header("retry-after", &seconds.to_string()),
                    None => answer,
                })
            }
            Self::Redirect { status, location } => {
                let answer = refuse(Refusal::new(*status, "TemporaryRedirect"));
                Some(answer.header("location", location))
            }
            Self::Unsatisfiable { size } => Some(refuse(Refusal::unsatisfiable(*size))),
            Self::ErrorInBody(code) => Some(refuse(Refusal::new(200, code))),
            Self::NotHttp => {
                let mut answer = refuse(Refusal::new(500, "NotHttp"));
                answer.raw = Some(b"220 this is no HTTP server\r\n\r\n");
                Some(answer)
            }
            _ => None,
        }
    }

    /// Changes the answer.
    pub(super) fn after(&self, answer: &mut Answer) {
        let within = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
        match self {
            Self::BeforeHead(ending) => answer.cut = Some(Cut::BeforeHead(*ending)),
            Self::InBody(length, ending) => answer.cut = Some(Cut::InBody(within(*length), *ending)),
            Self::ShorterLength(length) => answer.body.truncate(within(*length)),
            Self::OtherTotal(total) => {
                let range = answer.headers.get(header::CONTENT_RANGE).and_then(|value| value.to_str().ok());
                let other = range
                    .and_then(|range| range.rsplit_once('/'))
                    .map(|(range, _)| format!("{range}/{total}"));
                if let Some(value) = other.and_then(|other| HeaderValue::from_str(&other).ok()) {
                    answer.headers.insert(header::CONTENT_RANGE, value);
                }
            }
            Self::WithoutHeader(name) => {
                answer.headers.remove(HeaderName::from_static(name));
            }
            Self::CorruptByte(offset) => {
                if let Some(index) = offset.checked_sub(answer.offset).map(within)
                    && index < answer.body.len()
                {
                    let mut body = BytesMut::from(&answer.body[..]);
                    body[index] ^= 0x10;
                    answer.body = body.freeze();
                }
            }
            _ => {}
        }
    }
}
