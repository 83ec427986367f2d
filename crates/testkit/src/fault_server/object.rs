//! Requests for one object: read, head, write, copy, delete.

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode_str;

use super::answer::{Answer, Refusal};
use super::bucket::{Bucket, Object, stored_headers};
use super::request::SeenRequest;
use super::{checksum, conditions};
use crate::byte_range::ByteRange;
use crate::xml::Document;

/// The largest object that is written by one request.
///
/// # Source
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const MAX_PUT: usize = 5 << 30;

fn no_such_key() -> Refusal {
    Refusal::new(404, "NoSuchKey")
}

/// The answer to GET and HEAD.
pub(super) fn get(bucket: &Bucket, request: &SeenRequest) -> Result<Answer, Refusal> {
    answer(bucket.objects.get(&request.key).ok_or_else(no_such_key)?, request)
}

/// The answer to a read of this object.
pub(super) fn answer(object: &Object, request: &SeenRequest) -> Result<Answer, Refusal> {
    conditions::check_read(request, "", object)?;
    let range = request.range().and_then(ByteRange::parse);
    let (status, bytes) = match range {
        Some(range) => {
            let bytes = range.resolve(object.size()).ok_or_else(|| Refusal::unsatisfiable(object.size()))?;
            (StatusCode::PARTIAL_CONTENT, bytes)
        }
        None => (StatusCode::OK, 0..object.size()),
    };
    let mut answer = Answer::new(status)
        .header("content-type", "binary/octet-stream")
        .header("accept-ranges", "bytes")
        .header("etag", &object.etag)
        .header("last-modified", &httpdate::fmt_http_date(object.modified));
    answer.headers.extend(object.headers.clone());
    if range.is_some() {
        let content_range = format!("bytes {}-{}/{}", bytes.start, bytes.end - 1, object.size());
        answer = answer.header("content-range", &content_range);
    } else if request.header("x-amz-checksum-mode").is_some_and(|mode| mode.eq_ignore_ascii_case("enabled")) {
        // The stored checksum is of the whole object: an answer to a range has none.
        answer = answer
            .header("x-amz-checksum-crc64nvme", &checksum::crc64nvme(&object.bytes))
            .header("x-amz-checksum-type", "FULL_OBJECT");
    }
    let place = |offset: u64| usize::try_from(offset).expect("within an object in memory");
    answer.body = object.bytes.slice(place(bytes.start)..place(bytes.end));
    answer.offset = bytes.start;
    Ok(answer)
}

/// Checks a body against the digests that came with it.
pub(super) fn check_body(request: &SeenRequest, body: &[u8]) -> Result<(), Refusal> {
    if request.header("x-amz-content-sha256").is_some_and(|hash| hash.starts_with("STREAMING-")) {
        return Err(Refusal::new(501, "NotImplemented"));
    }
    if request.header("content-md5").is_some_and(|digest| digest != checksum::content_md5(body)) {
        return Err(Refusal::new(400, "BadDigest"));
    }
    let crc = request.header("x-amz-checksum-crc64nvme");
    if crc.is_some_and(|crc| crc != checksum::crc64nvme(body)) {
        return Err(Refusal::new(400, "BadDigest"));
    }
    Ok(())
}

/// PUT of a whole object.
pub(super) fn put(bucket: &mut Bucket, request: &SeenRequest, body: Bytes) -> Result<Answer, Refusal> {
    if body.len() > MAX_PUT {
        return Err(Refusal::new(400, "EntityTooLarge"));
    }
    check_body(request, &body)?;
    conditions::check_write(request, bucket.objects.get(&request.key))?;
    let object = Object::new(body, stored_headers(&request.headers));
    let answer = Answer::new(StatusCode::OK)
        .header("etag", &object.etag)
        .header("x-amz-checksum-crc64nvme", &checksum::crc64nvme(&object.bytes));
    bucket.insert(&request.key, object);
    Ok(answer)
}

/// The object that `x-amz-copy-source` names.
pub(super) fn copy_source<'a>(
    bucket: &'a Bucket,
    request: &SeenRequest,
) -> Result<(String, &'a Object), Refusal> {
    let source = request.header("x-amz-copy-source").unwrap_or_default();
    let source = source.strip_prefix('/').unwrap_or(source);
    let source = source.split_once('?').map_or(source, |(path, _)| path);
    let (name, key) = source.split_once('/').ok_or_else(|| Refusal::new(400, "InvalidArgument"))?;
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    if decode(name) != bucket.name {
        return Err(Refusal::new(404, "NoSuchBucket"));
    }
    let key = decode(key);
    let object = bucket.objects.get(&key).ok_or_else(no_such_key)?;
    conditions::check_read(request, "x-amz-copy-source-", object)?;
    Ok((key, object))
}

/// PUT with `x-amz-copy-source`.
pub(super) fn copy(bucket: &mut Bucket, request: &SeenRequest) -> Result<Answer, Refusal> {
    let (from, object) = copy_source(bucket, request)?;
    let mut object = object.clone();
    let replaces = request.header("x-amz-metadata-directive") == Some("REPLACE");
    if from == request.key && !replaces {
        return Err(Refusal::new(400, "InvalidRequest"));
    }
    conditions::check_write(request, bucket.objects.get(&request.key))?;
    if replaces {
        object.headers = stored_headers(&request.headers);
    }
    object.modified = SystemTime::now();
    // A copy is written at once, whatever the source was.
    let object = Object { etag: checksum::etag(checksum::md5(&object.bytes)), ..object };
    let mut document = Document::new("CopyObjectResult");
    document.element("LastModified", &timestamp(object.modified));
    document.element("ETag", &object.etag);
    bucket.insert(&request.key, object);
    Ok(Answer::xml(StatusCode::OK, document.finish("CopyObjectResult")))
}

/// DELETE of one object: success whether it was there or not.
pub(super) fn delete(bucket: &mut Bucket, request: &SeenRequest) -> Answer {
    bucket.objects.remove(&request.key);
    Answer::new(StatusCode::NO_CONTENT)
}

/// Puts an object in place without a request.
pub(super) fn place(bucket: &mut Bucket, key: &str, bytes: Bytes) {
    bucket.insert(key, Object::new(bytes, HeaderMap::new()));
}

/// A time as S3's XML has it, in whole seconds.
pub(super) fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}

/// The date of a day counted from 1970-01-01.
///
/// # Source
/// <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn timestamps_row_by_row() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399, "2000-02-28T23:59:59.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_700_000_000, "2023-11-14T22:13:20.000Z"),
        ] {
            assert_eq!(timestamp(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }
}
