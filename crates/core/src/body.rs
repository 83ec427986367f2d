//! `Body`: the bytes of a read, consumed once, in the way that suits the caller.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, BoxStream, Stream, StreamExt};

use crate::{Error, ErrorKind, Pipe, Result, WriteAt};

/// What a body reads from: a socket, a file, or a transfer of many ranges.
///
/// The bytes come in order and once; whichever methods are called, each continues where the last one ended.
#[async_trait]
pub trait BodySource: Send {
    /// The next bytes, as many as are at hand; `None` at the end.
    async fn chunk(&mut self) -> Result<Option<Bytes>>;

    /// Appends at least one byte to `buffer`, and no more than it has spare capacity for; 0 at the end.
    ///
    /// `buffer` has spare capacity when this is called.
    async fn read(&mut self, buffer: &mut BytesMut) -> Result<usize>;

    /// Moves up to `limit` bytes into `pipe`, without waiting for more than one: 0 at the end, or once the pipe is full.
    /// `None`, and nothing was moved, where the next bytes are not the kernel's.
    ///
    /// A future that is dropped while it waits has moved nothing. Does not count what is in the pipe: the caller does.
    async fn read_pipe(&mut self, pipe: &mut Pipe, limit: usize) -> Result<Option<usize>> {
        let _ = (pipe, limit);
        Ok(None)
    }

    /// Appends the remaining `length` bytes to `buffer`, which has spare capacity for them.
    async fn read_into(&mut self, buffer: &mut BytesMut, length: usize) -> Result<()> {
        let end = buffer.len() + length;
        while buffer.len() < end {
            if self.read(buffer).await? == 0 {
                return Err(ended_early((end - buffer.len()) as u64));
            }
        }
        if buffer.len() > end { Err(too_long()) } else { Ok(()) }
    }

    /// The remaining `length` bytes as one buffer.
    async fn bytes(&mut self, length: usize) -> Result<Bytes> {
        let mut buffer = BytesMut::with_capacity(length);
        self.read_into(&mut buffer, length).await?;
        Ok(buffer.freeze())
    }

    /// Writes the remaining `length` bytes to `target`, the first of them at offset 0.
    async fn write_to(&mut self, target: &Arc<dyn WriteAt>, length: u64) -> Result<()> {
        let mut offset = 0;
        while offset < length {
            let bytes = self.chunk().await?.ok_or_else(|| ended_early(length - offset))?;
            let end = offset + bytes.len() as u64;
            if end > length {
                return Err(too_long());
            }
            target.write_at(offset, bytes).await?;
            offset = end;
        }
        Ok(())
    }
}

/// The bytes of an object, or of a range of it.
///
/// A body knows its length. One that holds fewer bytes ends in `Interrupted`, one that holds more in `Integrity`:
/// what a method returns as success is always whole.
pub struct Body {
    remaining: u64,
    source: Box<dyn BodySource>,
}

impl Body {
    /// A body of exactly `length` bytes from `source`.
    pub fn new(length: u64, source: impl BodySource + 'static) -> Self {
        Self { remaining: length, source: Box::new(source) }
    }

    /// A body of bytes that are in memory already; they are never copied.
    pub fn from_bytes(bytes: Bytes) -> Self {
        Self::new(bytes.len() as u64, ChunkSource::new(stream::iter([Ok(bytes)])))
    }

    /// A body of exactly `length` bytes that arrive as chunks.
    pub fn from_stream(length: u64, chunks: impl Stream<Item = Result<Bytes>> + Send + 'static) -> Self {
        Self::new(length, ChunkSource::new(chunks))
    }

    /// How many bytes have not been consumed yet.
    pub fn remaining(&self) -> u64 {
        self.remaining
    }

    /// The next bytes, as many as are at hand; `None` at the end.
    ///
    /// # Errors
    /// `Interrupted` when the body ends early, `Integrity` when it is longer than announced, or the source's error.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        if self.remaining == 0 {
            return Ok(None);
        }
        match self.source.chunk().await? {
            Some(bytes) => {
                self.consume(bytes.len())?;
                Ok(Some(bytes))
            }
            None => Err(ended_early(self.remaining)),
        }
    }

    /// Appends what is at hand to the spare capacity of `buffer`, at least one byte; 0 at the end of the body.
    ///
    /// Never makes `buffer` grow: without spare capacity it fails with `InvalidInput`.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk). What was appended before an error is right and stays.
    ///
    /// # Cancel safety
    /// What has been appended when the future is dropped is right and counted on the next call only if the future
    /// had returned: drop the body too.
    pub async fn read(&mut self, buffer: &mut BytesMut) -> Result<usize> {
        if self.remaining == 0 {
            return Ok(0);
        }
        if buffer.len() == buffer.capacity() {
            return Err(Error::invalid("the buffer has no spare capacity to read into"));
        }
        let read = self.source.read(buffer).await?;
        if read == 0 {
            return Err(ended_early(self.remaining));
        }
        self.consume(read)?;
        Ok(read)
    }

    /// Moves up to `limit` bytes of what is at hand into `pipe`: at least one, unless the body is at its end or the pipe
    /// is full. `None`, and nothing was moved, where the next bytes are not the kernel's: they can be read.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk). What was moved before an error is right and counted.
    ///
    /// # Cancel safety
    /// A future that is dropped has moved nothing.
    pub async fn read_pipe(&mut self, pipe: &mut Pipe, limit: usize) -> Result<Option<usize>> {
        let limit = usize::try_from(self.remaining).map_or(limit, |remaining| limit.min(remaining));
        if limit == 0 {
            return Ok(Some(0));
        }
        let Some(moved) = self.source.read_pipe(pipe, limit).await? else { return Ok(None) };
        if moved == 0 && !pipe.is_full() {
            return Err(ended_early(self.remaining));
        }
        pipe.filled(moved);
        self.consume(moved)?;
        Ok(Some(moved))
    }

    /// Appends all remaining bytes to `buffer`, which grows only if its spare capacity is too small.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk). After an error `buffer` holds a part of the body, or nothing of it.
    pub async fn read_into(mut self, buffer: &mut BytesMut) -> Result<()> {
        let length = self.remaining_in_memory()?;
        if buffer.capacity() - buffer.len() < length {
            buffer.reserve(length);
        }
        let end = buffer.len() + length;
        if length > 0 {
            self.source.read_into(buffer, length).await?;
        }
        whole(buffer.len(), end)
    }

    /// All remaining bytes as one buffer.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk); `InvalidInput` when the bytes cannot fit into memory.
    pub async fn bytes(mut self) -> Result<Bytes> {
        match self.remaining_in_memory()? {
            0 => Ok(Bytes::new()),
            length => {
                let bytes = self.source.bytes(length).await?;
                whole(bytes.len(), length)?;
                Ok(bytes)
            }
        }
    }

    /// The bytes as an ordered stream of chunks. After an error the stream ends.
    pub fn stream(self) -> BoxStream<'static, Result<Bytes>> {
        stream::unfold(Some(self), |body| async move {
            let mut body = body?;
            match body.chunk().await {
                Ok(Some(bytes)) => Some((Ok(bytes), Some(body))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed()
    }

    /// Writes all remaining bytes to `target`, the first of them at offset 0.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk), and those of `target`. After an error `target` holds some of the bytes.
    pub async fn write_to(mut self, target: Arc<dyn WriteAt>) -> Result<()> {
        if self.remaining == 0 {
            return Ok(());
        }
        self.source.write_to(&target, self.remaining).await
    }

    fn consume(&mut self, bytes: usize) -> Result<()> {
        self.remaining = self.remaining.checked_sub(bytes as u64).ok_or_else(too_long)?;
        Ok(())
    }

    /// The remaining length, if that much memory can be had: asking beats aborting.
    fn remaining_in_memory(&self) -> Result<usize> {
        let too_large = || {
            Error::invalid(format!("{} bytes do not fit into memory", self.remaining))
                .with_hint("read the body as a stream or write it to a file")
        };
        let length = usize::try_from(self.remaining).map_err(|_| too_large())?;
        Vec::<u8>::new().try_reserve_exact(length).map_err(|_| too_large())?;
        Ok(length)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("remaining", &self.remaining).finish_non_exhaustive()
    }
}

/// Fails unless as many bytes came as were to come.
fn whole(came: usize, length: usize) -> Result<()> {
    match came.cmp(&length) {
        Ordering::Less => Err(ended_early((length - came) as u64)),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(too_long()),
    }
}

/// The error of a body that ended `missing` bytes too early.
fn ended_early(missing: u64) -> Error {
    Error::new(ErrorKind::Interrupted, format!("the body ended {missing} bytes too early"))
}

/// The error of a body that holds more than it announced.
fn too_long() -> Error {
    Error::new(ErrorKind::Integrity, "the body is longer than announced")
}

/// A source whose bytes arrive as chunks that somebody else allocated.
struct ChunkSource {
    chunks: BoxStream<'static, Result<Bytes>>,
    /// What `read` had no room for.
    rest: Bytes,
}

impl ChunkSource {
    fn new(chunks: impl Stream<Item = Result<Bytes>> + Send + 'static) -> Self {
        Self { chunks: chunks.fuse().boxed(), rest: Bytes::new() }
    }
}

#[async_trait]
impl BodySource for ChunkSource {
    async fn chunk(&mut self) -> Result<Option<Bytes>> {
        if !self.rest.is_empty() {
            return Ok(Some(std::mem::take(&mut self.rest)));
        }
        loop {
            match self.chunks.next().await.transpose()? {
                Some(bytes) if bytes.is_empty() => {}
                next => return Ok(next),
            }
        }
    }

    async fn read(&mut self, buffer: &mut BytesMut) -> Result<usize> {
        let Some(mut bytes) = self.chunk().await? else { return Ok(0) };
        let room = (buffer.capacity() - buffer.len()).min(bytes.len());
        buffer.extend_from_slice(&bytes.split_to(room));
        self.rest = bytes;
        Ok(room)
    }

    async fn read_into(&mut self, buffer: &mut BytesMut, length: usize) -> Result<()> {
        let end = buffer.len() + length;
        while buffer.len() < end {
            let missing = end - buffer.len();
            let bytes = self.chunk().await?.ok_or_else(|| ended_early(missing as u64))?;
            if bytes.len() > missing {
                return Err(too_long());
            }
            buffer.extend_from_slice(&bytes);
        }
        Ok(())
    }

    async fn bytes(&mut self, length: usize) -> Result<Bytes> {
        let Some(first) = self.chunk().await? else { return Err(ended_early(length as u64)) };
        if first.len() == length {
            return Ok(first);
        }
        self.rest = first;
        let mut buffer = BytesMut::with_capacity(length);
        self.read_into(&mut buffer, length).await?;
        Ok(buffer.freeze())
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;
    use futures::executor::block_on;

    use super::*;

    fn body(length: u64, chunks: &[&'static str]) -> Body {
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect();
        Body::from_stream(length, stream::iter(chunks))
    }

    #[test]
    fn every_way_to_consume_gives_the_same_bytes() -> Result<()> {
        let whole = || body(6, &["ab", "", "cde", "f"]);
        assert_eq!(block_on(whole().bytes())?, "abcdef");
        let mut buffer = BytesMut::from("_");
        block_on(whole().read_into(&mut buffer))?;
        assert_eq!(buffer, "_abcdef");
        let chunks: Vec<Bytes> = block_on(whole().stream().try_collect())?;
        assert_eq!(chunks.concat(), b"abcdef");
        let mut small = BytesMut::with_capacity(8);
        let mut split = whole();
        let mut seen = Vec::new();
        while block_on(split.read(&mut small))? > 0 {
            seen.extend_from_slice(&small.split());
            small = BytesMut::with_capacity(2);
        }
        assert_eq!(seen, b"abcdef");
        Ok(())
    }

    #[test]
    fn bytes_in_memory_are_not_copied() -> Result<()> {
        let bytes = Bytes::from(vec![7; 100]);
        let same = block_on(Body::from_bytes(bytes.clone()).bytes())?;
        assert_eq!(same.as_ptr(), bytes.as_ptr());
        Ok(())
    }

    #[test]
    fn short_and_long_bodies_are_never_success() {
        let kind = |result: Result<Bytes>| result.expect_err("wrong length").kind();
        assert_eq!(kind(block_on(body(7, &["ab", "cdef"]).bytes())), ErrorKind::Interrupted);
        assert_eq!(kind(block_on(body(1, &["ab"]).bytes())), ErrorKind::Integrity);
        let streamed = |length| block_on(body(length, &["ab", "cdef"]).stream().try_collect::<Vec<_>>());
        assert_eq!(streamed(7).expect_err("short").kind(), ErrorKind::Interrupted);
        assert_eq!(streamed(4).expect_err("long").kind(), ErrorKind::Integrity);
    }

    #[test]
    fn absurd_lengths_are_an_error_not_an_abort() {
        let error = block_on(body(u64::MAX, &["ab"]).bytes()).expect_err("no such memory");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}
