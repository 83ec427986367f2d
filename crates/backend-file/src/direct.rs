//! Reads and writes that go past the page cache (`O_DIRECT`): whole disk blocks, between the disk and aligned memory.
//!
//! Several threads with one positioned call each keep the disk's queue filled. `io_uring` was measured against them,
//! 4 GiB in blocks of 4 MiB on a virtual disk that `dd` with `O_DIRECT` reads at 1.5 GiB/s and writes at 2.1: reads came
//! at 3.0 to 3.3 GiB/s either way, for 0.003 and 0.005 CPU-seconds per GiB, and writes at 2.7.

mod blocks;
mod step;
mod system;

use std::fs::File;
use std::io::IoSlice;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::BytesMut;

use crate::fill;
use blocks::{BLOCK, Blocks};
pub(crate) use step::{Alignment, Write};
use step::{Read, read_step};

/// What the files of a store that goes past the page cache share.
#[derive(Debug, Default)]
pub(crate) struct Direct {
    blocks: Arc<Blocks>,
    warned: AtomicBool,
}

impl Direct {
    /// Makes all further reads and writes of `file` go past the page cache. `None`, and a warning the first time, where
    /// the file system cannot.
    pub(crate) fn pass(&self, file: &File) -> Option<Pass> {
        let alignment = system::alignment(file).filter(|alignment| alignment.fits(BLOCK));
        let enabled = alignment.and_then(|alignment| system::enable(file).then_some(alignment));
        if enabled.is_none() && !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "this file system cannot read and write past the page cache (O_DIRECT): files there go through it"
            );
        }
        enabled.map(|alignment| Pass { alignment, blocks: Arc::clone(&self.blocks) })
    }
}

/// The right to go past the page cache with one file.
#[derive(Debug)]
pub(crate) struct Pass {
    alignment: Alignment,
    blocks: Arc<Blocks>,
}

impl Pass {
    /// As [`fill::append`]: straight into `buffer` where its memory lies as the bytes do in the file, and otherwise through
    /// a block of whole disk blocks.
    pub(crate) fn append(
        &self,
        file: &File,
        offset: u64,
        limit: usize,
        buffer: &mut BytesMut,
    ) -> rustix::io::Result<usize> {
        let spare = buffer.spare_capacity_mut();
        let (room, address) = (spare.len().min(limit), spare.as_ptr().addr());
        match read_step(self.alignment, offset, room, address) {
            Read::Straight(length) => fill::append(file, offset, length, buffer),
            Read::Block { start, length, skip, take } => {
                let mut block = self.blocks.take(self.alignment.memory);
                fill::append(file, start, length, &mut block)?;
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
    ) -> rustix::io::Result<usize> {
        match step {
            Write::Cached(length) => {
                let mut bytes = BytesMut::with_capacity(length);
                gather(slices, length, &mut bytes);
                system::cached(file, || rustix::io::pwrite(file, &bytes, offset))
            }
            Write::Straight(length) => {
                let first = slices.iter().find(|slice| !slice.is_empty());
                let first = first.map_or(&[][..], |slice| &slice[..length]);
                rustix::io::pwrite(file, first, offset)
            }
            Write::Gathered(length) => {
                let mut block = self.blocks.take(self.alignment.memory);
                gather(slices, length, &mut block);
                rustix::io::pwrite(file, &block, offset)
            }
        }
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tracing::{Event, Level, Metadata, Subscriber, span};

    use super::*;

    /// Counts warnings.
    struct Warnings(Arc<AtomicUsize>);

    impl Subscriber for Warnings {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            *metadata.level() == Level::WARN
        }

        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
        fn enter(&self, _: &span::Id) {}
        fn exit(&self, _: &span::Id) {}
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn one_warning_says_that_files_in_memory_have_no_other_way() {
        let memory = std::path::Path::new("/dev/shm");
        if !memory.is_dir() {
            return;
        }
        let file = tempfile::tempfile_in(memory).expect("a temporary file");
        let warnings = Arc::new(AtomicUsize::new(0));
        tracing::subscriber::with_default(Warnings(Arc::clone(&warnings)), || {
            let store = Direct::default();
            assert!(store.pass(&file).is_none() && store.pass(&file).is_none());
            assert_eq!(warnings.load(Ordering::Relaxed), 1);
            assert!(Direct::default().pass(&file).is_none());
            assert_eq!(warnings.load(Ordering::Relaxed), 2, "another store");
        });
    }

    #[test]
    fn gathering_takes_what_is_asked_for() {
        let slices = [&b"ab"[..], b"", b"cde", b"f"].map(IoSlice::new);
        for (length, expected) in [(0, &b""[..]), (1, b"a"), (3, b"abc"), (6, b"abcdef")] {
            let mut buffer = BytesMut::new();
            gather(&slices, length, &mut buffer);
            assert_eq!(buffer, expected);
        }
    }
}
