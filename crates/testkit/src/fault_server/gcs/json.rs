//! The JSON API: listings, copies in steps, and buckets.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::answer::{Answer, Refusal};
use super::super::bucket::{Bucket, Object};
use super::super::list::{Entry, Start, page};
use super::super::object::timestamp;
use super::super::request::SeenRequest;
use super::super::{checksum, conditions};
use super::decode;

/// The most entries of a page.
const MAX_RESULTS: usize = 1000;

/// Objects of this size or more are copied in two steps, in bytes.
const STEP: usize = 1 << 20;

/// What the second step is asked for with.
const TOKEN: &str = "second/step=";

fn resource(name: &str, object: &Object) -> Value {
    json!({
        "kind": "storage#object",
        "name": name,
        "size": object.size().to_string(),
        "generation": object.generation.to_string(),
        "metageneration": "1",
        "updated": timestamp(object.modified),
        "timeCreated": timestamp(object.modified),
        "md5Hash": checksum::content_md5(&object.bytes),
    })
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

/// POST `b/BUCKET/o/FROM/rewriteTo/b/BUCKET/o/TO`.
pub(super) fn rewrite(bucket: &mut Bucket, request: &SeenRequest) -> Result<Answer, Refusal> {
    let from = request.path.split('/').nth(6).map(decode).unwrap_or_default();
    let object = bucket.objects.get(&from).cloned().ok_or_else(|| Refusal::new(404, "NoSuchKey"))?;
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
    bucket.insert(&request.key, Object::new(object.bytes, object.headers));
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
