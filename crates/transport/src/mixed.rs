//! Batches: many requests in the body of one, as [`multipart/mixed`](https://www.rfc-editor.org/rfc/rfc2046#section-5.1.3).

use std::fmt::Write;

use rangeway_core::{Error, ErrorKind, Result};

use crate::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header, headers};

/// No answer is longer, in bytes: 256 answers with an error document each are some 200 KiB.
const LIMIT: usize = 4 << 20;

/// More headers than an answer of a batch has.
const MAX_HEADERS: usize = 64;

const BOUNDARY: &str = "rangeway-batch-6b1f8c2e";
const KIND: HeaderValue = HeaderValue::from_static("multipart/mixed; boundary=rangeway-batch-6b1f8c2e");

/// A batch under construction.
#[derive(Debug, Default)]
pub struct Batch {
    body: String,
}

impl Batch {
    /// A batch without requests.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a request without a body; the answer to it is known by the number that `id` ends with, its place in the
    /// batch.
    pub fn push(&mut self, id: &str, request: &Request) {
        let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
        let _ = write!(
            self.body,
            "--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {id}\r\n\r\n\
             {} {target} HTTP/1.1\r\n",
            request.method
        );
        for (name, value) in &request.headers {
            let _ = write!(self.body, "{name}: {}\r\n", value.to_str().unwrap_or_default());
        }
        // The last line break belongs to the delimiter that follows, not to the request.
        self.body.push_str("Content-Length: 0\r\n\r\n\r\n");
    }

    /// Makes the batch the body of `request`.
    pub fn into_request(mut self, request: Request) -> Request {
        let _ = write!(self.body, "--{BOUNDARY}--\r\n");
        request.document(KIND, self.body)
    }
}

/// The answer to one request of a batch.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// The answers to the `count` requests of a batch, in the order of the requests.
///
/// # Errors
/// Those of reading; `Integrity` when the answers are not those of the requests.
pub async fn answers(response: Response, count: usize) -> Result<Vec<Answer>> {
    let kind = headers::text(&response.headers, &header::CONTENT_TYPE).unwrap_or_default();
    let boundary = boundary(&kind).ok_or_else(|| wrong("the answer to a batch is no multipart/mixed"))?;
    parse(&response.into_bytes(LIMIT).await?, &boundary, count)
}

/// The boundary that a content type names, by the
/// [grammar of parameters](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.6): a token, or text in quotes.
fn boundary(kind: &str) -> Option<String> {
    let (kind, mut rest) = kind.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/mixed") {
        return None;
    }
    loop {
        let (name, value) = rest.split_once('=')?;
        let (value, after) = if let Some(quoted) = value.strip_prefix('"') {
            unquoted(quoted)?
        } else {
            let (token, after) = value.split_once(';').unwrap_or((value, ""));
            (token.trim_end().to_owned(), after)
        };
        // Before the name stands what follows a quoted value, and parameters that are empty or have no value.
        if name.rsplit(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("boundary")) {
            return Some(value).filter(|value| !value.is_empty());
        }
        rest = after;
    }
}

/// The text up to the closing quote, and what follows it.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((text, &quoted[at + 1..])),
            '\\' => text.push(characters.next()?.1),
            other => text.push(other),
        }
    }
    None
}

fn parse(body: &[u8], boundary: &str, count: usize) -> Result<Vec<Answer>> {
    let mut found: Vec<Option<Answer>> = (0..count).map(|_| None).collect();
    let delimiter = format!("--{boundary}");
    // What is before the first delimiter is no part, and what is after the last one is `--`.
    for part in split(body, delimiter.as_bytes()).skip(1) {
        if part.starts_with(b"--") {
            break;
        }
        let (about, rest) = head(part)?;
        let id = headers::text(&about, &HeaderName::from_static("content-id")).unwrap_or_default();
        // A batch that is refused as a whole has one answer, to no request in particular.
        let index = number(&id)
            .ok_or_else(|| wrong("an answer in a batch does not say to which request it belongs"))?;
        let place =
            found.get_mut(index).ok_or_else(|| wrong("an answer in a batch belongs to no request"))?;
        *place = Some(answer(rest)?);
    }
    let all: Option<Vec<_>> = found.into_iter().collect();
    all.ok_or_else(|| wrong("a request of a batch was given no answer"))
}

/// The number that an id ends with; services put words before it, and brackets around it.
fn number(id: &str) -> Option<usize> {
    let id = id.trim().trim_end_matches('>');
    let words = id.trim_end_matches(|last: char| last.is_ascii_digit());
    id[words.len()..].parse().ok()
}

/// The headers of a part, and what follows them.
fn head(part: &[u8]) -> Result<(HeaderMap, &[u8])> {
    let part = part.trim_ascii_start();
    let mut parsed = [httparse::EMPTY_HEADER; MAX_HEADERS];
    match httparse::parse_headers(part, &mut parsed) {
        Ok(httparse::Status::Complete((length, parsed))) => Ok((map(parsed)?, &part[length..])),
        _ => Err(wrong("a part of a batch's answer has no headers")),
    }
}

fn answer(text: &[u8]) -> Result<Answer> {
    let mut parsed = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut parsed);
    let Ok(httparse::Status::Complete(length)) = response.parse(text) else {
        return Err(wrong("an answer in a batch cannot be read"));
    };
    let status = response.code.and_then(|code| StatusCode::from_u16(code).ok());
    Ok(Answer {
        status: status.unwrap_or(StatusCode::BAD_GATEWAY),
        headers: map(response.headers)?,
        body: text[length..].trim_ascii().to_vec(),
    })
}

fn map(parsed: &[httparse::Header<'_>]) -> Result<HeaderMap> {
    let pairs = parsed.iter().map(|header| {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(header.value).ok()?))
    });
    pairs.collect::<Option<_>>().ok_or_else(|| wrong("a header in a batch's answer is not valid"))
}

/// What stands between the delimiters.
fn split<'a>(body: &'a [u8], delimiter: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let text = rest?;
        let at = text.windows(delimiter.len()).position(|window| window == delimiter);
        rest = at.map(|at| &text[at + delimiter.len()..]);
        Some(&text[..at.unwrap_or(text.len())])
    })
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::Integrity, what)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn ids_row_by_row() {
        for (id, expected) in [
            ("0", Some(0)),
            ("<response-item-12>", Some(12)),
            (" <x+3> ", Some(3)),
            ("<r\u{2013}1>", Some(1)),
            ("<r1\u{2013}>", None),
            ("", None),
        ] {
            assert_eq!(number(id), expected, "{id}");
        }
    }

    #[test]
    fn answers_are_given_in_the_order_of_the_requests() -> Result<()> {
        let body = "--b_1\r\nContent-Type: application/http\r\nContent-ID: <response-item-1>\r\n\r\n\
                    HTTP/1.1 404 The blob does not exist.\r\nx-ms-error-code: BlobNotFound\r\nContent-Length: 3\r\n\r\n<x>\r\n\
                    --b_1\r\nContent-Type: application/http\r\nContent-ID: 0\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n\r\n--b_1--\r\n";
        let found = parse(body.as_bytes(), "b_1", 2)?;
        assert_eq!((found[0].status, found[0].body.as_slice()), (StatusCode::ACCEPTED, &b""[..]));
        assert_eq!((found[1].status, found[1].body.as_slice()), (StatusCode::NOT_FOUND, &b"<x>"[..]));
        assert!(found[1].headers.contains_key("x-ms-error-code"));
        Ok(())
    }

    #[test]
    fn boundaries_row_by_row() {
        for (kind, expected) in [
            ("multipart/mixed; boundary=x", Some("x")),
            ("multipart/mixed;boundary=x; charset=utf-8", Some("x")),
            ("multipart/mixed; boundary=x ;charset=utf-8", Some("x")),
            ("Multipart/Mixed; charset=utf-8; BOUNDARY=x", Some("x")),
            ("multipart/mixed; boundary=\"a;b c=\"; charset=utf-8", Some("a;b c=")),
            ("multipart/mixed; charset=\"; boundary=y\"; boundary=x", Some("x")),
            (r#"multipart/mixed; boundary="a\"b\\""#, Some(r#"a"b\"#)),
            ("multipart/mixed;; boundary=batch_of-the/server=", Some("batch_of-the/server=")),
            ("multipart/mixed; flag; boundary=x", Some("x")),
            ("multipart/mixed; not-a-boundary=x", None),
            ("multipart/mixed; boundary=\"open", None),
            ("multipart/mixed; boundary=", None),
            ("multipart/mixed", None),
            ("application/json; boundary=x", None),
            ("", None),
        ] {
            assert_eq!(boundary(kind).as_deref(), expected, "{kind}");
        }
    }

    #[test]
    fn answers_that_do_not_fit_the_requests_are_refused() {
        let one = "--b\r\nContent-ID: 0\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n\r\n--b--\r\n";
        assert!(parse(one.as_bytes(), "b", 1).is_ok());
        assert!(parse(one.as_bytes(), "b", 2).is_err());
        assert!(parse(one.replace("ID: 0", "ID: 7").as_bytes(), "b", 1).is_err());
        assert!(parse(one.replace("ID: 0", "ID: x").as_bytes(), "b", 1).is_err());
        assert!(parse(b"nothing", "b", 1).is_err());
    }

    #[test]
    fn requests_stand_one_after_the_other() {
        let uri = || "http://h/a?b=c".parse().expect("a URI");
        let mut batch = Batch::new();
        let host = (HeaderName::from_static("x-a"), HeaderValue::from_static("1"));
        batch.push("<item-0>", &Request::new(Method::DELETE, uri()).header(host.0, host.1));
        let request = batch.into_request(Request::new(Method::POST, uri()));
        let body = request.body.as_rope().expect("in memory").concat();
        let text = String::from_utf8(body).expect("text");
        assert!(text.contains("Content-ID: <item-0>\r\n\r\nDELETE /a?b=c HTTP/1.1\r\nx-a: 1\r\n"), "{text}");
        assert!(text.ends_with(&format!("Content-Length: 0\r\n\r\n\r\n--{BOUNDARY}--\r\n")), "{text}");
    }
}
