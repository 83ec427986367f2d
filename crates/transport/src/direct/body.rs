//! `DirectBody`: reads an answer's body from its connection, and gives the connection back at the end.

use std::io;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncReadExt;

use super::head::Framing;
use super::pool::{Lease, Origin, Pool};

/// How much `chunk` reads at a time, in bytes: a socket's buffer rarely holds more.
const CHUNK: usize = 256 << 10;

/// No chunk header with its extensions is longer, in bytes.
const CHUNK_HEADER_LIMIT: usize = 4096;

/// A body on its way. Dropping it before its end closes the connection.
#[derive(Debug)]
pub(crate) struct DirectBody {
    /// `None` once the body has ended.
    lease: Option<Lease>,
    /// What came together with the head, or with a chunk's header.
    pending: BytesMut,
    /// How many bytes follow until the body, or the current chunk, ends.
    left: u64,
    framing: Framing,
    /// Whether a chunk has been read, whose line must end before the next one's begins.
    after_chunk: bool,
    /// Where the connection goes at the end, if it may be used again.
    home: Option<(Arc<Pool>, Origin)>,
}

impl DirectBody {
    pub(super) fn new(
        lease: Lease,
        pending: BytesMut,
        framing: Framing,
        home: Option<(Arc<Pool>, Origin)>,
    ) -> Self {
        let left = match framing {
            Framing::Length(length) => length,
            Framing::Chunked => 0,
            Framing::Close => u64::MAX,
        };
        let mut body = Self { lease: Some(lease), pending, left, framing, after_chunk: false, home };
        if framing == Framing::Length(0) {
            body.end();
        }
        body
    }

    /// Appends at least one byte to the spare capacity of `buffer`, which has some; 0 at the end.
    pub(crate) async fn read(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        self.advance().await?;
        let Some(Lease { stream, .. }) = &mut self.lease else { return Ok(0) };
        let room = (buffer.capacity() - buffer.len()) as u64;
        let read = if self.pending.is_empty() {
            stream.take(self.left.min(room)).read_buf(buffer).await?
        } else {
            let length = self.pending.len().min(clamp(self.left.min(room)));
            buffer.extend_from_slice(&self.pending[..length]);
            self.pending.advance(length);
            length
        };
        self.consumed(read)
    }

    /// The next bytes in a buffer of their own; `None` at the end.
    pub(crate) async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        self.advance().await?;
        if self.lease.is_none() {
            return Ok(None);
        }
        let bytes = if self.pending.is_empty() {
            let mut buffer = BytesMut::with_capacity(CHUNK.min(clamp(self.left)));
            if self.read(&mut buffer).await? == 0 {
                return Ok(None);
            }
            buffer.freeze()
        } else {
            let bytes = self.pending.split_to(self.pending.len().min(clamp(self.left))).freeze();
            self.consumed(bytes.len())?;
            bytes
        };
        Ok(Some(bytes))
    }

    /// Goes on to where the next byte of the body is, or to its end.
    async fn advance(&mut self) -> io::Result<()> {
        if self.framing == Framing::Chunked && self.left == 0 && self.lease.is_some() {
            self.left = self.next_chunk().await?;
            if self.left == 0 {
                self.end();
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
        if let (Some(lease), Some((pool, origin)), true) = (lease, self.home.take(), self.pending.is_empty())
        {
            pool.put(origin, lease);
        }
    }

    /// Reads the header of the next chunk, and of the last one what follows it too.
    async fn next_chunk(&mut self) -> io::Result<u64> {
        if std::mem::replace(&mut self.after_chunk, true) {
            while self.pending.len() < 2 {
                self.read_more().await?;
            }
            if !self.pending.starts_with(b"\r\n") {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a chunk is longer than it says"));
            }
            self.pending.advance(2);
        }
        loop {
            let parsed = httparse::parse_chunk_size(&self.pending);
            let parsed = parsed.map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, "a chunk's length is not a number")
            })?;
            let httparse::Status::Complete((header, size)) = parsed else {
                self.read_more().await?;
                continue;
            };
            self.pending.advance(header);
            if size == 0 {
                self.skip_trailers().await?;
            }
            return Ok(size);
        }
    }

    /// Reads the lines after the last chunk: those of trailers, and an empty one.
    async fn skip_trailers(&mut self) -> io::Result<()> {
        loop {
            match self.pending.windows(2).position(|two| two == b"\r\n") {
                Some(0) => {
                    self.pending.advance(2);
                    return Ok(());
                }
                Some(end) => self.pending.advance(end + 2),
                None => self.read_more().await?,
            }
        }
    }

    async fn read_more(&mut self) -> io::Result<()> {
        if self.pending.len() > CHUNK_HEADER_LIMIT {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a chunk's header is too long"));
        }
        let Some(Lease { stream, .. }) = &mut self.lease else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        self.pending.reserve(CHUNK_HEADER_LIMIT);
        match stream.read_buf(&mut self.pending).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn clamp(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}
