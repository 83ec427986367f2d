//! `MemoryStore`: objects in a sorted map.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, StreamExt};

use crate::{
    Attributes, Body, Capabilities, CopyOptions, DeleteResult, Error, ErrorKind, GetOptions, GetResponse,
    HeadOptions, HeadResponse, Key, ListEntry, ListOptions, MultipartUpload, ObjectMeta, Operation, PartSpec,
    Payload, PutMode, PutOptions, PutResponse, Result, Store, StoreUri, TransferStats, UploadedPart,
};

/// How many entries a listing takes from the map while it holds the lock.
const PAGE: usize = 1000;

/// A store in memory. Clones share their objects.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    uri: StoreUri,
    capabilities: Capabilities,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<Key, Object>,
    writes: u64,
}

#[derive(Debug, Clone)]
struct Object {
    bytes: Bytes,
    etag: String,
    modified: SystemTime,
    attributes: Attributes,
}

impl Object {
    fn meta(&self, key: &Key) -> ObjectMeta {
        ObjectMeta {
            etag: Some(self.etag.clone()),
            last_modified: Some(self.modified),
            ..ObjectMeta::new(key, self.bytes.len() as u64)
        }
    }
}

impl State {
    /// Stores an object if `mode` allows it; the check and the write are one step.
    fn put(
        &mut self,
        key: &Key,
        bytes: Bytes,
        attributes: Attributes,
        mode: &PutMode,
    ) -> Result<PutResponse> {
        let current = self.objects.get(key).map(|object| object.etag.as_str());
        match (mode, current) {
            (PutMode::Create, Some(_)) => {
                return Err(Error::new(ErrorKind::AlreadyExists, "the object exists"));
            }
            (PutMode::IfMatch(wanted), found) if Some(wanted.as_str()) != found => {
                return Err(Error::new(ErrorKind::PreconditionFailed, format!("the etag is not {wanted}")));
            }
            _ => {}
        }
        self.writes += 1;
        let etag = format!("\"{:x}\"", self.writes);
        let object = Object { bytes, etag: etag.clone(), modified: SystemTime::now(), attributes };
        self.objects.insert(key.clone(), object);
        Ok(PutResponse::new(Some(etag), None))
    }

    /// Up to [`PAGE`] entries after `cursor`.
    fn page(&self, options: &ListOptions, mut cursor: Bound<Key>) -> Vec<ListEntry> {
        let mut entries = Vec::new();
        while entries.len() < PAGE {
            let Some((key, object)) = self.objects.range((cursor.clone(), Bound::Unbounded)).next() else {
                break;
            };
            let Some(rest) = key.as_str().strip_prefix(options.prefix.as_str()) else { break };
            let grouped = options.delimiter.as_deref().and_then(|delimiter| {
                let end = options.prefix.len() + rest.find(delimiter)? + delimiter.len();
                Some(key.as_str()[..end].to_owned())
            });
            if let Some(prefix) = grouped {
                cursor = after_prefix(&prefix);
                entries.push(ListEntry::Prefix(prefix));
            } else {
                cursor = Bound::Excluded(key.clone());
                entries.push(ListEntry::Object(object.meta(key)));
            }
        }
        entries
    }
}

/// The first place after all keys that start with `prefix`: the prefix with its last character counted up.
fn after_prefix(prefix: &str) -> Bound<Key> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            end.push(next);
            return Bound::Included(end.into());
        }
    }
    Bound::Unbounded
}

impl MemoryStore {
    /// An empty store that calls itself `memory://name`.
    pub fn new(name: &str) -> Self {
        Self {
            uri: StoreUri::new("memory", name, ""),
            capabilities: Capabilities { versions: false, ..Capabilities::all() },
            state: Arc::default(),
        }
    }

    /// Whether there is no object.
    pub fn is_empty(&self) -> bool {
        self.state().objects.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn object(&self, key: &Key, version: Option<&str>) -> Result<Object> {
        not_empty(key)?;
        if version.is_some() {
            return Err(Error::unsupported("memory stores keep no versions"));
        }
        let object = self.state().objects.get(key).cloned();
        object.ok_or_else(|| Error::new(ErrorKind::NotFound, "no such object"))
    }

    fn locate<T>(&self, operation: Operation, key: &Key, result: Result<T>) -> Result<T> {
        result.map_err(|error| error.with_operation(operation).with_uri(self.uri.with_key(key)))
    }

    fn try_get(&self, key: &Key, options: GetOptions) -> Result<GetResponse> {
        let object = self.object(key, options.version.as_deref())?;
        options.conditions.check(Some(&object.etag), Some(object.modified))?;
        let meta = object.meta(key);
        let range = match options.range {
            Some(range) => range.resolve(meta.size)?,
            None => 0..meta.size,
        };
        let within = |offset: u64| usize::try_from(offset).map_err(|_| Error::invalid("offset too large"));
        let bytes = object.bytes.slice(within(range.start)?..within(range.end)?);
        Ok(GetResponse::new(meta, range, object.attributes, Body::from_bytes(bytes)))
    }

    fn try_copy(&self, from: &Key, to: &Key, mode: &PutMode) -> Result<PutResponse> {
        not_empty(from).and(not_empty(to))?;
        let mut state = self.state();
        let object = state
            .objects
            .get(from)
            .cloned()
            .ok_or_else(|| Error::new(ErrorKind::NotFound, "no such object"))?;
        state.put(to, object.bytes, object.attributes, mode)
    }
}

/// Refuses the empty key, which names the container.
fn not_empty(key: &Key) -> Result<()> {
    if key.is_empty() { Err(Error::invalid("the empty key names no object")) } else { Ok(()) }
}

/// The chunks of a rope as one buffer.
fn join(mut chunks: Vec<Bytes>) -> Bytes {
    match chunks.len() {
        0 => Bytes::new(),
        1 => chunks.remove(0),
        _ => {
            let mut all = BytesMut::with_capacity(chunks.iter().map(Bytes::len).sum());
            for chunk in &chunks {
                all.extend_from_slice(chunk);
            }
            all.freeze()
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn uri(&self) -> &StoreUri {
        &self.uri
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn head(&self, key: &Key, options: HeadOptions) -> Result<HeadResponse> {
        let found = self.object(key, options.version.as_deref()).and_then(|object| {
            options.conditions.check(Some(&object.etag), Some(object.modified))?;
            Ok(HeadResponse::new(object.meta(key), object.attributes))
        });
        self.locate(Operation::Head, key, found)
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<GetResponse> {
        self.locate(Operation::Get, key, self.try_get(key, options))
    }

    async fn put(&self, key: &Key, payload: Payload, options: PutOptions) -> Result<PutResponse> {
        let rope = match not_empty(key) {
            Ok(()) => payload.into_rope().await,
            Err(error) => Err(error),
        };
        let written =
            rope.and_then(|chunks| self.state().put(key, join(chunks), options.attributes, &options.mode));
        self.locate(Operation::Put, key, written)
    }

    async fn start_multipart(&self, key: &Key, options: PutOptions) -> Result<Box<dyn MultipartUpload>> {
        self.locate(Operation::Multipart, key, not_empty(key))?;
        Ok(Box::new(MemoryUpload {
            store: self.clone(),
            key: key.clone(),
            options,
            parts: Mutex::new(Some(BTreeMap::new())),
        }))
    }

    fn list(&self, options: ListOptions) -> BoxStream<'static, Result<ListEntry>> {
        let start = match &options.start_after {
            Some(after) if *after >= options.prefix => Bound::Excluded(Key::from(after.as_str())),
            _ => Bound::Included(Key::from(options.prefix.as_str())),
        };
        let store = self.clone();
        stream::unfold(Some(start), move |cursor| {
            let page = cursor.map(|cursor| store.state().page(&options, cursor));
            async move {
                let page = page.filter(|page| !page.is_empty())?;
                let next = page.last().filter(|_| page.len() == PAGE).map(|last| match last {
                    ListEntry::Object(meta) => Bound::Excluded(meta.key.clone()),
                    ListEntry::Prefix(prefix) => after_prefix(prefix),
                });
                Some((stream::iter(page.into_iter().map(Ok)), next))
            }
        })
        .flatten()
        .boxed()
    }

    fn delete(&self, keys: BoxStream<'static, Key>) -> BoxStream<'static, DeleteResult> {
        let store = self.clone();
        keys.map(move |key| {
            let deleted = not_empty(&key).map(|()| {
                store.state().objects.remove(&key);
            });
            let result = store.locate(Operation::Delete, &key, deleted);
            DeleteResult { key, result }
        })
        .boxed()
    }

    async fn copy(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<PutResponse> {
        self.locate(Operation::Copy, from, self.try_copy(from, to, &options.mode))
    }

    fn stats(&self) -> TransferStats {
        TransferStats::default()
    }

    async fn drain(&self) {}
}

/// A multipart upload in memory; `parts` is `None` once it has ended.
#[derive(Debug)]
struct MemoryUpload {
    store: MemoryStore,
    key: Key,
    options: PutOptions,
    parts: Mutex<Option<BTreeMap<u32, Bytes>>>,
}

impl MemoryUpload {
    fn parts(&self) -> MutexGuard<'_, Option<BTreeMap<u32, Bytes>>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_complete(&self, mut parts: Vec<UploadedPart>) -> Result<PutResponse> {
        let sent = self.parts().take().ok_or_else(ended)?;
        parts.sort_unstable_by_key(|part| part.number);
        let chunks = parts
            .iter()
            .map(|part| sent.get(&part.number).cloned())
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| Error::invalid("a part was never sent"))?;
        self.store.state().put(&self.key, join(chunks), self.options.attributes.clone(), &self.options.mode)
    }
}

fn ended() -> Error {
    Error::new(ErrorKind::NotFound, "the upload has ended")
}

#[async_trait]
impl MultipartUpload for MemoryUpload {
    async fn put_part(&self, part: PartSpec, payload: Payload) -> Result<UploadedPart> {
        let sent = payload.into_rope().await.and_then(|chunks| {
            let bytes = join(chunks);
            let size = bytes.len() as u64;
            self.parts().as_mut().ok_or_else(ended)?.insert(part.number, bytes);
            Ok(UploadedPart { number: part.number, size, id: part.number.to_string() })
        });
        self.store.locate(Operation::Multipart, &self.key, sent)
    }

    async fn complete(&self, parts: Vec<UploadedPart>) -> Result<PutResponse> {
        self.store.locate(Operation::Multipart, &self.key, self.try_complete(parts))
    }

    async fn abort(&self) -> Result<()> {
        self.parts().take();
        Ok(())
    }
}
