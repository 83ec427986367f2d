//! What stores say about objects and containers.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::SystemTime;

use crate::{Body, Key};

/// What identifies an object and its state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectMeta {
    /// The exact key.
    pub key: Key,
    /// Bytes of the whole object.
    pub size: u64,
    /// The entity tag with its quotes, as the service gives it.
    pub etag: Option<String>,
    /// When the object was written.
    pub last_modified: Option<SystemTime>,
    /// The version, on stores that keep versions.
    pub version: Option<String>,
}

impl ObjectMeta {
    /// An object of `size` bytes of which no more is known yet.
    pub fn new(key: impl Into<Key>, size: u64) -> Self {
        Self { key: key.into(), size, etag: None, last_modified: None, version: None }
    }
}

/// What is stored with an object besides its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attributes {
    /// [`Content-Type`](https://www.rfc-editor.org/rfc/rfc9110#section-8.3).
    pub content_type: Option<String>,
    /// [`Content-Encoding`](https://www.rfc-editor.org/rfc/rfc9110#section-8.4); bodies are never decoded.
    pub content_encoding: Option<String>,
    /// [`Content-Language`](https://www.rfc-editor.org/rfc/rfc9110#section-8.5).
    pub content_language: Option<String>,
    /// [`Content-Disposition`](https://www.rfc-editor.org/rfc/rfc6266).
    pub content_disposition: Option<String>,
    /// [`Cache-Control`](https://www.rfc-editor.org/rfc/rfc9111#section-5.2).
    pub cache_control: Option<String>,
    /// The service's storage class or access tier, in the service's own words.
    pub storage_class: Option<String>,
    /// User metadata; names are lower case.
    pub metadata: BTreeMap<String, String>,
}

impl Attributes {
    /// No attributes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the content type.
    pub fn content_type(mut self, value: impl Into<String>) -> Self {
        self.content_type = Some(value.into());
        self
    }

    /// Adds one pair of user metadata; the name is lowered, as services do.
    pub fn metadata(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.as_ref().to_lowercase(), value.into());
        self
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The answer to [`Store::head`](crate::Store::head).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeadResponse {
    /// Key, size, etag, time, version.
    pub meta: ObjectMeta,
    /// What is stored with the object.
    pub attributes: Attributes,
}

impl HeadResponse {
    /// The answer made of `meta` and `attributes`.
    pub fn new(meta: ObjectMeta, attributes: Attributes) -> Self {
        Self { meta, attributes }
    }
}

/// The answer to [`Store::get`](crate::Store::get).
#[derive(Debug)]
#[non_exhaustive]
pub struct GetResponse {
    /// Key, size of the whole object, etag, time, version.
    pub meta: ObjectMeta,
    /// The bytes that `body` holds: 0-based, half-open.
    pub range: Range<u64>,
    /// What is stored with the object.
    pub attributes: Attributes,
    /// The bytes.
    pub body: Body,
}

impl GetResponse {
    /// The answer made of these parts; `body` holds the bytes `range` of the object.
    pub fn new(meta: ObjectMeta, range: Range<u64>, attributes: Attributes, body: Body) -> Self {
        Self { meta, range, attributes, body }
    }
}

/// The answer to a write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PutResponse {
    /// The new etag with its quotes.
    pub etag: Option<String>,
    /// The new version, on stores that keep versions.
    pub version: Option<String>,
}

impl PutResponse {
    /// A write that gave this etag and version.
    pub fn new(etag: Option<String>, version: Option<String>) -> Self {
        Self { etag, version }
    }
}

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListEntry {
    /// An object.
    Object(ObjectMeta),
    /// All keys that start with this string, which ends with the delimiter.
    Prefix(String),
}

impl ListEntry {
    /// The key or the grouped prefix: what listings are ordered by.
    pub fn name(&self) -> &str {
        match self {
            Self::Object(meta) => meta.key.as_str(),
            Self::Prefix(prefix) => prefix,
        }
    }
}

/// One container of a listing of containers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContainerMeta {
    /// The container's name.
    pub name: String,
    /// When it was created.
    pub created: Option<SystemTime>,
}

impl ContainerMeta {
    /// The container `name`.
    pub fn new(name: impl Into<String>, created: Option<SystemTime>) -> Self {
        Self { name: name.into(), created }
    }
}
