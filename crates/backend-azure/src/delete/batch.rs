//! Batches: many requests in the body of one, as `multipart/mixed`.
//!
//! Source: <https://learn.microsoft.com/rest/api/storageservices/blob-batch>.

use std::fmt::Write;

use bytes::Bytes;
use rangeway_core::{Error, ErrorKind, Key, Result};
use rangeway_transport::xml::Element;
use rangeway_transport::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, RequestBody, StatusCode, header, headers,
};

use crate::api::Api;
use crate::error;

/// No answer is longer, in bytes: 256 answers with an error document each are some 200 KiB.
const LIMIT: usize = 4 << 20;

/// More headers than an answer of a batch has.
const MAX_HEADERS: usize = 64;

const BOUNDARY: &str = "rangeway-batch-6b1f8c2e";

/// Deletes `keys` by one request and gives the answer to each, in their order.
///
/// # Errors
/// Those of the request itself; `Integrity` when the answers are not those of the keys.
pub(super) async fn send(api: &Api, keys: &[Key]) -> Result<Vec<Result<()>>> {
    let mut body = String::new();
    for (index, key) in keys.iter().enumerate() {
        let mut request = api.blob(Method::DELETE, key, &[])?;
        api.service().credentials.authorize(&mut request).await?;
        append(&mut body, index, &request);
    }
    let _ = write!(body, "--{BOUNDARY}--\r\n");
    let mut request =
        api.container(Method::POST, &[("comp", "batch")])?.body(RequestBody::from(Bytes::from(body)));
    let kind = headers::value("content-type", &format!("multipart/mixed; boundary={BOUNDARY}"))?;
    request.headers.insert(header::CONTENT_TYPE, kind);
    let response = api.send(request).await?;
    let kind = headers::text(&response.headers, &header::CONTENT_TYPE).unwrap_or_default();
    let boundary = kind.split("boundary=").nth(1).map(|boundary| boundary.trim_matches('"').to_owned());
    let boundary = boundary.ok_or_else(|| wrong("the answer to a batch is no multipart/mixed"))?;
    let body = response.into_bytes(LIMIT).await?;
    answers(&body, &boundary, keys.len())
}

/// Appends one request as a part of the batch.
fn append(body: &mut String, index: usize, request: &Request) {
    let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
    let _ = write!(
        body,
        "--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\nContent-ID: {index}\r\n\r\n\
         {} {target} HTTP/1.1\r\n",
        request.method
    );
    for (name, value) in &request.headers {
        let _ = write!(body, "{name}: {}\r\n", value.to_str().unwrap_or_default());
    }
    body.push_str("Content-Length: 0\r\n\r\n");
}

/// The answers in the body of the answer, in the order of their requests.
fn answers(body: &[u8], boundary: &str, count: usize) -> Result<Vec<Result<()>>> {
    let mut found: Vec<Option<Result<()>>> = (0..count).map(|_| None).collect();
    let delimiter = format!("--{boundary}");
    // What is before the first delimiter is no part, and what is after the last one is `--`.
    for part in split(body, delimiter.as_bytes()).skip(1) {
        if part.starts_with(b"--") {
            break;
        }
        let (about, rest) = head(part)?;
        let index = headers::text(&about, &HeaderName::from_static("content-id"));
        let index: usize = index
            .and_then(|index| index.trim().parse().ok())
            .ok_or_else(|| wrong("an answer in a batch does not say to which request it belongs"))?;
        let answer = answer(rest)?;
        // A batch that is refused as a whole has one answer, to no request in particular.
        let place =
            found.get_mut(index).ok_or_else(|| wrong("an answer in a batch belongs to no request"))?;
        *place = Some(answer);
    }
    let all: Option<Vec<_>> = found.into_iter().collect();
    all.ok_or_else(|| wrong("a request of a batch was given no answer"))
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

fn answer(text: &[u8]) -> Result<Result<()>> {
    let mut parsed = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut parsed);
    let Ok(httparse::Status::Complete(length)) = response.parse(text) else {
        return Err(wrong("an answer in a batch cannot be read"));
    };
    let status =
        response.code.and_then(|code| StatusCode::from_u16(code).ok()).unwrap_or(StatusCode::BAD_GATEWAY);
    if status.is_success() {
        return Ok(Ok(()));
    }
    let document = Element::parse(&text[length..]).ok().filter(|root| root.name == "Error");
    Ok(Err(error::of_answer(status, &map(response.headers)?, document.as_ref())))
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
    use super::*;

    #[test]
    fn answers_are_given_in_the_order_of_the_requests() -> Result<()> {
        let body = "--b_1\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\nHTTP/1.1 404 The blob does not exist.\r\n\
                    x-ms-error-code: BlobNotFound\r\nContent-Length: 3\r\n\r\n<x>\r\n\
                    --b_1\r\nContent-Type: application/http\r\nContent-ID: 0\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n\r\n--b_1--\r\n";
        let found = answers(body.as_bytes(), "b_1", 2)?;
        assert!(found[0].is_ok());
        assert_eq!(found[1].as_ref().expect_err("not found").kind(), ErrorKind::NotFound);
        Ok(())
    }

    #[test]
    fn answers_that_do_not_fit_the_requests_are_refused() {
        let one = "--b\r\nContent-ID: 0\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n\r\n--b--\r\n";
        assert!(answers(one.as_bytes(), "b", 1).is_ok());
        assert!(answers(one.as_bytes(), "b", 2).is_err());
        assert!(answers(one.replace("ID: 0", "ID: 7").as_bytes(), "b", 1).is_err());
        assert!(answers(b"nothing", "b", 1).is_err());
    }
}
