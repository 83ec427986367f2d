//! `Place`: a folder on the disk, with a file to read and room for one to write.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use rangeway_testkit::Seeded;
use tempfile::TempDir;

const SEED: Seeded = Seeded::new(4);

/// The file repeats so many bytes, so that what is written needs little memory.
const BLOCK: usize = 64 << 20;

/// A folder with a file; removed in the end.
#[derive(Debug)]
pub(crate) struct Place {
    folder: TempDir,
    /// What the file repeats.
    pub(crate) block: Bytes,
    /// Of the file, in bytes.
    pub(crate) size: u64,
}

impl Place {
    /// Writes the file, and waits until the disk has it.
    pub(crate) fn new(directory: &Path, size: u64) -> Result<Self> {
        let directory = directory.canonicalize().with_context(|| directory.display().to_string())?;
        let place = Self { folder: TempDir::new_in(directory)?, block: SEED.bytes(0, BLOCK), size };
        let mut file = File::create(place.read())?;
        for _ in 0..size / BLOCK as u64 {
            file.write_all(&place.block)?;
        }
        file.sync_all()?;
        Ok(place)
    }

    /// The file that is read.
    pub(crate) fn read(&self) -> PathBuf {
        self.folder.path().join("read")
    }

    /// The file that is written.
    pub(crate) fn written(&self) -> PathBuf {
        self.folder.path().join("written")
    }

    pub(crate) fn remove_written(&self) -> Result<()> {
        std::fs::remove_file(self.written()).context("removing what was written")
    }

    /// Fails unless `bytes` are those of the file at `offset`.
    pub(crate) fn check(&self, mut offset: u64, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let start = usize::try_from(offset % BLOCK as u64)?;
            let length = bytes.len().min(BLOCK - start);
            let (now, rest) = bytes.split_at(length);
            ensure!(
                now == &self.block[start..start + length],
                "wrong bytes in {offset}..{}",
                offset + length as u64
            );
            (offset, bytes) = (offset + length as u64, rest);
        }
        Ok(())
    }
}
