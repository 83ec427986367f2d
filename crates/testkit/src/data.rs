//! `Seeded`: pseudo-random bytes addressable by offset, so that an object of any size is made and verified in
//! chunks, without holding it.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::{self, Stream, StreamExt};
use rangeway_core::{Body, Error, ErrorKind, Pipe, ReadAt, Result, WriteAt};

/// Bytes of one generated word.
const WORD: usize = size_of::<u64>();

/// An endless sequence of pseudo-random bytes: the same seed gives the same byte at the same offset, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeded(u64);

/// The first byte that is not what the seed says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset} is {found:#04x}, not {expected:#04x}")]
pub struct Mismatch {
    /// The byte's offset in the object.
    pub offset: u64,
    /// What should be there.
    pub expected: u8,
    /// What is there.
    pub found: u8,
}

impl Seeded {
    /// The sequence of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The word at `index`: the finaliser of [SplitMix64](https://prng.di.unimi.it/splitmix64.c), which needs no state.
    fn word(self, index: u64) -> [u8; WORD] {
        let mut z = self.0.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(index);
        z = z.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_le_bytes()
    }

    /// The byte at `offset`.
    pub fn byte(self, offset: u64) -> u8 {
        self.word(offset / WORD as u64)[in_word(offset)]
    }

    /// Fills `target` with the bytes from `offset` on.
    pub fn fill(self, offset: u64, target: &mut [u8]) {
        let (head, middle, tail) = split(offset, target.len());
        for (i, byte) in target[..head].iter_mut().enumerate() {
            *byte = self.byte(offset + i as u64);
        }
        let first = (offset + head as u64) / WORD as u64;
        for (i, word) in target[head..head + middle].chunks_exact_mut(WORD).enumerate() {
            word.copy_from_slice(&self.word(first + i as u64));
        }
        let end = head + middle;
        for (i, byte) in target[end..end + tail].iter_mut().enumerate() {
            *byte = self.byte(offset + (end + i) as u64);
        }
    }

    /// The `length` bytes from `offset` on.
    pub fn bytes(self, offset: u64, length: usize) -> Bytes {
        let mut buffer = BytesMut::zeroed(length);
        self.fill(offset, &mut buffer);
        buffer.freeze()
    }

    /// Checks that `found` is what stands from `offset` on.
    ///
    /// # Errors
    /// The first wrong byte.
    pub fn verify(self, offset: u64, found: &[u8]) -> Result<(), Mismatch> {
        let (head, middle, _) = split(offset, found.len());
        self.verify_bytes(offset, &found[..head])?;
        let first = (offset + head as u64) / WORD as u64;
        for (i, word) in found[head..head + middle].chunks_exact(WORD).enumerate() {
            if word != self.word(first + i as u64) {
                self.verify_bytes(offset + (head + i * WORD) as u64, word)?;
            }
        }
        let end = head + middle;
        self.verify_bytes(offset + end as u64, &found[end..])
    }

    fn verify_bytes(self, offset: u64, found: &[u8]) -> Result<(), Mismatch> {
        for (at, &found) in (offset..).zip(found) {
            let expected = self.byte(at);
            if found != expected {
                return Err(Mismatch { offset: at, expected, found });
            }
        }
        Ok(())
    }

    /// The first `length` bytes as chunks of `chunk` bytes, made as they are asked for.
    pub fn stream(self, length: u64, chunk: usize) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
        stream::iter((0..length).step_by(chunk)).map(move |offset| {
            let size = usize::try_from(length - offset).unwrap_or(usize::MAX).min(chunk);
            Ok(self.bytes(offset, size))
        })
    }

    /// An object of the first `length` bytes that can be read at any offset.
    pub fn object(self, length: u64) -> Arc<dyn ReadAt> {
        Arc::new(SeededObject { data: self, length })
    }

    /// Consumes `body` chunk by chunk and checks that it is the `length` bytes from `offset` on.
    ///
    /// # Errors
    /// Those of the body; `Integrity` that names the first wrong byte, or the wrong length.
    pub async fn verify_body(self, offset: u64, length: u64, mut body: Body) -> Result<()> {
        let mut at = offset;
        while let Some(bytes) = body.chunk().await? {
            self.verify(at, &bytes)
                .map_err(|mismatch| Error::new(ErrorKind::Integrity, mismatch.to_string()))?;
            at += bytes.len() as u64;
        }
        if at - offset == length {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Integrity, format!("{} bytes arrived, not {length}", at - offset)))
    }
}

/// Where in its word the byte at `offset` stands.
fn in_word(offset: u64) -> usize {
    usize::try_from(offset % WORD as u64).expect("less than a word")
}

/// How many of `length` bytes from `offset` on come before the first whole word, in whole words, and after them.
fn split(offset: u64, length: usize) -> (usize, usize, usize) {
    let head = ((WORD - in_word(offset)) % WORD).min(length);
    let middle = (length - head) / WORD * WORD;
    (head, middle, length - head - middle)
}

#[derive(Debug)]
struct SeededObject {
    data: Seeded,
    length: u64,
}

#[async_trait]
impl ReadAt for SeededObject {
    async fn read_at(&self, offset: u64, length: usize) -> Result<Bytes> {
        if offset + length as u64 > self.length {
            return Err(Error::new(ErrorKind::Interrupted, "read beyond the end of the seeded object"));
        }
        Ok(self.data.bytes(offset, length))
    }
}

/// A target in memory for bodies that are written at offsets. Clones share the bytes.
#[derive(Debug, Clone, Default)]
pub struct MemoryTarget {
    bytes: Arc<Mutex<Vec<u8>>>,
    pipes: bool,
    piped: Arc<AtomicUsize>,
}

impl MemoryTarget {
    /// A target that takes pipes, as files do.
    pub fn with_pipes() -> Self {
        Self { pipes: true, ..Self::default() }
    }

    /// What was written so far; gaps are zero.
    pub fn bytes(&self) -> Bytes {
        Bytes::from(self.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// How many bytes came through pipes.
    pub fn piped(&self) -> usize {
        self.piped.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl WriteAt for MemoryTarget {
    async fn write_at(&self, offset: u64, bytes: Bytes) -> Result<()> {
        let start = usize::try_from(offset).map_err(|_| Error::invalid("offset too large"))?;
        let end = start + bytes.len();
        let mut all = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() < end {
            all.resize(end, 0);
        }
        all[start..end].copy_from_slice(&bytes);
        Ok(())
    }

    fn takes_pipes(&self) -> bool {
        self.pipes
    }

    async fn write_pipe(&self, offset: u64, mut pipe: Pipe) -> Result<Pipe> {
        let mut bytes = vec![0; pipe.length()];
        pipe.reader().read_exact(&mut bytes).map_err(|error| Error::io("reading the pipe", error))?;
        pipe.emptied(bytes.len());
        self.piped.fetch_add(bytes.len(), Ordering::Relaxed);
        self.write_at(offset, bytes.into()).await?;
        Ok(pipe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_cut_gives_the_same_bytes() {
        let data = Seeded::new(7);
        let whole = data.bytes(0, 100);
        for offset in 0..40 {
            for length in 0..40 {
                let part = data.bytes(offset as u64, length);
                assert_eq!(part, whole[offset..offset + length], "{length} bytes from {offset}");
                assert_eq!(data.verify(offset as u64, &part), Ok(()));
            }
        }
    }

    #[test]
    fn the_first_wrong_byte_is_named() {
        let data = Seeded::new(7);
        for wrong in 0..50_usize {
            let mut bytes = data.bytes(3, 50).to_vec();
            bytes[wrong] ^= 1;
            bytes[49] ^= 2;
            let mismatch = data.verify(3, &bytes).expect_err("a wrong byte");
            assert_eq!(mismatch.offset, 3 + wrong as u64);
        }
    }

    #[test]
    fn seeds_and_blocks_differ() {
        let data = Seeded::new(1);
        assert_ne!(data.bytes(0, 64), Seeded::new(2).bytes(0, 64));
        assert_ne!(data.bytes(0, 64), data.bytes(64, 64));
        assert!(Seeded::new(2).verify(0, &data.bytes(0, 64)).is_err());
    }
}
