//! `Bucket`: the objects and uploads of the fault server, in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::time::SystemTime;

use bytes::Bytes;
use http::HeaderMap;

use super::checksum;

/// The headers of a write that are stored and given back.
const STORED: &[&str] = &[
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    "x-amz-storage-class",
    "x-goog-storage-class",
];

/// The prefixes of user metadata.
const METADATA: [&str; 2] = ["x-amz-meta-", "x-goog-meta-"];

/// An object.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) bytes: Bytes,
    /// With its quotes.
    pub(super) etag: String,
    pub(super) modified: SystemTime,
    /// What was stored with it.
    pub(super) headers: HeaderMap,
    /// The number of the write, once it is in a bucket.
    pub(super) generation: u64,
    /// What Google says of the bytes: made when it is first asked for, which takes time.
    pub(super) hash: OnceLock<String>,
}

impl Object {
    pub(super) fn new(bytes: Bytes, headers: HeaderMap) -> Self {
        let etag = checksum::etag(checksum::md5(&bytes));
        Self { bytes, etag, modified: SystemTime::now(), headers, generation: 0, hash: OnceLock::new() }
    }

    pub(super) fn size(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// The headers of a write that belong to the object.
pub(super) fn stored_headers(headers: &HeaderMap) -> HeaderMap {
    let kept = headers.iter().filter(|(name, _)| {
        let metadata = METADATA.iter().any(|prefix| name.as_str().starts_with(prefix));
        metadata || STORED.contains(&name.as_str())
    });
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// One part of an upload.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) bytes: Bytes,
    pub(super) digest: [u8; 16],
}

/// An upload that has neither been completed nor aborted.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) headers: HeaderMap,
    pub(super) parts: BTreeMap<u32, Part>,
}

/// One bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) name: String,
    pub(super) objects: BTreeMap<String, Object>,
    pub(super) uploads: BTreeMap<String, Upload>,
    /// The etags of completed uploads: completing again is no error.
    pub(super) completed: BTreeMap<String, String>,
    pub(super) begun: u64,
    /// What was replaced or deleted, where that is kept: by key and generation.
    pub(super) replaced: Option<BTreeMap<(String, u64), Object>>,
    /// Names of further buckets, which stay empty.
    pub(super) others: BTreeSet<String>,
    /// Azure's blocks that no blob is made of yet: by key and id.
    pub(super) blocks: BTreeMap<(String, String), Bytes>,
    /// The blocks that Azure's blobs are made of, in order, by key: the etag of that state, and each id and block.
    pub(super) committed: BTreeMap<String, (String, Vec<(String, Bytes)>)>,
    generation: u64,
}

impl Bucket {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
            completed: BTreeMap::new(),
            begun: 0,
            replaced: None,
            others: BTreeSet::new(),
            blocks: BTreeMap::new(),
            committed: BTreeMap::new(),
            // Real ones are times, in microseconds.
            generation: 1_700_000_000_000_000,
        }
    }

    /// Writes an object.
    pub(super) fn insert(&mut self, key: &str, object: Object) {
        self.generation += 1;
        let object = Object { generation: self.generation, ..object };
        if let (Some(old), Some(kept)) = (self.objects.insert(key.to_owned(), object), &mut self.replaced) {
            kept.insert((key.to_owned(), old.generation), old);
        }
    }
}
