//! Multipart uploads: begin, parts, copied parts, complete, abort, and the list of open ones.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use http::StatusCode;

use super::answer::{Answer, Refusal};
use super::bucket::{Bucket, Object, Part, Upload, stored_headers};
use super::object::{check_body, copy_source};
use super::request::SeenRequest;
use super::xml;
use super::{checksum, conditions};
use crate::byte_range::ByteRange;
use crate::xml::Document;

/// The smallest part that is not the last, and the highest number of a part.
///
/// # Source
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const MIN_PART: usize = 5 << 20;
const MAX_PARTS: u32 = 10_000;

fn upload_of<'a>(bucket: &'a mut Bucket, request: &SeenRequest) -> Result<&'a mut Upload, Refusal> {
    let id = request.parameter("uploadId").unwrap_or_default();
    let upload = bucket.uploads.get_mut(&id).filter(|upload| upload.key == request.key);
    upload.ok_or_else(|| Refusal::new(404, "NoSuchUpload"))
}

/// POST `?uploads`.
pub(super) fn create(bucket: &mut Bucket, request: &SeenRequest) -> Answer {
    bucket.begun += 1;
    // Real ids have characters that a query must encode.
    let id = format!("upload+{}/=", bucket.begun);
    let headers = stored_headers(&request.headers);
    let upload = Upload { key: request.key.clone(), headers, parts: BTreeMap::new() };
    bucket.uploads.insert(id.clone(), upload);
    let mut document = Document::new("InitiateMultipartUploadResult");
    document.element("Bucket", &bucket.name);
    document.element("Key", &request.key);
    document.element("UploadId", &id);
    Answer::xml(StatusCode::OK, document.finish("InitiateMultipartUploadResult"))
}

fn number(request: &SeenRequest) -> Result<u32, Refusal> {
    let number = request.parameter("partNumber").and_then(|number| number.parse().ok());
    number
        .filter(|number| (1..=MAX_PARTS).contains(number))
        .ok_or_else(|| Refusal::new(400, "InvalidArgument"))
}

/// PUT of one part.
pub(super) fn put_part(bucket: &mut Bucket, request: &SeenRequest, body: Bytes) -> Result<Answer, Refusal> {
    let (number, upload) = (number(request)?, upload_of(bucket, request)?);
    check_body(request, &body)?;
    let digest = checksum::md5(&body);
    upload.parts.insert(number, Part { bytes: body, digest });
    Ok(Answer::new(StatusCode::OK).header("etag", &checksum::etag(digest)))
}

/// PUT of one part with `x-amz-copy-source`.
pub(super) fn copy_part(bucket: &mut Bucket, request: &SeenRequest) -> Result<Answer, Refusal> {
    let number = number(request)?;
    let (_, source) = copy_source(bucket, request)?;
    let bytes = match request.header("x-amz-copy-source-range") {
        None => source.bytes.clone(),
        Some(header) => {
            // Unlike reads, copies refuse a range that goes beyond the end.
            let range = match ByteRange::parse(header) {
                Some(ByteRange::From(first, Some(last))) if last < source.size() => first..last + 1,
                _ => return Err(Refusal::new(400, "InvalidArgument")),
            };
            let place = |offset: u64| usize::try_from(offset).expect("within an object in memory");
            source.bytes.slice(place(range.start)..place(range.end))
        }
    };
    let digest = checksum::md5(&bytes);
    upload_of(bucket, request)?.parts.insert(number, Part { bytes, digest });
    let mut document = Document::new("CopyPartResult");
    document.element("ETag", &checksum::etag(digest));
    Ok(Answer::xml(StatusCode::OK, document.finish("CopyPartResult")))
}

/// POST `?uploadId=`.
pub(super) fn complete(bucket: &mut Bucket, request: &SeenRequest, body: &[u8]) -> Result<Answer, Refusal> {
    let id = request.parameter("uploadId").unwrap_or_default();
    if let Some(etag) = bucket.completed.get(&id) {
        return Ok(completed(bucket, &request.key, etag));
    }
    let parts = chosen(upload_of(bucket, request)?, body)?;
    conditions::check_write(request, bucket.objects.get(&request.key))?;
    let mut bytes = BytesMut::with_capacity(parts.iter().map(|part| part.bytes.len()).sum());
    for part in &parts {
        bytes.extend_from_slice(&part.bytes);
    }
    let digests: Vec<_> = parts.iter().map(|part| part.digest).collect();
    let upload = bucket.uploads.remove(&id).ok_or_else(|| Refusal::new(404, "NoSuchUpload"))?;
    let etag = checksum::etag_of_parts(&digests);
    let object = Object { etag: etag.clone(), ..Object::new(bytes.freeze(), upload.headers) };
    bucket.insert(&request.key, object);
    bucket.completed.insert(id, etag.clone());
    Ok(completed(bucket, &request.key, &etag))
}

/// The parts that the body of a completion lists.
fn chosen(upload: &Upload, body: &[u8]) -> Result<Vec<Part>, Refusal> {
    let (mut numbers, mut etags) = (Vec::new(), Vec::new());
    for (path, text) in xml::leaves(body)? {
        match path.as_str() {
            "Part/PartNumber" => numbers.push(text.trim().parse::<u32>().map_err(|_| malformed())?),
            "Part/ETag" => etags.push(text),
            _ => {}
        }
    }
    if numbers.is_empty() || numbers.len() != etags.len() {
        return Err(malformed());
    }
    if !numbers.is_sorted_by(|one, next| one < next) {
        return Err(Refusal::new(400, "InvalidPartOrder"));
    }
    let mut parts = Vec::new();
    for (number, etag) in numbers.iter().zip(&etags) {
        let part = upload.parts.get(number).ok_or_else(|| Refusal::new(400, "InvalidPart"))?;
        if checksum::etag(part.digest).trim_matches('"') != etag.trim_matches('"') {
            return Err(Refusal::new(400, "InvalidPart"));
        }
        parts.push(part.clone());
    }
    match parts.split_last() {
        Some((_, others)) if others.iter().any(|part| part.bytes.len() < MIN_PART) => {
            Err(Refusal::new(400, "EntityTooSmall"))
        }
        _ => Ok(parts),
    }
}

fn malformed() -> Refusal {
    Refusal::new(400, "MalformedXML")
}

fn completed(bucket: &Bucket, key: &str, etag: &str) -> Answer {
    let mut document = Document::new("CompleteMultipartUploadResult");
    document.element("Bucket", &bucket.name);
    document.element("Key", key);
    document.element("ETag", etag);
    Answer::xml(StatusCode::OK, document.finish("CompleteMultipartUploadResult"))
}

/// DELETE `?uploadId=`.
pub(super) fn abort(bucket: &mut Bucket, request: &SeenRequest) -> Result<Answer, Refusal> {
    upload_of(bucket, request)?;
    bucket.uploads.remove(&request.parameter("uploadId").unwrap_or_default());
    Ok(Answer::new(StatusCode::NO_CONTENT))
}

/// GET `?uploads`.
pub(super) fn list(bucket: &Bucket) -> Answer {
    let mut document = Document::new("ListMultipartUploadsResult");
    document.element("Bucket", &bucket.name);
    document.element("IsTruncated", "false");
    for (id, upload) in &bucket.uploads {
        document.open("Upload");
        document.element("Key", &upload.key);
        document.element("UploadId", id);
        document.close("Upload");
    }
    Answer::xml(StatusCode::OK, document.finish("ListMultipartUploadsResult"))
}
