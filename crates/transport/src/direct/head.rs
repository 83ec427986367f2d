//! Heads of requests and answers, as they stand on the wire: pure functions of bytes.

use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{Response, StatusCode};

use super::Failure;

/// How an answer's body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// With a chunk of length 0.
    Chunked,
    /// With the connection.
    Close,
}

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) response: Response<()>,
    pub(super) framing: Framing,
    /// Whether the connection may be used again once the body has been read.
    pub(super) keep_alive: bool,
}

/// More headers than any service sends: S3 allows 8 KiB of them, and metadata may be hundreds of short ones.
pub(crate) const MAX_HEADERS: usize = 512;

/// How an alert begins: its content type, and the major version that all TLS has.
/// Source: [RFC 8446 section 5.1](https://www.rfc-editor.org/rfc/rfc8446#section-5.1).
const TLS_ALERT: [u8; 2] = [0x15, 0x03];

/// Writes a GET to `message`. Names and values of an `http::HeaderMap` hold no line breaks, so neither does the target.
pub(super) fn write_request(message: &mut BytesMut, request: &http::Request<()>) {
    let target = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    for part in [request.method().as_str(), " ", target, " HTTP/1.1\r\n"] {
        message.extend_from_slice(part.as_bytes());
    }
    for (name, value) in request.headers() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            message.extend_from_slice(part);
        }
    }
    message.extend_from_slice(b"\r\n");
}

/// The head at the beginning of `bytes` and its length; `None` while it is not whole.
pub(super) fn answer(bytes: &[u8]) -> Result<Option<(Head, usize)>, Failure> {
    // Not even zeroed: there are a dozen headers as a rule.
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut []);
    let parser = httparse::ParserConfig::default();
    let length = match parser.parse_response_with_uninit_headers(&mut parsed, bytes, &mut headers) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        // A server that waits for TLS answers a plain request with an alert.
        Err(_) if bytes.starts_with(&TLS_ALERT) => return Err(Failure::Tls),
        Err(_) => return Err(Failure::Malformed("its head cannot be parsed")),
    };
    let status = parsed.code.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or(Failure::Malformed("its status is not a number from 100 to 999"))?;
    let mut response = Response::new(());
    *response.status_mut() = status;
    response.headers_mut().reserve(parsed.headers.len());
    // The values share one copy of the head.
    let copy = Bytes::copy_from_slice(&bytes[..length]);
    for header in parsed.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        let begin = header.value.as_ptr().addr().wrapping_sub(bytes.as_ptr().addr());
        let value = match header.value {
            // It may stand anywhere.
            [] => Ok(HeaderValue::from_static("")),
            value => HeaderValue::from_maybe_shared(copy.slice(begin..begin + value.len())),
        };
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(Failure::Malformed("one of its headers is not valid"));
        };
        response.headers_mut().append(name, value);
    }
    let framing = framing(status, response.headers())?;
    let closes = has_token(response.headers(), &CONNECTION, "close");
    let persists = parsed.version == Some(1) || has_token(response.headers(), &CONNECTION, "keep-alive");
    let keep_alive = persists && !closes && framing != Framing::Close;
    Ok(Some((Head { response, framing, keep_alive }, length)))
}

/// How the body ends: [RFC 9112 section 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3).
fn framing(status: StatusCode, headers: &HeaderMap) -> Result<Framing, Failure> {
    if status.is_informational() || status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
        return Ok(Framing::Length(0));
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
        let chunked = codings.next().is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
            && codings.next().is_none();
        return if chunked && !headers.contains_key(CONTENT_LENGTH) {
            Ok(Framing::Chunked)
        } else {
            Err(Failure::Malformed("its transfer coding is not chunked alone"))
        };
    }
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let Some(first) = lengths.next() else { return Ok(Framing::Close) };
    if lengths.any(|other| other != first) {
        return Err(Failure::Malformed("it has two lengths"));
    }
    let digits = first.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let length = digits.and_then(|digits| digits.parse().ok());
    length.map(Framing::Length).ok_or(Failure::Malformed("its length is not a number"))
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Option<(Framing, bool)>, Failure> {
        Ok(answer(text.as_bytes())?.map(|(head, _)| (head.framing, head.keep_alive)))
    }

    #[test]
    fn answers_row_by_row() -> Result<(), Failure> {
        for (text, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", (Framing::Length(5), true)),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: Close\r\n\r\n",
                (Framing::Length(5), false),
            ),
            ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", (Framing::Length(5), false)),
            (
                "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n",
                (Framing::Length(5), true),
            ),
            ("HTTP/1.1 404 \r\nTransfer-Encoding: chunked\r\n\r\n", (Framing::Chunked, true)),
            ("HTTP/1.1 200 OK\r\n\r\n", (Framing::Close, false)),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", (Framing::Length(0), true)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", (Framing::Length(5), true)),
        ] {
            assert_eq!(parse(text)?, Some(expected), "{text}");
        }
        assert_eq!(parse("HTTP/1.1 200 OK\r\nContent-Le")?, None);
        Ok(())
    }

    #[test]
    fn what_could_be_misread_is_refused() {
        for text in [
            "SSH-2.0-OpenSSH\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_request_is_what_was_asked_for() {
        let get =
            http::Request::get("http://h:1/b/a%20b?x=1").header("host", "h:1").header("range", "bytes=0-4");
        let mut message = BytesMut::new();
        write_request(&mut message, &get.body(()).expect("valid"));
        let expected = "GET /b/a%20b?x=1 HTTP/1.1\r\nhost: h:1\r\nrange: bytes=0-4\r\n\r\n";
        assert_eq!(String::from_utf8_lossy(&message), expected);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = answer(&bytes);
        }

        #[test]
        fn a_head_is_found_wherever_it_is_cut(cut in 0..60usize) {
            let text = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\nETag: \"e\"\r\n\r\nabc";
            let cut = cut.min(text.len() - 4);
            prop_assert!(answer(&text[..cut]).is_ok_and(|answer| answer.is_none()));
            let whole = answer(text).ok().flatten();
            prop_assert_eq!(whole.map(|(_, length)| length), Some(text.len() - 3));
        }
    }
}
