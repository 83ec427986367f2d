//! Listings (`list-type=2`) and batches of deletions.

use std::ops::Bound;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::StatusCode;

use super::answer::{Answer, Refusal};
use super::bucket::{Bucket, Object};
use super::checksum;
use super::object::timestamp;
use super::request::SeenRequest;
use super::xml;
use crate::xml::Document;

/// The most entries of a page, and the most keys of a batch.
const MAX_KEYS: usize = 1000;

/// What a page lists, in order.
pub(super) enum Entry<'a> {
    Object(&'a str, &'a Object),
    Prefix(String),
}

/// GET `?list-type=2`.
pub(super) fn list(bucket: &Bucket, request: &SeenRequest) -> Result<Answer, Refusal> {
    if request.parameter("list-type").as_deref() != Some("2") {
        return Err(Refusal::new(501, "NotImplemented"));
    }
    let prefix = request.parameter("prefix").unwrap_or_default();
    let delimiter = request.parameter("delimiter").filter(|delimiter| !delimiter.is_empty());
    let token = request.parameter("continuation-token");
    let start = match &token {
        Some(token) => Start::of_token(token).ok_or_else(|| Refusal::new(400, "InvalidArgument"))?,
        None => Start::AfterKey(request.parameter("start-after").unwrap_or_default()),
    };
    let limit = match request.parameter("max-keys") {
        Some(text) => text.parse().map_err(|_| Refusal::new(400, "InvalidArgument"))?,
        None => MAX_KEYS,
    };
    let limit = limit.min(MAX_KEYS);
    let encode = match request.parameter("encoding-type").as_deref() {
        None => str::to_owned,
        Some("url") => xml::url_encode,
        Some(_) => return Err(Refusal::new(400, "InvalidArgument")),
    };
    let (entries, next) = page(bucket, &prefix, delimiter.as_deref(), &start, limit);

    let mut document = Document::new("ListBucketResult");
    document.element("Name", &bucket.name);
    document.element("Prefix", &encode(&prefix));
    if let Some(delimiter) = &delimiter {
        document.element("Delimiter", &encode(delimiter));
    }
    document.element("MaxKeys", &limit.to_string());
    document.element("KeyCount", &entries.len().to_string());
    document.element("IsTruncated", if next.is_some() { "true" } else { "false" });
    if request.parameter("encoding-type").is_some() {
        document.element("EncodingType", "url");
    }
    if let Some(next) = next {
        document.element("NextContinuationToken", &next.token());
    }
    for entry in &entries {
        if let Entry::Object(key, object) = entry {
            document.open("Contents");
            document.element("Key", &encode(key));
            document.element("LastModified", &timestamp(object.modified));
            document.element("ETag", &object.etag);
            document.element("Size", &object.size().to_string());
            document.element("StorageClass", "STANDARD");
            document.close("Contents");
        }
    }
    for entry in &entries {
        if let Entry::Prefix(prefix) = entry {
            document.open("CommonPrefixes");
            document.element("Prefix", &encode(prefix));
            document.close("CommonPrefixes");
        }
    }
    Ok(Answer::xml(StatusCode::OK, document.finish("ListBucketResult")))
}

/// Where a page starts.
pub(super) enum Start {
    FromKey(String),
    AfterKey(String),
    /// After all keys that start so: the page before ended with this group.
    AfterGroup(String),
}

impl Start {
    pub(super) fn token(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(match self {
            Self::FromKey(key) => format!("f{key}"),
            Self::AfterKey(key) => format!("k{key}"),
            Self::AfterGroup(prefix) => format!("g{prefix}"),
        })
    }

    pub(super) fn of_token(token: &str) -> Option<Self> {
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let rest = text.get(1..)?.to_owned();
        match text.as_bytes()[0] {
            b'f' => Some(Self::FromKey(rest)),
            b'k' => Some(Self::AfterKey(rest)),
            b'g' => Some(Self::AfterGroup(rest)),
            _ => None,
        }
    }
}

/// Up to `limit` entries from `start` on, and where the next page starts if there is one.
pub(super) fn page<'a>(
    bucket: &'a Bucket,
    prefix: &str,
    delimiter: Option<&str>,
    start: &Start,
    limit: usize,
) -> (Vec<Entry<'a>>, Option<Start>) {
    let (Start::FromKey(from) | Start::AfterKey(from) | Start::AfterGroup(from)) = start;
    let first = match start {
        _ if from.as_str() < prefix => Bound::Included(prefix),
        Start::FromKey(_) => Bound::Included(from.as_str()),
        _ => Bound::Excluded(from.as_str()),
    };
    let mut entries: Vec<Entry<'_>> = Vec::new();
    for (key, object) in bucket.objects.range::<str, _>((first, Bound::Unbounded)) {
        let Some(rest) = key.strip_prefix(prefix) else { break };
        if matches!(start, Start::AfterGroup(group) if key.starts_with(group)) {
            continue;
        }
        let group = delimiter.and_then(|delimiter| {
            let end = prefix.len() + rest.find(delimiter)? + delimiter.len();
            Some(key[..end].to_owned())
        });
        if let (Some(group), Some(Entry::Prefix(last))) = (&group, entries.last())
            && group == last
        {
            continue;
        }
        if entries.len() == limit {
            let last = entries.last().map(|entry| match entry {
                Entry::Object(key, _) => Start::AfterKey((*key).to_owned()),
                Entry::Prefix(prefix) => Start::AfterGroup(prefix.clone()),
            });
            return (entries, last);
        }
        entries.push(match group {
            Some(group) => Entry::Prefix(group),
            None => Entry::Object(key, object),
        });
    }
    (entries, None)
}

/// POST `?delete`.
pub(super) fn delete_batch(
    bucket: &mut Bucket,
    request: &SeenRequest,
    body: &[u8],
) -> Result<Answer, Refusal> {
    // S3 refuses a batch that no digest protects.
    let named = |name: &http::HeaderName| {
        name == "content-md5"
            || (name.as_str().starts_with("x-amz-checksum-") && name != "x-amz-checksum-algorithm")
    };
    if !request.headers.keys().any(named) {
        return Err(Refusal::new(400, "InvalidRequest"));
    }
    if request.header("content-md5").is_some_and(|digest| digest != checksum::content_md5(body)) {
        return Err(Refusal::new(400, "BadDigest"));
    }
    let leaves = xml::leaves(body)?;
    let quiet = leaves.iter().any(|(path, text)| path == "Quiet" && text.trim() == "true");
    let keys: Vec<_> = leaves.iter().filter(|(path, _)| path == "Object/Key").map(|(_, key)| key).collect();
    if keys.is_empty() || keys.len() > MAX_KEYS {
        return Err(Refusal::new(400, "MalformedXML"));
    }
    let mut document = Document::new("DeleteResult");
    for key in keys {
        bucket.objects.remove(key);
        if !quiet {
            document.open("Deleted");
            document.element("Key", key);
            document.close("Deleted");
        }
    }
    Ok(Answer::xml(StatusCode::OK, document.finish("DeleteResult")))
}
