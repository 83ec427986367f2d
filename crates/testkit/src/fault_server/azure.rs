//! Azure Blob Storage: objects are nearly as with S3, uploads are blocks and a list of them.
//!
//! Source: <https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api>.

use bytes::{Bytes, BytesMut};
use http::{StatusCode, Uri};
use percent_encoding::percent_decode_str;

use super::answer::{Answer, Refusal};
use super::bucket::{Bucket, Object, stored_headers};
use super::list::{Entry, Start, page};
use super::request::SeenRequest;
use super::{conditions, object, xml};
use crate::request_kind::RequestKind;
use crate::xml::Document;

/// The most entries of a page. The service gives up to five thousand and may give fewer at any time.
const MAX_RESULTS: usize = 1000;

/// Says which operation a request is, where S3 would have it another way.
pub(super) fn understand(request: &mut SeenRequest) {
    let parameter = request.parameter("comp");
    request.kind = match (request.method.as_str(), parameter.as_deref(), request.key.is_empty()) {
        ("PUT", Some("block"), false) => RequestKind::UploadPart,
        ("PUT", Some("blocklist"), false) => RequestKind::CompleteMultipart,
        ("PUT", None, false) if request.headers.contains_key("x-ms-copy-source") => RequestKind::CopyObject,
        ("POST", Some("batch"), true) => RequestKind::DeleteObjects,
        (_, Some("block" | "blocklist" | "batch"), _) => RequestKind::Other,
        _ => request.kind,
    };
}

/// What the service would answer.
///
/// # Errors
/// What it would refuse.
pub(super) fn answer(bucket: &mut Bucket, request: &SeenRequest, body: Bytes) -> Result<Answer, Refusal> {
    if request.bucket != bucket.name {
        return Err(Refusal::new(404, "NoSuchBucket"));
    }
    match request.kind {
        RequestKind::GetObject | RequestKind::HeadObject => object::get(bucket, request),
        RequestKind::PutObject => {
            check_write(bucket, request)?;
            object::put(bucket, request, body)?;
            Ok(written(bucket, request, StatusCode::CREATED))
        }
        RequestKind::CopyObject => copy(bucket, request),
        RequestKind::DeleteObject => delete(bucket, request),
        RequestKind::UploadPart => {
            let id = request
                .parameter("blockid")
                .ok_or_else(|| Refusal::new(400, "InvalidQueryParameterValue"))?;
            bucket.blocks.insert((request.key.clone(), id), body);
            Ok(Answer::new(StatusCode::CREATED))
        }
        RequestKind::CompleteMultipart => commit(bucket, request, &body),
        RequestKind::ListObjects => list(bucket, request),
        _ if request.method == "GET" && request.parameter("comp").as_deref() == Some("blocklist") => {
            Ok(list_blocks(bucket, request))
        }
        _ => Err(Refusal::new(501, "NotImplemented")),
    }
}

/// Checks the conditions on the blob that a write replaces.
fn check_write(bucket: &Bucket, request: &SeenRequest) -> Result<(), Refusal> {
    let current = bucket.objects.get(&request.key);
    if current.is_some() && request.header("if-none-match") == Some("*") {
        return Err(Refusal::new(409, "BlobAlreadyExists"));
    }
    conditions::check_write(request, current)
}

fn written(bucket: &Bucket, request: &SeenRequest, status: StatusCode) -> Answer {
    let object = bucket.objects.get(&request.key).expect("it has just been written");
    Answer::new(status).header("etag", &object.etag)
}

/// PUT `?comp=blocklist`: the blob is made of these blocks, and all others of it are thrown away.
///
/// A block that the blob is made of already can be listed again.
fn commit(bucket: &mut Bucket, request: &SeenRequest, body: &[u8]) -> Result<Answer, Refusal> {
    check_write(bucket, request)?;
    let key = &request.key;
    let mut chosen = Vec::new();
    for (_, id) in xml::leaves(body)? {
        let new = bucket.blocks.get(&(key.clone(), id.clone()));
        let old = committed(bucket, key).iter().find(|(old, _)| *old == id).map(|(_, bytes)| bytes);
        let bytes = new.or(old).ok_or_else(|| Refusal::new(400, "InvalidBlockList"))?.clone();
        chosen.push((id, bytes));
    }
    let mut bytes = BytesMut::new();
    for (_, block) in &chosen {
        bytes.extend_from_slice(block);
    }
    let object = Object::new(bytes.freeze(), stored_headers(&request.headers));
    bucket.blocks.retain(|(of, _), _| of != key);
    bucket.committed.insert(key.clone(), (object.etag.clone(), chosen));
    bucket.insert(key, object);
    Ok(written(bucket, request, StatusCode::CREATED))
}

/// The blocks that a blob is made of, unless it was written otherwise since.
fn committed<'a>(bucket: &'a Bucket, key: &str) -> &'a [(String, Bytes)] {
    match (bucket.committed.get(key), bucket.objects.get(key)) {
        (Some((etag, blocks)), Some(object)) if *etag == object.etag => blocks,
        _ => &[],
    }
}

/// GET `?comp=blocklist`.
fn list_blocks(bucket: &Bucket, request: &SeenRequest) -> Answer {
    let mut document = Document::new("BlockList");
    document.open("CommittedBlocks");
    for (id, bytes) in committed(bucket, &request.key) {
        document.open("Block");
        document.element("Name", id);
        document.element("Size", &bytes.len().to_string());
        document.close("Block");
    }
    document.close("CommittedBlocks");
    Answer::xml(StatusCode::OK, document.finish("BlockList"))
}

/// PUT with `x-ms-copy-source`, a URL of this server.
fn copy(bucket: &mut Bucket, request: &SeenRequest) -> Result<Answer, Refusal> {
    let source: Option<Uri> = request.header("x-ms-copy-source").and_then(|source| source.parse().ok());
    let path = source.as_ref().map(Uri::path).unwrap_or_default();
    let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
    let key = percent_decode_str(key).decode_utf8_lossy().into_owned();
    let object = bucket.objects.get(&key).ok_or_else(|| Refusal::new(404, "NoSuchKey"))?.clone();
    check_write(bucket, request)?;
    bucket.insert(&request.key, Object::new(object.bytes, object.headers));
    Ok(written(bucket, request, StatusCode::ACCEPTED).header("x-ms-copy-status", "success"))
}

/// DELETE of one blob, which has to be there.
fn delete(bucket: &mut Bucket, request: &SeenRequest) -> Result<Answer, Refusal> {
    bucket.objects.remove(&request.key).ok_or_else(|| Refusal::new(404, "NoSuchKey"))?;
    Ok(Answer::new(StatusCode::ACCEPTED))
}

/// GET `?restype=container&comp=list`.
fn list(bucket: &Bucket, request: &SeenRequest) -> Result<Answer, Refusal> {
    let prefix = request.parameter("prefix").unwrap_or_default();
    let delimiter = request.parameter("delimiter").filter(|delimiter| !delimiter.is_empty());
    let start = match request.parameter("marker") {
        Some(marker) => {
            Start::of_token(&marker).ok_or_else(|| Refusal::new(400, "OutOfRangeQueryParameterValue"))?
        }
        None => Start::FromKey(String::new()),
    };
    let (entries, next) = page(bucket, &prefix, delimiter.as_deref(), &start, MAX_RESULTS);
    let mut document = Document::new("EnumerationResults");
    document.open("Blobs");
    for entry in entries {
        match entry {
            Entry::Object(key, object) => {
                document.open("Blob");
                document.element("Name", key);
                document.open("Properties");
                document.element("Last-Modified", &httpdate::fmt_http_date(object.modified));
                document.element("Etag", object.etag.trim_matches('"'));
                document.element("Content-Length", &object.size().to_string());
                document.close("Properties");
                document.close("Blob");
            }
            Entry::Prefix(prefix) => {
                document.open("BlobPrefix");
                document.element("Name", &prefix);
                document.close("BlobPrefix");
            }
        }
    }
    document.close("Blobs");
    document.element("NextMarker", &next.map(|next| next.token()).unwrap_or_default());
    Ok(Answer::xml(StatusCode::OK, document.finish("EnumerationResults")))
}

/// A refusal: the code stands in a header too, for answers without a body.
pub(super) fn refuse(refusal: Refusal) -> Answer {
    let code = match refusal.code {
        "NoSuchKey" => "BlobNotFound",
        "NoSuchBucket" => "ContainerNotFound",
        "PreconditionFailed" | "NotModified" => "ConditionNotMet",
        "SlowDown" => "ServerBusy",
        "AccessDenied" => "AuthorizationFailure",
        "ExpiredToken" => "AuthenticationFailed",
        other => other,
    };
    Refusal { code, ..refusal }.into_answer().header("x-ms-error-code", code)
}
