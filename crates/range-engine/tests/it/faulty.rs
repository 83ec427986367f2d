//! `Faulty`: a store in memory that fails as its script says, and remembers what it was asked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use rangeway_core::{
    Body, Capabilities, CopyOptions, DeleteResult, Error, ErrorKind, GetOptions, GetRange, GetResponse,
    HeadOptions, HeadResponse, Key, ListEntry, ListOptions, MemoryStore, MultipartUpload, ObjectMeta,
    PartLimits, PartSpec, Payload, PutOptions, PutResponse, Result, Store, StoreUri, TransferStats,
    UploadedPart,
};

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    None,
    /// Fails before any header.
    Fail(ErrorKind),
    /// Never answers.
    Hang,
    /// Answers after so long.
    Late(Duration),
    /// Answers after this time.
    Delay(Duration),
    /// Fails after this time, and may be tried again.
    LateFailure(Duration),
    /// The body breaks after so many bytes.
    Break(u64),
    /// The body says nothing more after so many bytes.
    Stall(u64),
    /// The body ends after so many bytes as if it were whole.
    Short(u64),
    /// Answers with the whole object.
    IgnoreRange,
    /// Answers with the whole object, and says nothing more after so many bytes of it.
    IgnoreRangeAndStall(u64),
    /// Answers with bytes that begin one later.
    Shift,
    /// The object is replaced before the answer.
    Replace,
    /// As `Replace`, and the condition on the etag is ignored.
    ReplaceRudely,
}

type Script = dyn Fn(usize) -> Fault + Send + Sync;

type MetaScript = dyn Fn(usize, &mut ObjectMeta) + Send + Sync;

/// What requests were sent.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) gets: Mutex<Vec<Option<GetRange>>>,
    pub(crate) heads: AtomicUsize,
    pub(crate) puts: AtomicUsize,
    pub(crate) parts: Mutex<BTreeMap<u32, u64>>,
    pub(crate) open_uploads: AtomicUsize,
    pub(crate) parts_under_way: AtomicUsize,
    /// How many parts were under way when an upload was aborted.
    pub(crate) parts_at_abort: AtomicUsize,
}

/// Counts one part under way until it is dropped.
struct UnderWay(Arc<Log>);

impl UnderWay {
    fn new(log: &Arc<Log>) -> Self {
        log.parts_under_way.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(log))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.parts_under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Clone)]
pub(crate) struct Faulty {
    inner: MemoryStore,
    capabilities: Capabilities,
    get_script: Arc<Script>,
    meta_script: Arc<MetaScript>,
    part_script: Arc<Script>,
    part_calls: Arc<AtomicUsize>,
    copy_time: Duration,
    pub(crate) log: Arc<Log>,
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faulty").finish_non_exhaustive()
    }
}

impl Faulty {
    pub(crate) fn new() -> Self {
        let mut capabilities = Capabilities::all();
        capabilities.parts = PartLimits::new(1, 1 << 30, 1000);
        Self {
            inner: MemoryStore::new("faulty"),
            capabilities,
            get_script: Arc::new(|_| Fault::None),
            meta_script: Arc::new(|_, _| {}),
            part_script: Arc::new(|_| Fault::None),
            part_calls: Arc::default(),
            copy_time: Duration::ZERO,
            log: Arc::default(),
        }
    }

    /// What happens to each GET, by its number from 0.
    pub(crate) fn on_get(mut self, script: impl Fn(usize) -> Fault + Send + Sync + 'static) -> Self {
        self.get_script = Arc::new(script);
        self
    }

    /// What else the answer to each GET says of the object, by its number from 0.
    pub(crate) fn on_meta(mut self, script: impl Fn(usize, &mut ObjectMeta) + Send + Sync + 'static) -> Self {
        self.meta_script = Arc::new(script);
        self
    }

    /// What happens to each part sent, by its number from 0.
    pub(crate) fn on_part(mut self, script: impl Fn(usize) -> Fault + Send + Sync + 'static) -> Self {
        self.part_script = Arc::new(script);
        self
    }

    /// How long a copy takes.
    pub(crate) fn copy_time(mut self, time: Duration) -> Self {
        self.copy_time = time;
        self
    }

    /// The store below, without faults.
    pub(crate) fn memory(&self) -> &MemoryStore {
        &self.inner
    }

    pub(crate) fn gets(&self) -> Vec<Option<GetRange>> {
        self.log.gets.lock().expect("no test panics while it holds this").clone()
    }
}

/// The body of `response`, failing with `error` (or never going on) after `limit` bytes.
async fn cut(response: GetResponse, limit: u64, end: Option<ErrorKind>) -> Result<GetResponse> {
    let length = response.body.remaining();
    let bytes = response.body.bytes().await?;
    let keep = usize::try_from(limit.min(length)).expect("fits");
    // Chunks of an odd size, so that no reader relies on whole ones.
    let chunks: Vec<Bytes> = bytes[..keep].chunks(30_011).map(Bytes::copy_from_slice).collect();
    let ending = stream::once(async move {
        match end {
            Some(kind) => Err(Error::new(kind, "the connection broke")),
            None => std::future::pending().await,
        }
    });
    let body = stream::iter(chunks.into_iter().map(Ok)).chain(ending);
    Ok(GetResponse::new(response.meta, response.range, response.attributes, Body::from_stream(length, body)))
}

#[async_trait]
impl Store for Faulty {
    fn uri(&self) -> &StoreUri {
        self.inner.uri()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn head(&self, key: &Key, options: HeadOptions) -> Result<HeadResponse> {
        self.log.heads.fetch_add(1, Ordering::Relaxed);
        self.inner.head(key, options).await
    }

    async fn get(&self, key: &Key, mut options: GetOptions) -> Result<GetResponse> {
        let number = {
            let mut gets = self.log.gets.lock().expect("no test panics while it holds this");
            gets.push(options.range.clone());
            gets.len() - 1
        };
        let fault = (self.get_script)(number);
        match fault {
            Fault::Fail(kind) => return Err(Error::new(kind, "as told")),
            Fault::Hang => std::future::pending().await,
            Fault::Late(wait) => tokio::time::sleep(wait).await,
            Fault::LateFailure(wait) => {
                tokio::time::sleep(wait).await;
                return Err(Error::new(ErrorKind::Service, "as told"));
            }
            Fault::IgnoreRange | Fault::IgnoreRangeAndStall(_) => options.range = None,
            Fault::Shift => {
                if let Some(GetRange::Bounded(range)) = &mut options.range {
                    range.start += 1;
                    range.end += 1;
                }
            }
            Fault::Replace | Fault::ReplaceRudely => {
                let size = self.inner.head(key, HeadOptions::new()).await?.meta.size;
                let other = vec![0xEE; usize::try_from(size).expect("fits")];
                self.inner.put(key, other.into(), PutOptions::new()).await?;
                if fault == Fault::ReplaceRudely {
                    options.conditions.if_match = None;
                }
            }
            _ => {}
        }
        let mut response = self.inner.get(key, options).await?;
        (self.meta_script)(number, &mut response.meta);
        match fault {
            Fault::Break(after) => cut(response, after, Some(ErrorKind::Interrupted)).await,
            Fault::Stall(after) | Fault::IgnoreRangeAndStall(after) => cut(response, after, None).await,
            Fault::Short(after) => {
                let bytes = response.body.bytes().await?.slice(..usize::try_from(after).expect("fits"));
                let body =
                    Body::from_stream(response.range.end - response.range.start, stream::iter([Ok(bytes)]));
                Ok(GetResponse::new(response.meta, response.range, response.attributes, body))
            }
            _ => Ok(response),
        }
    }

    async fn put(&self, key: &Key, payload: Payload, options: PutOptions) -> Result<PutResponse> {
        self.log.puts.fetch_add(1, Ordering::Relaxed);
        self.inner.put(key, payload, options).await
    }

    async fn start_multipart(&self, key: &Key, options: PutOptions) -> Result<Box<dyn MultipartUpload>> {
        self.log.open_uploads.fetch_add(1, Ordering::Relaxed);
        let inner = self.inner.start_multipart(key, options).await?;
        Ok(Box::new(FaultyUpload { store: self.clone(), inner }))
    }

    fn list(&self, options: ListOptions) -> BoxStream<'static, Result<ListEntry>> {
        self.inner.list(options)
    }

    fn delete(&self, keys: BoxStream<'static, Key>) -> BoxStream<'static, DeleteResult> {
        self.inner.delete(keys)
    }

    async fn copy(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<PutResponse> {
        tokio::time::sleep(self.copy_time).await;
        self.inner.copy(from, to, options).await
    }

    fn stats(&self) -> TransferStats {
        self.inner.stats()
    }

    async fn drain(&self) {}
}

#[derive(Debug)]
struct FaultyUpload {
    store: Faulty,
    inner: Box<dyn MultipartUpload>,
}

#[async_trait]
impl MultipartUpload for FaultyUpload {
    async fn put_part(&self, part: PartSpec, payload: Payload) -> Result<UploadedPart> {
        let _under_way = UnderWay::new(&self.store.log);
        match (self.store.part_script)(self.store.part_calls.fetch_add(1, Ordering::Relaxed)) {
            Fault::Fail(kind) => return Err(Error::new(kind, "as told")),
            Fault::Hang => std::future::pending().await,
            Fault::Delay(time) => tokio::time::sleep(time).await,
            _ => {}
        }
        let sent = self.inner.put_part(part, payload).await?;
        let mut parts = self.store.log.parts.lock().expect("no test panics while it holds this");
        parts.insert(sent.number, sent.size);
        Ok(sent)
    }

    async fn complete(&self, parts: Vec<UploadedPart>) -> Result<PutResponse> {
        let completed = self.inner.complete(parts).await?;
        self.store.log.open_uploads.fetch_sub(1, Ordering::Relaxed);
        Ok(completed)
    }

    async fn abort(&self) -> Result<()> {
        let under_way = self.store.log.parts_under_way.load(Ordering::Relaxed);
        self.store.log.parts_at_abort.fetch_add(under_way, Ordering::Relaxed);
        self.store.log.open_uploads.fetch_sub(1, Ordering::Relaxed);
        self.inner.abort().await
    }
}
