//! Conditional requests: reads as RFC 9110 section 13.2.2 orders them, writes as S3 documents them.

use std::time::SystemTime;

use http::StatusCode;

use super::answer::Refusal;
use super::bucket::Object;
use super::request::SeenRequest;

/// Google's condition; 0 is that of an object that does not exist.
const GENERATION: &str = "x-goog-if-generation-match";

/// Checks a condition on the generation of what a write replaces.
pub(super) fn check_generation(wanted: &str, current: Option<&Object>) -> Result<(), Refusal> {
    let found = current.map_or(0, |object| object.generation);
    if wanted == found.to_string() { Ok(()) } else { Err(failed()) }
}

fn failed() -> Refusal {
    Refusal::new(412, "PreconditionFailed")
}

fn matches(wanted: &str, etag: &str) -> bool {
    let plain = |etag: &str| etag.trim().trim_matches('"').to_owned();
    wanted.trim() == "*" || wanted.split(',').any(|one| plain(one) == plain(etag))
}

/// Whole seconds, as HTTP dates have no more.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default()
}

/// Checks the conditions on the object that is read; `prefix` is that of the headers: none, or `x-amz-copy-source-`.
pub(super) fn check_read(request: &SeenRequest, prefix: &str, object: &Object) -> Result<(), Refusal> {
    // That of a copy is one on what it replaces.
    if prefix.is_empty()
        && let Some(generation) = request.header(GENERATION)
        && generation != object.generation.to_string()
    {
        return Err(failed());
    }
    let header = |name: &str| request.header(&format!("{prefix}{name}"));
    let time = |name: &str| header(name).and_then(|text| httpdate::parse_http_date(text).ok());
    let unchanged = || {
        // A copy has no "not modified".
        if !prefix.is_empty() {
            return failed();
        }
        let mut refusal = Refusal::new(StatusCode::NOT_MODIFIED.as_u16(), "NotModified");
        refusal.etag = Some(object.etag.clone());
        refusal
    };
    if let Some(wanted) = header("if-match") {
        if !matches(wanted, &object.etag) {
            return Err(failed());
        }
    } else if time("if-unmodified-since").is_some_and(|limit| seconds(object.modified) > seconds(limit)) {
        return Err(failed());
    }
    if let Some(unwanted) = header("if-none-match") {
        if matches(unwanted, &object.etag) {
            return Err(unchanged());
        }
    } else if time("if-modified-since").is_some_and(|limit| seconds(object.modified) <= seconds(limit)) {
        return Err(unchanged());
    }
    Ok(())
}

/// Checks the conditions on the object that a write replaces.
///
/// # Source
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
pub(super) fn check_write(request: &SeenRequest, current: Option<&Object>) -> Result<(), Refusal> {
    if let Some(generation) = request.header(GENERATION) {
        check_generation(generation, current)?;
    }
    match (request.header("if-none-match"), current) {
        (Some("*"), Some(_)) => return Err(failed()),
        (Some("*") | None, _) => {}
        (Some(_), _) => return Err(Refusal::new(501, "NotImplemented")),
    }
    match (request.if_match(), current) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(Refusal::new(404, "NoSuchKey")),
        (Some(wanted), Some(object)) if matches(wanted, &object.etag) => Ok(()),
        (Some(_), Some(_)) => Err(failed()),
    }
}
