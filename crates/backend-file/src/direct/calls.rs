//! `Calls`: how the bytes of a file are read and written, so that tests have file systems that are not at hand.

use std::fs::File;

use bytes::BytesMut;
use rustix::io::Result;

use crate::fill;

/// One positioned read and one positioned write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calls {
    /// As [`fill::append`].
    pub(super) read: fn(&File, u64, usize, &mut BytesMut) -> Result<usize>,
    /// Writes bytes at an offset, and says how many.
    pub(super) write: fn(&File, u64, &[u8]) -> Result<usize>,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            read: |file, offset, limit, buffer| fill::append(file, offset, limit, buffer),
            write: |file, offset, bytes| rustix::io::pwrite(file, bytes, offset),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
impl Calls {
    /// A file system that lets the page cache be switched off, and refuses to read and write without it.
    pub(crate) fn refusing() -> Self {
        use rustix::fs::{OFlags, fcntl_getfl};
        use rustix::io::Errno;

        fn check(file: &File) -> Result<()> {
            if fcntl_getfl(file)?.contains(OFlags::DIRECT) { Err(Errno::INVAL) } else { Ok(()) }
        }
        Self {
            read: |file, offset, limit, buffer| {
                check(file)?;
                fill::append(file, offset, limit, buffer)
            },
            write: |file, offset, bytes| {
                check(file)?;
                rustix::io::pwrite(file, bytes, offset)
            },
        }
    }
}
