//! From a payload of any kind to a file that is being written.

use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, TryStreamExt};
use rangeway_core::{Error, ErrorKind, Payload, Pipe, ReadAt, Result, WriteAt, wrong_length};
use tokio::time::timeout_at;

use crate::new_file::Draft;
use crate::tasks::Tasks;

/// How much is gathered from a stream, or read from a region, before one trip to another thread writes it.
const BLOCK: u64 = 4 << 20;

/// How many blocks of a region are read and written at one time.
const BLOCKS: usize = 4;

/// What `work` gives before the deadline.
///
/// # Errors
/// Those of `work`; `Timeout` at the deadline.
pub(crate) async fn in_time<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let Some(deadline) = deadline else { return work.await };
    let late = Err(Error::new(ErrorKind::Timeout, "the deadline is past").with_retryable(false));
    timeout_at(deadline.into(), work).await.unwrap_or(late)
}

/// A place in a file that is being written: where an object, or a part of one, begins.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) draft: Arc<Draft>,
    pub(crate) base: u64,
    pub(crate) tasks: Tasks,
}

#[async_trait]
impl WriteAt for Target {
    async fn write_at(&self, offset: u64, bytes: Bytes) -> Result<()> {
        self.write_chunks(offset, vec![bytes]).await
    }

    fn takes_pipes(&self) -> bool {
        self.draft.takes_pipes()
    }

    async fn write_pipe(&self, offset: u64, pipe: Pipe) -> Result<Pipe> {
        let (draft, offset) = (Arc::clone(&self.draft), self.base + offset);
        self.tasks.run(move || draft.write_pipe(offset, pipe)).await
    }
}

impl Target {
    /// Writes the whole payload and says how many bytes it had.
    ///
    /// # Errors
    /// `Timeout` at the deadline; `InvalidInput` when a stream has another length than it announced; those of the
    /// source and of the disk.
    pub(crate) async fn write(self, payload: Payload, deadline: Option<Instant>) -> Result<u64> {
        in_time(deadline, self.write_all(payload)).await
    }

    async fn write_all(self, payload: Payload) -> Result<u64> {
        let length = payload.length();
        match payload {
            Payload::Body(body) => {
                let length = body.remaining();
                body.write_to(Arc::new(self)).await?;
                Ok(length)
            }
            Payload::Stream { length, stream } => self.write_stream(length, stream).await,
            Payload::Region { source, range } => {
                self.write_region(source, range.start, range.end).await?;
                Ok(range.end - range.start)
            }
            other => {
                self.write_chunks(0, other.into_rope().await?).await?;
                length.ok_or_else(|| Error::unsupported("a payload of this kind"))
            }
        }
    }

    /// Begins to write at once: what is awaited is the end.
    fn write_chunks(
        &self,
        offset: u64,
        chunks: Vec<Bytes>,
    ) -> impl Future<Output = Result<()>> + Send + 'static + use<> {
        let (draft, offset) = (Arc::clone(&self.draft), self.base + offset);
        self.tasks.run(move || draft.write(offset, &chunks))
    }

    async fn write_region(&self, source: Arc<dyn ReadAt>, start: u64, end: u64) -> Result<()> {
        if end < start {
            return Err(Error::invalid(format!("the region {start}..{end} is reversed")));
        }
        let blocks = (start..end).step_by(usize::try_from(BLOCK).expect("4 MiB"));
        stream::iter(blocks.map(Ok))
            .try_for_each_concurrent(BLOCKS, |at| {
                let source = &source;
                async move {
                    let length = usize::try_from(BLOCK.min(end - at)).expect("at most 4 MiB");
                    let bytes = source.read_at(at, length).await?;
                    if bytes.len() != length {
                        return Err(wrong_length(end - start, at - start + bytes.len() as u64));
                    }
                    self.write_at(at - start, bytes).await
                }
            })
            .await
    }

    /// Writes one block while the next one is gathered.
    async fn write_stream(
        &self,
        length: Option<u64>,
        mut stream: BoxStream<'static, Result<Bytes>>,
    ) -> Result<u64> {
        let mut written = 0;
        let mut gathered = Vec::new();
        let mut found = 0;
        let mut writing = None;
        while let Some(bytes) = stream.try_next().await? {
            found += bytes.len() as u64;
            if let Some(announced) = length.filter(|announced| found > *announced) {
                return Err(wrong_length(announced, found));
            }
            gathered.push(bytes);
            if found - written >= BLOCK {
                if let Some(before) = writing.take() {
                    pin!(before).await?;
                }
                writing = Some(self.write_chunks(written, std::mem::take(&mut gathered)));
                written = found;
            }
        }
        if let Some(announced) = length.filter(|announced| found != *announced) {
            return Err(wrong_length(announced, found));
        }
        if let Some(before) = writing {
            pin!(before).await?;
        }
        self.write_chunks(written, gathered).await?;
        Ok(found)
    }
}
