//! A multipart upload whose parts are numbered and placed in the order of the calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::FutureExt;
use object_store::path::Path;
use object_store::{PutPayload, PutResult, UploadPart};
use rangeway_core::{MultipartUpload, PartSpec, UploadedPart};

use super::convert;
use super::error::{generic, to_theirs};

/// An upload to `location`.
#[derive(Debug)]
pub(super) struct Upload {
    inner: Arc<dyn MultipartUpload>,
    location: Path,
    /// How many parts the store allows.
    max_parts: u32,
    /// Where the next part begins.
    offset: u64,
    parts: Parts,
}

/// What the store said to each part, in the order of the calls; `None` for a part that it doesn't have.
#[derive(Debug, Clone, Default)]
struct Parts(Arc<Mutex<Vec<Option<UploadedPart>>>>);

impl Parts {
    fn lock(&self) -> MutexGuard<'_, Vec<Option<UploadedPart>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index of a new part.
    fn begin(&self) -> usize {
        let mut parts = self.lock();
        parts.push(None);
        parts.len() - 1
    }

    fn finish(&self, index: usize, part: UploadedPart) {
        self.lock()[index] = Some(part);
    }
}

impl Upload {
    pub(super) fn new(inner: Box<dyn MultipartUpload>, location: Path, max_parts: u32) -> Self {
        Self { inner: inner.into(), location, max_parts, offset: 0, parts: Parts::default() }
    }
}

#[async_trait]
impl object_store::MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let index = self.parts.begin();
        let offset = self.offset;
        self.offset += data.content_length() as u64;
        let Some(number) = u32::try_from(index + 1).ok().filter(|number| *number <= self.max_parts) else {
            let message = format!("the store takes {} parts at most; send larger parts", self.max_parts);
            return async move { Err(generic(message)) }.boxed();
        };
        let (inner, location, parts) = (Arc::clone(&self.inner), self.location.clone(), self.parts.clone());
        async move {
            let part = inner.put_part(PartSpec { number, offset }, convert::payload(data)).await;
            parts.finish(index, part.map_err(|error| to_theirs(&location, error))?);
            Ok(())
        }
        .boxed()
    }

    async fn complete(&mut self) -> object_store::Result<PutResult> {
        let is_empty = self.parts.lock().is_empty();
        if is_empty {
            // Services refuse an upload of no parts.
            self.put_part(PutPayload::new()).await?;
        }
        let parts = self.parts.lock().iter().cloned().collect::<Option<Vec<_>>>();
        let parts = parts.ok_or_else(|| generic("a part of the upload has not been sent"))?;
        let completed = self.inner.complete(parts).await;
        completed.map(convert::put_result).map_err(|error| to_theirs(&self.location, error))
    }

    async fn abort(&mut self) -> object_store::Result<()> {
        self.inner.abort().await.map_err(|error| to_theirs(&self.location, error))
    }
}
