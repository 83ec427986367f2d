//! `RangedUpload`: a multipart upload whose requests are limited, counted and tried again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rangeway_core::{
    Key, MultipartUpload, Operation, PartSpec, Payload, PutOptions, PutResponse, Result, UploadedPart,
};

use crate::engine::{Engine, until};

/// Services may take minutes to put a large object together.
const SERVER_SIDE_TIMEOUT: Duration = Duration::from_mins(10);

/// An upload in parts to the store of an engine.
#[derive(Debug)]
pub(crate) struct RangedUpload {
    engine: Arc<Engine>,
    key: Key,
    /// Of the whole upload; without one, each operation has that of the store.
    deadline: Option<Instant>,
    inner: Box<dyn MultipartUpload>,
}

impl RangedUpload {
    pub(crate) async fn start(engine: &Arc<Engine>, key: &Key, options: PutOptions) -> Result<Self> {
        engine.controller.writes_begin(&engine.policy);
        let timeout = engine.policy.first_byte_timeout;
        let deadline = options.deadline;
        let start = || engine.store.start_multipart(key, options.clone());
        let started = engine.request(timeout, engine.policy.deadline(deadline), start).await;
        let inner = started.map_err(|error| engine.locate(Operation::Multipart, key, error))?;
        Ok(Self { engine: Arc::clone(engine), key: key.clone(), deadline, inner })
    }

    /// Sends one part as soon as it is in memory and one more request may be in flight.
    pub(crate) async fn send(&self, part: PartSpec, payload: Payload) -> Result<UploadedPart> {
        let located = |error| self.engine.locate(Operation::Multipart, &self.key, error);
        let deadline = self.engine.policy.deadline(self.deadline);
        let rope = until(deadline, payload.into_rope()).await.map_err(located)?;
        let size = rope.iter().map(|chunk| chunk.len() as u64).sum();
        let _permit = self.engine.permit(deadline).await.map_err(located)?;
        let timeout = self.engine.upload_timeout(size);
        let sent =
            self.engine.request(timeout, deadline, || self.inner.put_part(part, rope.clone().into())).await;
        let uploaded = sent.map_err(located)?;
        self.engine.counters.written(size);
        Ok(uploaded)
    }
}

#[async_trait]
impl MultipartUpload for RangedUpload {
    async fn put_part(&self, part: PartSpec, payload: Payload) -> Result<UploadedPart> {
        self.send(part, payload).await
    }

    async fn complete(&self, parts: Vec<UploadedPart>) -> Result<PutResponse> {
        let complete = || self.inner.complete(parts.clone());
        let deadline = self.engine.policy.deadline(self.deadline);
        let completed = self.engine.request(SERVER_SIDE_TIMEOUT, deadline, complete).await;
        completed.map_err(|error| self.engine.locate(Operation::Multipart, &self.key, error))
    }

    async fn abort(&self) -> Result<()> {
        // No deadline applies, neither that of the write nor one of the store: nothing may be left behind.
        let aborted =
            self.engine.request(self.engine.policy.first_byte_timeout, None, || self.inner.abort()).await;
        aborted.map_err(|error| self.engine.locate(Operation::Multipart, &self.key, error))
    }
}
