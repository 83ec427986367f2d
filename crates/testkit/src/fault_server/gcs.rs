//! Google Cloud Storage: its XML API is nearly that of S3, its JSON API is another.
//!
//! Source: <https://cloud.google.com/storage/docs/xml-api/overview>, <https://cloud.google.com/storage/docs/json_api>.

mod batch;
mod json;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::StatusCode;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::answer::{Answer, Refusal};
use super::bucket::{Bucket, Object};
use super::request::SeenRequest;
use super::{checksum, list, object, upload};
use crate::request_kind::RequestKind;

/// The longest name of an object, in bytes.
const MAX_KEY: usize = 1024;

const JSON: &str = "/storage/v1/b";
const BATCH: &str = "/batch/storage/v1";

/// Whether the answer is JSON.
pub(super) fn is_json(request: &SeenRequest) -> bool {
    let rest = request.path.strip_prefix(JSON);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) || request.path == BATCH
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Says which operation a request of the JSON API is, of which bucket and object.
pub(super) fn understand(request: &mut SeenRequest) {
    if !is_json(request) {
        // Copies of the XML API are those of S3 but for the name of a header.
        if let Some(source) = request.headers.remove("x-goog-copy-source")
            && request.kind == RequestKind::PutObject
        {
            request.headers.insert("x-amz-copy-source", source);
            request.kind = RequestKind::CopyObject;
        }
        return;
    }
    let segments: Vec<String> =
        request.path.split('/').skip(4).map(decode).filter(|segment| !segment.is_empty()).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (kind, bucket, key) = match (request.method.as_str(), segments.as_slice()) {
        ("POST", []) if request.path == BATCH => (RequestKind::DeleteObjects, "", ""),
        ("GET", []) => (RequestKind::ListBuckets, "", ""),
        ("POST", []) => (RequestKind::CreateBucket, "", ""),
        ("DELETE", [bucket]) => (RequestKind::DeleteBucket, *bucket, ""),
        ("GET", [bucket, "o"]) => (RequestKind::ListObjects, *bucket, ""),
        ("GET", [bucket, "o", key]) => (RequestKind::HeadObject, *bucket, *key),
        ("DELETE", [bucket, "o", key]) => (RequestKind::DeleteObject, *bucket, *key),
        ("POST", [bucket, "o", _, "rewriteTo", "b", _, "o", to]) => (RequestKind::CopyObject, *bucket, *to),
        _ => (RequestKind::Other, "", ""),
    };
    (request.kind, request.bucket, request.key) = (kind, bucket.to_owned(), key.to_owned());
}

/// What the service would answer.
///
/// # Errors
/// What it would refuse.
pub(super) fn answer(bucket: &mut Bucket, request: &SeenRequest, body: Bytes) -> Result<Answer, Refusal> {
    match request.kind {
        RequestKind::DeleteObjects => return batch::answer(bucket, request, &body),
        RequestKind::ListBuckets => return Ok(json::list_buckets(bucket)),
        RequestKind::CreateBucket => return json::create_bucket(bucket, &body),
        RequestKind::DeleteBucket => return json::delete_bucket(bucket, request),
        _ => {}
    }
    if request.bucket != bucket.name {
        return Err(Refusal::new(404, "NoSuchBucket"));
    }
    let key = request.key.as_str();
    if key.len() > MAX_KEY {
        return Err(Refusal::new(400, "KeyTooLong"));
    }
    if key.contains(['\n', '\r']) || key == "." || key == ".." {
        return Err(Refusal::new(400, "InvalidArgument"));
    }
    match request.kind {
        RequestKind::ListObjects if is_json(request) => json::list(bucket, request),
        RequestKind::CopyObject if is_json(request) => json::rewrite(bucket, request, &body),
        RequestKind::HeadObject if is_json(request) => json::get(bucket, request),
        // Other clients ask the XML API for these.
        RequestKind::ListObjects => list::list(bucket, request),
        RequestKind::CopyObject => object::copy(bucket, request),
        RequestKind::GetObject | RequestKind::HeadObject => get(bucket, request),
        RequestKind::PutObject => {
            object::put(bucket, request, body)?;
            Ok(written(bucket, request))
        }
        RequestKind::DeleteObject => delete(bucket, request),
        RequestKind::CreateMultipart => {
            without_condition(request)?;
            Ok(upload::create(bucket, request))
        }
        RequestKind::UploadPart => {
            let hash = hash(&body);
            upload::put_part(bucket, request, body).map(|answer| answer.header("x-goog-hash", &hash))
        }
        RequestKind::CompleteMultipart => {
            without_condition(request)?;
            let answer = upload::complete(bucket, request, &body)?;
            // What has been completed is gone.
            bucket.completed.clear();
            let generation = bucket.objects.get(key).map_or(0, |object| object.generation);
            Ok(answer.header("x-goog-generation", &generation.to_string()))
        }
        RequestKind::AbortMultipart => upload::abort(bucket, request),
        _ => Err(Refusal::new(501, "NotImplemented")),
    }
}

/// Uploads in parts take no condition: <https://cloud.google.com/storage/docs/request-preconditions>.
fn without_condition(request: &SeenRequest) -> Result<(), Refusal> {
    match request.header("x-goog-if-generation-match") {
        Some(_) => Err(Refusal::new(400, "NotImplemented")),
        None => Ok(()),
    }
}

/// The object `key`, of the generation that the parameter `name` of the request asks for.
fn find<'a>(bucket: &'a Bucket, request: &SeenRequest, key: &str, name: &str) -> Result<&'a Object, Refusal> {
    let missing = || Refusal::new(404, "NoSuchKey");
    let current = bucket.objects.get(key);
    let wanted = request.parameter(name).map(|text| text.parse::<u64>().unwrap_or_default());
    match (wanted, current) {
        (Some(wanted), current) if current.is_none_or(|object| object.generation != wanted) => {
            let replaced = bucket.replaced.as_ref().ok_or_else(missing)?;
            replaced.get(&(key.to_owned(), wanted)).ok_or_else(missing)
        }
        (_, current) => current.ok_or_else(missing),
    }
}

/// GET and HEAD, of an old generation too.
fn get(bucket: &Bucket, request: &SeenRequest) -> Result<Answer, Refusal> {
    let object = find(bucket, request, &request.key, "generation")?;
    // The service does not say how large the object is that does not hold the range.
    let answer = object::answer(object, request).map_err(|refusal| Refusal { size: None, ..refusal })?;
    let text = |name: &str, other: &str| {
        object.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or(other).to_owned()
    };
    let kind = text("content-type", "application/octet-stream");
    Ok(described(answer, object)
        .header("content-type", &kind)
        .header("x-goog-stored-content-encoding", &text("content-encoding", "identity"))
        .header("x-goog-stored-content-length", &object.size().to_string())
        .header("x-goog-storage-class", &text("x-goog-storage-class", "STANDARD")))
}

/// What the service says of an object wherever it speaks of it.
fn described(answer: Answer, object: &Object) -> Answer {
    answer
        .header("x-goog-generation", &object.generation.to_string())
        .header("x-goog-metageneration", "1")
        .header("x-goog-hash", object.hash.get_or_init(|| hash(&object.bytes)))
}

fn hash(bytes: &[u8]) -> String {
    let crc = BASE64_STANDARD.encode(checksum::crc32c(bytes).to_be_bytes());
    format!("crc32c={crc},md5={}", checksum::content_md5(bytes))
}

fn written(bucket: &Bucket, request: &SeenRequest) -> Answer {
    let object = bucket.objects.get(&request.key).expect("it has just been written");
    described(Answer::new(StatusCode::OK).header("etag", &object.etag), object)
}

/// DELETE of one object, which has to be there: for good where a generation is named, or else into the past.
fn delete(bucket: &mut Bucket, request: &SeenRequest) -> Result<Answer, Refusal> {
    let (generation, key) =
        (find(bucket, request, &request.key, "generation")?.generation, request.key.clone());
    let current = bucket.objects.get(&key).is_some_and(|object| object.generation == generation);
    let removed = if current { bucket.objects.remove(&key) } else { None };
    match (&mut bucket.replaced, removed) {
        (Some(kept), Some(object)) if request.parameter("generation").is_none() => {
            kept.insert((key, generation), object);
        }
        (Some(kept), None) => {
            kept.remove(&(key, generation));
        }
        _ => {}
    }
    Ok(Answer::new(StatusCode::NO_CONTENT))
}

/// A refusal of the JSON API.
pub(super) fn refuse(refusal: &Refusal) -> Answer {
    let reason = match refusal.code {
        "NoSuchKey" | "NoSuchBucket" => "notFound",
        "PreconditionFailed" => "conditionNotMet",
        "SlowDown" | "TooManyRequests" => "rateLimitExceeded",
        "InternalError" => "internalError",
        "AccessDenied" => "forbidden",
        other => other,
    };
    let message = format!("{reason}, says the test server.");
    let document = json!({ "error": {
        "code": refusal.status.as_u16(),
        "message": message,
        "errors": [{ "message": message, "domain": "global", "reason": reason }],
    }});
    Answer::json(refusal.status, &document)
}
