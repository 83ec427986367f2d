//! `Ranged`: a store whose large reads and writes are many requests at once.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use rangeway_core::{
    Capabilities, CopyOptions, DeleteResult, GetOptions, GetResponse, HeadOptions, HeadResponse, Key,
    ListEntry, ListOptions, MultipartUpload, Operation, Payload, PutOptions, PutResponse, Result, Store,
    StoreUri, TransferStats,
};

use crate::engine::Engine;
use crate::upload::RangedUpload;
use crate::{Policy, read, write};

/// Decorates a store of single requests: splits what is large, and sends again what failed for a passing reason.
///
/// Its operations need a running tokio runtime. Clones share window, memory and counters.
#[derive(Debug)]
pub struct Ranged<S> {
    inner: Arc<S>,
    engine: Arc<Engine>,
}

impl<S> Clone for Ranged<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), engine: Arc::clone(&self.engine) }
    }
}

impl<S: Store> Ranged<S> {
    /// Puts the engine before `inner`.
    ///
    /// # Errors
    /// `InvalidInput` when `policy` is not valid.
    pub fn new(inner: S, policy: Policy) -> Result<Self> {
        policy.validate()?;
        let inner = Arc::new(inner);
        let engine = Arc::new(Engine::new(Arc::clone(&inner) as Arc<dyn Store>, policy));
        Ok(Self { inner, engine })
    }

    /// The store of single requests.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// The policy in force.
    pub fn policy(&self) -> &Policy {
        &self.engine.policy
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Store> Store for Ranged<S> {
    fn uri(&self) -> &StoreUri {
        self.inner.uri()
    }

    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    async fn head(&self, key: &Key, options: HeadOptions) -> Result<HeadResponse> {
        let policy = &self.engine.policy;
        let (timeout, deadline) = (policy.first_byte_timeout, policy.deadline(None));
        let answer = self.engine.request(timeout, deadline, || self.inner.head(key, options.clone())).await;
        answer.map_err(|error| self.engine.locate(Operation::Head, key, error))
    }

    async fn get(&self, key: &Key, mut options: GetOptions) -> Result<GetResponse> {
        options.deadline = self.engine.policy.deadline(options.deadline);
        read::get(&self.engine, key, options).await
    }

    async fn put(&self, key: &Key, payload: Payload, mut options: PutOptions) -> Result<PutResponse> {
        options.deadline = self.engine.policy.deadline(options.deadline);
        write::put(&self.engine, key, payload, options).await
    }

    async fn start_multipart(&self, key: &Key, options: PutOptions) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(RangedUpload::start(&self.engine, key, options).await?))
    }

    fn list(&self, options: ListOptions) -> BoxStream<'static, Result<ListEntry>> {
        self.inner.list(options)
    }

    fn delete(&self, keys: BoxStream<'static, Key>) -> BoxStream<'static, DeleteResult> {
        self.inner.delete(keys)
    }

    async fn copy(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<PutResponse> {
        let copy = || self.inner.copy(from, to, options.clone());
        // A store that copies in parts takes as long as that takes, and limits its requests itself.
        let copied = self.engine.request(Duration::MAX, self.engine.policy.deadline(None), copy).await;
        copied.map_err(|error| self.engine.locate(Operation::Copy, from, error))
    }

    fn stats(&self) -> TransferStats {
        self.engine.stats()
    }

    async fn drain(&self) {
        // Never opened again: that takes no new upload away, and could leave another caller of `drain` waiting.
        self.engine.uploads.close();
        self.engine.uploads.wait().await;
        self.inner.drain().await;
    }
}
