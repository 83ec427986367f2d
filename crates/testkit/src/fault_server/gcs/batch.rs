//! Batches: requests in the body of one, and their answers in the body of its answer.

use std::fmt::Write;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::super::answer::{Answer, Refusal};
use super::super::bucket::Bucket;
use super::super::request::SeenRequest;
use super::{refuse, understand};

/// The most requests of a batch.
const MAX_REQUESTS: usize = 100;

const BOUNDARY: &str = "batch_of-the_test/server=";

/// POST `/batch/storage/v1`.
pub(super) fn answer(bucket: &mut Bucket, request: &SeenRequest, body: &[u8]) -> Result<Answer, Refusal> {
    let malformed = || Refusal::new(400, "badRequest");
    let kind = request.header("content-type").unwrap_or_default();
    let boundary = kind.strip_prefix("multipart/mixed; boundary=").ok_or_else(malformed)?;
    let text = std::str::from_utf8(body).map_err(|_| malformed())?;
    let delimiter = format!("--{boundary}");
    let parts: Vec<_> =
        text.split(delimiter.as_str()).skip(1).take_while(|part| !part.starts_with("--")).collect();
    if parts.is_empty() || parts.len() > MAX_REQUESTS {
        return Err(malformed());
    }
    let mut document = String::new();
    for part in parts {
        // The line break before a delimiter belongs to it.
        let part = part.trim_start().strip_suffix("\r\n").ok_or_else(malformed)?;
        let (about, rest) = part.split_once("\r\n\r\n").ok_or_else(malformed)?;
        if !rest.ends_with("\r\n\r\n") {
            return Err(malformed());
        }
        let id = about.lines().find_map(|line| line.strip_prefix("Content-ID: <")).ok_or_else(malformed)?;
        let mut words = rest.split_whitespace();
        let (method, target) = (words.next().ok_or_else(malformed)?, words.next().ok_or_else(malformed)?);
        let mut one = SeenRequest::new(method, target, HeaderMap::new()).map_err(|_| malformed())?;
        understand(&mut one);
        let answer = super::answer(bucket, &one, Bytes::new()).unwrap_or_else(|refusal| refuse(&refusal));
        let status = answer.status;
        let _ = write!(
            document,
            "--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: <response-{id}\r\n\r\n\
             HTTP/1.1 {} {}\r\nContent-Length: {}\r\n\r\n{}\r\n",
            status.as_u16(),
            status.canonical_reason().unwrap_or("Unknown"),
            answer.body.len(),
            String::from_utf8_lossy(&answer.body),
        );
    }
    let _ = write!(document, "--{BOUNDARY}--\r\n");
    let kind = format!("multipart/mixed; boundary=\"{BOUNDARY}\"");
    let mut answer = Answer::new(StatusCode::OK).header("content-type", &kind);
    answer.body = document.into();
    Ok(answer)
}
