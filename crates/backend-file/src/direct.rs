//! Reads and writes that go past the page cache (`O_DIRECT`): whole disk blocks, between the disk and aligned memory.
//!
//! Several threads with one positioned call each keep the disk's queue filled. `io_uring` was measured against them,
//! 4 GiB in blocks of 4 MiB on a virtual disk that `dd` with `O_DIRECT` reads at 1.5 GiB/s and writes at 2.1: reads came
//! at 3.0 to 3.3 GiB/s either way, for 0.003 and 0.005 CPU-seconds per GiB, and writes at 2.7.

mod blocks;
mod calls;
mod step;
mod system;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::IoSlice;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::BytesMut;
use rustix::io::{Errno, Result};

use blocks::{BLOCK, Blocks};
pub(crate) use calls::Calls;
pub(crate) use step::{Alignment, Write};
use step::{Read, read_step};

/// What the files of a store that goes past the page cache share.
#[derive(Debug, Default)]
pub(crate) struct Direct {
    blocks: Arc<Blocks>,
    warned: AtomicBool,
    calls: Calls,
}

impl Direct {
    #[cfg(test)]
    pub(crate) fn over(calls: Calls) -> Self {
        Self { calls, ..Self::default() }
    }

    /// Makes all further reads and writes of `file` go past the page cache. `None`, and a warning the first time, where
    /// the file system cannot.
    pub(crate) fn pass(self: &Arc<Self>, file: &File) -> Option<Pass> {
        let alignment = system::alignment(file).filter(|alignment| alignment.fits(BLOCK));
        let enabled = alignment.and_then(|alignment| system::enable(file).then_some(alignment));
        if enabled.is_none() {
            self.warn();
        }
        enabled.map(|alignment| Pass { alignment, refused: AtomicBool::new(false), direct: Arc::clone(self) })
    }

    fn warn(&self) {
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "this file system cannot read and write past the page cache (O_DIRECT): files there go through it"
            );
        }
    }
}

/// The right to go past the page cache with one file, until a read or a write says that the file system cannot: those in
/// layers and those over a network may say so no sooner.
#[derive(Debug)]
pub(crate) struct Pass {
    alignment: Alignment,
    /// Whether the file goes through the page cache after all.
    refused: AtomicBool,
    direct: Arc<Direct>,
}

impl Pass {
    /// As [`fill::append`](crate::fill::append): straight into `buffer` where its memory lies as the bytes do in the file,
    /// and otherwise through a block of whole disk blocks.
    pub(crate) fn append(
        &self,
        file: &File,
        offset: u64,
        limit: usize,
        buffer: &mut BytesMut,
    ) -> Result<usize> {
        if !self.is_refused() {
            match self.append_aligned(file, offset, limit, buffer) {
                Err(errno) if self.gives_up(file, errno) => {}
                done => return done,
            }
        }
        (self.direct.calls.read)(file, offset, limit, buffer)
    }

    fn append_aligned(&self, file: &File, offset: u64, limit: usize, buffer: &mut BytesMut) -> Result<usize> {
        let read = self.direct.calls.read;
        let spare = buffer.spare_capacity_mut();
        let (room, address) = (spare.len().min(limit), spare.as_ptr().addr());
        match read_step(self.alignment, offset, room, address) {
            Read::Straight(length) => read(file, offset, length, buffer),
            Read::Block { start, length, skip, take } => {
                let mut block = self.direct.blocks.take(self.alignment.memory);
                read(file, start, length, &mut block)?;
                let bytes = block.get(skip..).unwrap_or_default();
                let bytes = &bytes[..bytes.len().min(take)];
                buffer.extend_from_slice(bytes);
                Ok(bytes.len())
            }
        }
    }

    /// Room for up to `length` bytes from `offset` on, that a read fills without a copy: where it begins and where it ends
    /// it is as the file is.
    pub(crate) fn room(&self, offset: u64, length: usize) -> BytesMut {
        self.alignment.room(offset, length)
    }

    /// The next step of a write of all of `slices` at `offset`.
    pub(crate) fn step(&self, offset: u64, slices: &[IoSlice<'_>]) -> Write {
        let total = slices.iter().map(|slice| slice.len()).sum();
        let first = slices.iter().find(|slice| !slice.is_empty());
        let (address, run) = first.map_or((0, 0), |slice| (slice.as_ptr().addr(), slice.len()));
        if self.is_refused() {
            return step::unaligned_write_step(total, run);
        }
        step::write_step(self.alignment, offset, total, address, run)
    }

    /// Takes `step` of a write of `slices` at `offset`, and says how many bytes that wrote. Nobody else may write `file`
    /// during a step through the page cache.
    pub(crate) fn write(
        &self,
        step: Write,
        file: &File,
        offset: u64,
        slices: &[IoSlice<'_>],
    ) -> Result<usize> {
        let write = self.direct.calls.write;
        match step {
            Write::Cached(length) => {
                let mut bytes = BytesMut::with_capacity(length);
                gather(slices, length, &mut bytes);
                let write = || write(file, offset, &bytes);
                if self.is_refused() { write() } else { system::cached(file, write) }
            }
            Write::Straight(length) => {
                let first = slices.iter().find(|slice| !slice.is_empty());
                let first = first.map_or(&[][..], |slice| &slice[..length]);
                self.write_aligned(file, offset, first)
            }
            Write::Gathered(length) => {
                let mut block = self.direct.blocks.take(self.alignment.memory);
                gather(slices, length, &mut block);
                self.write_aligned(file, offset, &block)
            }
        }
    }

    fn write_aligned(&self, file: &File, offset: u64, bytes: &[u8]) -> Result<usize> {
        let write = self.direct.calls.write;
        match write(file, offset, bytes) {
            Err(errno) if self.gives_up(file, errno) => write(file, offset, bytes),
            done => done,
        }
    }

    fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Acquire)
    }

    /// Whether `errno`, of a call that was aligned, says that the file system cannot do it past the page cache. From then on
    /// `file` goes through it; the call, which did nothing, is to be made again, and has its true error then.
    fn gives_up(&self, file: &File, errno: Errno) -> bool {
        if !matches!(errno, Errno::INVAL | Errno::OPNOTSUPP) || !system::disable(file) {
            return false;
        }
        self.refused.store(true, Ordering::Release);
        self.direct.warn();
        true
    }
}

/// Appends the first `length` bytes of `slices` to `buffer`.
fn gather(slices: &[IoSlice<'_>], length: usize, buffer: &mut BytesMut) {
    let mut missing = length;
    for slice in slices {
        let bytes = &slice[..slice.len().min(missing)];
        buffer.extend_from_slice(bytes);
        missing -= bytes.len();
        if missing == 0 {
            break;
        }
    }
}
