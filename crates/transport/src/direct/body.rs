//! `DirectBody`: reads an answer's body from its connection, and gives the connection back at the end.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::{Buf, Bytes, BytesMut};
use rangeway_core::Pipe;
use tokio::io::AsyncReadExt;

use super::FIRST_READ;
use super::chunked::Chunks;
use super::head::Framing;
use super::pool::{Lease, Origin, Pool};
#[cfg(target_os = "linux")]
use crate::stream::Stream;

/// How much `chunk` reads at a time, in bytes: a socket's buffer rarely holds more.
const CHUNK: usize = 256 << 10;

/// A body on its way. Dropping it before its end closes the connection.
#[derive(Debug)]
pub(crate) struct DirectBody {
    /// `None` once the body has ended.
    lease: Option<Lease>,
    /// Space for what `chunk` reads next: small chunks share an allocation.
    spare: BytesMut,
    /// How many bytes follow until the body, or the current chunk, ends.
    left: u64,
    framing: Framing,
    chunks: Chunks,
    /// Where the connection goes at the end, if it may be used again.
    home: Option<(Arc<Pool>, Origin)>,
}

impl DirectBody {
    pub(super) fn new(lease: Lease, framing: Framing, home: Option<(Arc<Pool>, Origin)>) -> Self {
        let left = match framing {
            Framing::Length(length) => length,
            Framing::Chunked => 0,
            Framing::Close => u64::MAX,
        };
        let mut body = Self {
            lease: Some(lease),
            spare: BytesMut::new(),
            left,
            framing,
            chunks: Chunks::default(),
            home,
        };
        if framing == Framing::Length(0) {
            body.end();
        }
        body
    }

    /// Appends at least one byte to the spare capacity of `buffer`, which has some; 0 at the end.
    pub(crate) async fn read(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        self.advance().await?;
        let Some(Lease { connection, .. }) = &mut self.lease else { return Ok(0) };
        let room = clamp(self.left.min((buffer.capacity() - buffer.len()) as u64));
        let pending = connection.buffer.len().min(room);
        // What came with the head, or with a chunk's header, and what is at hand besides.
        buffer.extend_from_slice(&connection.buffer[..pending]);
        connection.buffer.advance(pending);
        let read = if pending == room {
            0
        } else {
            let mut rest = (&mut connection.stream).take((room - pending) as u64);
            let mut reading = pin!(rest.read_buf(buffer));
            poll_fn(|cx| match reading.as_mut().poll(cx) {
                // What is pending is not kept waiting; a failure is met again.
                Poll::Pending | Poll::Ready(Err(_)) if pending > 0 => Poll::Ready(Ok(0)),
                read => read,
            })
            .await?
        };
        self.consumed(pending + read)
    }

    /// Moves up to `limit` bytes of what is at hand into `pipe`: at least one, or 0 at the end or when the pipe is full.
    /// `None` where the bytes are not in the socket as they are: they are encrypted, or sent in chunks.
    #[cfg(target_os = "linux")]
    pub(crate) async fn read_pipe(&mut self, pipe: &mut Pipe, limit: usize) -> io::Result<Option<usize>> {
        let Some(Lease { connection, .. }) = &mut self.lease else { return Ok(Some(0)) };
        let Stream::Plain(stream) = &connection.stream else { return Ok(None) };
        if self.framing == Framing::Chunked {
            return Ok(None);
        }
        let limit = limit.min(clamp(self.left));
        let pending = limit.min(connection.buffer.len());
        let moved = if pending > 0 {
            let copied = super::splice::copy(&connection.buffer[..pending], pipe)?;
            connection.buffer.advance(copied);
            copied
        } else {
            super::splice::receive(stream, pipe, limit).await?
        };
        if moved == 0 && pipe.is_full() {
            return Ok(Some(0));
        }
        self.consumed(moved).map(Some)
    }

    /// Such bytes are read.
    #[cfg(not(target_os = "linux"))]
    #[allow(clippy::unused_async, clippy::unused_self, reason = "as where the kernel can")]
    pub(crate) async fn read_pipe(&mut self, _: &mut Pipe, _: usize) -> io::Result<Option<usize>> {
        Ok(None)
    }

    /// The next bytes in a buffer of their own; `None` at the end.
    pub(crate) async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        self.advance().await?;
        if self.lease.is_none() {
            return Ok(None);
        }
        let mut buffer = std::mem::take(&mut self.spare);
        if buffer.capacity() < clamp(self.left).min(FIRST_READ) {
            buffer = BytesMut::with_capacity(CHUNK.min(clamp(self.left)));
        }
        if self.read(&mut buffer).await? == 0 {
            return Ok(None);
        }
        if buffer.len() < buffer.capacity() {
            self.spare = buffer.split_off(buffer.len());
        }
        Ok(Some(buffer.freeze()))
    }

    /// Goes on to where the next byte of the body is, or to its end.
    async fn advance(&mut self) -> io::Result<()> {
        while self.framing == Framing::Chunked
            && self.left == 0
            && let Some(Lease { connection, .. }) = &mut self.lease
        {
            match self.chunks.next(&mut connection.buffer)? {
                Some(0) => self.end(),
                Some(length) => self.left = length,
                None => {
                    connection.buffer.reserve(FIRST_READ);
                    if connection.stream.read_buf(&mut connection.buffer).await? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
            }
        }
        Ok(())
    }

    /// Counts bytes that were handed out, and notices the end.
    fn consumed(&mut self, bytes: usize) -> io::Result<usize> {
        if bytes == 0 {
            self.lease = None;
            return match self.framing {
                Framing::Close => Ok(0),
                _ => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
        self.left -= bytes as u64;
        if self.left == 0 && self.framing != Framing::Chunked {
            self.end();
        }
        Ok(bytes)
    }

    /// The body has been read; its connection may be used for the next request.
    fn end(&mut self) {
        let lease = self.lease.take();
        if let (Some(lease), Some((pool, origin))) = (lease, self.home.take())
            && lease.connection.buffer.is_empty()
        {
            pool.put(&origin, lease);
        }
    }
}

fn clamp(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
