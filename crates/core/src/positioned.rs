//! Reading and writing at an offset: what files, and anything like them, are to a transfer.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Error, Pipe, Result};

/// A source of bytes that many tasks read at once, each at its own offset.
#[async_trait]
pub trait ReadAt: Debug + Send + Sync + 'static {
    /// Reads exactly `length` bytes from `offset` on.
    ///
    /// # Errors
    /// `Interrupted` when the source ends before `offset + length`; `Io`.
    async fn read_at(&self, offset: u64, length: usize) -> Result<Bytes>;
}

/// A target of bytes that many tasks write at once, each at its own offset.
#[async_trait]
pub trait WriteAt: Debug + Send + Sync + 'static {
    /// Writes all of `bytes` from `offset` on.
    ///
    /// # Errors
    /// `Io`, for example when the disk is full.
    async fn write_at(&self, offset: u64, bytes: Bytes) -> Result<()>;

    /// Whether bytes may come through a pipe of the kernel.
    fn takes_pipes(&self) -> bool {
        false
    }

    /// Writes all that is in `pipe` from `offset` on, and gives it back empty.
    ///
    /// # Errors
    /// `Unsupported` unless it [`takes_pipes`](Self::takes_pipes); as [`write_at`](Self::write_at).
    async fn write_pipe(&self, offset: u64, pipe: Pipe) -> Result<Pipe> {
        let _ = (offset, pipe);
        Err(Error::unsupported("this target takes no pipes"))
    }
}
