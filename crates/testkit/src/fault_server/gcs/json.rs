//! The JSON API: listings, copies in steps, and buckets.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::bucket::{Bucket, Object};
use super::super::list::{Entry, Start, page};
use super::super::object::timestamp;
use super::super::request::SeenRequest;
use super::super::{checksum, conditions};
use super::{decode, find};

/// The most entries of a page.
const MAX_RESULTS: usize = 1000;

/// Objects of this size or more are copied in two steps, in bytes.
const STEP: usize = 1 << 20;

/// What the second step is asked for with.
const TOKEN: &str = "second/step=";

/// What can be chosen of an object, and the header of the XML API that says the same.
const CHOSEN: [(&str, &str); 6] = [
    ("cacheControl", "cache-control"),
    ("contentDisposition", "content-disposition"),
    ("contentEncoding", "content-encoding"),
    ("contentLanguage", "content-language"),
    ("contentType", "content-type"),
    ("storageClass", CLASS),
];

const CLASS: &str = "x-goog-storage-class";

/// The prefix of user metadata in headers.
const METADATA: &str = "x-goog-meta-";

fn resource(name: &str, object: &Object) -> Value {
    let mut document = json!({
        "kind": "storage#object",
        "name": name,
        "size": object.size().to_string(),
        "generation": object.generation.to_string(),
        "metageneration": "1",
        "updated": timestamp(object.modified),
        "timeCreated": timestamp(object.modified),
        "md5Hash": checksum::content_md5(&object.bytes),
        "storageClass": "STANDARD",
    });
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    for (field, header) in CHOSEN {
        if let Some(value) = object.headers.get(header) {
            document[field] = json!(text(value));
        }
    }
    for (name, value) in &object.headers {
        if let Some(name) = name.as_str().strip_prefix(METADATA) {
            document["metadata"][name] = json!(text(value));
        }
    }
    document
}

/// What a request says of an object, as the headers of the XML API that say the same.
fn chosen(document: &Value) -> Result<HeaderMap, Refusal> {
    let invalid = || Refusal::new(400, "invalid");
    let mut headers = HeaderMap::new();
    let fields = CHOSEN.iter().map(|(field, header)| ((*header).to_owned(), &document[*field]));
    let metadata = document["metadata"].as_object().into_iter().flatten();
    for (name, value) in fields.chain(metadata.map(|(name, value)| (format!("{METADATA}{name}"), value))) {
        if value.is_null() {
            continue;
        }
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
        let value = HeaderValue::from_str(value.as_str().ok_or_else(invalid)?).map_err(|_| invalid())?;
        headers.insert(name, value);
    }
    Ok(headers)
}

/// GET `b/BUCKET/o/KEY`: what stands with the object.
pub(super) fn get(bucket: &Bucket, request: &SeenRequest) -> Result<Answer, Refusal> {
    let object = find(bucket, request, &request.key, "generation")?;
    Ok(Answer::json(StatusCode::OK, &resource(&request.key, object)))
}

/// GET `b/BUCKET/o`.
pub(super) fn list(bucket: &Bucket, request: &SeenRequest) -> Result<Answer, Refusal> {
    let invalid = || Refusal::new(400, "invalid");
    let prefix = request.parameter("prefix").unwrap_or_default();
    let delimiter = request.parameter("delimiter").filter(|delimiter| !delimiter.is_empty());
    let start = match request.parameter("pageToken") {
        Some(token) => Start::of_token(&token).ok_or_else(invalid)?,
        None => Start::FromKey(request.parameter("startOffset").unwrap_or_default()),
    };
    let limit =
        request.parameter("maxResults").map(|text| text.parse().map_err(|_| invalid())).transpose()?;
    let limit = limit.unwrap_or(MAX_RESULTS).min(MAX_RESULTS);
    let (entries, next) = page(bucket, &prefix, delimiter.as_deref(), &start, limit);
    let (mut items, mut prefixes) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Object(key, object) => items.push(resource(key, object)),
            Entry::Prefix(prefix) => prefixes.push(prefix),
        }
    }
    let mut document = json!({ "kind": "storage#objects" });
    // What is empty is left out.
    if !items.is_empty() {
        document["items"] = json!(items);
    }
    if !prefixes.is_empty() {
        document["prefixes"] = json!(prefixes);
    }
    if let Some(next) = next {
        document["nextPageToken"] = json!(next.token());
    }
    Ok(Answer::json(StatusCode::OK, &document))
}

/// POST `b/BUCKET/o/FROM/rewriteTo/b/BUCKET/o/TO`: what stands with the copy is what the request says, or else what stands
/// with the source, in the storage class of the bucket.
pub(super) fn rewrite(bucket: &mut Bucket, request: &SeenRequest, body: &[u8]) -> Result<Answer, Refusal> {
    let from = request.path.split('/').nth(6).map(decode).unwrap_or_default();
    let object = find(bucket, request, &from, "sourceGeneration")?.clone();
    let headers = if body.is_empty() {
        let mut headers = object.headers.clone();
        headers.remove(CLASS);
        headers
    } else {
        chosen(&serde_json::from_slice(body).map_err(|_| Refusal::new(400, "parseError"))?)?
    };
    if let Some(generation) = request.parameter("ifGenerationMatch") {
        conditions::check_generation(&generation, bucket.objects.get(&request.key))?;
    }
    let size = object.size().to_string();
    match request.parameter("rewriteToken") {
        None if object.bytes.len() >= STEP => {
            let document = json!({ "kind": "storage#rewriteResponse", "done": false, "objectSize": size,
                "totalBytesRewritten": STEP.to_string(), "rewriteToken": TOKEN });
            return Ok(Answer::json(StatusCode::OK, &document));
        }
        Some(token) if token != TOKEN => return Err(Refusal::new(400, "invalid")),
        _ => {}
    }
    bucket.insert(&request.key, Object::new(object.bytes, headers));
    let new = bucket.objects.get(&request.key).expect("it has just been written");
    let document = json!({ "kind": "storage#rewriteResponse", "done": true, "objectSize": size,
        "totalBytesRewritten": size, "resource": resource(&request.key, new) });
    Ok(Answer::json(StatusCode::OK, &document))
}

/// GET `b`.
pub(super) fn list_buckets(bucket: &Bucket) -> Answer {
    let mut names: Vec<_> = bucket.others.iter().chain([&bucket.name]).collect();
    names.sort_unstable();
    let item =
        |name| json!({ "kind": "storage#bucket", "name": name, "timeCreated": "2024-01-02T03:04:05.678Z" });
    let items: Vec<_> = names.into_iter().map(item).collect();
    Answer::json(StatusCode::OK, &json!({ "kind": "storage#buckets", "items": items }))
}

/// POST `b`.
pub(super) fn create_bucket(bucket: &mut Bucket, body: &[u8]) -> Result<Answer, Refusal> {
    let document: Value = serde_json::from_slice(body).map_err(|_| Refusal::new(400, "parseError"))?;
    let name = document["name"].as_str().ok_or_else(|| Refusal::new(400, "required"))?;
    if name == bucket.name || !bucket.others.insert(name.to_owned()) {
        return Err(Refusal::new(409, "conflict"));
    }
    Ok(Answer::json(StatusCode::OK, &json!({ "kind": "storage#bucket", "name": name })))
}

/// DELETE `b/BUCKET`, which has to be empty.
pub(super) fn delete_bucket(bucket: &mut Bucket, request: &SeenRequest) -> Result<Answer, Refusal> {
    if request.bucket == bucket.name {
        return Err(Refusal::new(409, "conflict"));
    }
    if !bucket.others.remove(&request.bucket) {
        return Err(Refusal::new(404, "NoSuchBucket"));
    }
    Ok(Answer::new(StatusCode::NO_CONTENT))
}
