//! `Objects`: what a lane moves: their names, and bytes that can be verified, all of them one after the other in memory.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use rangeway::{Error, ErrorKind, Key, Result};
use rangeway_testkit::{Mismatch, Seeded};

/// Data is made and verified in blocks of this many bytes, by all threads.
const BLOCK: usize = 4 << 20;

/// Objects of the same size.
#[derive(Debug, Clone)]
pub(in crate::commands) struct Objects {
    pub(super) keys: Arc<[Key]>,
    size: usize,
    data: Seeded,
}

impl Objects {
    /// Objects of `size` bytes, more than none, with these names.
    ///
    /// # Errors
    /// `InvalidInput` when they are empty or do not fit into memory.
    pub(in crate::commands) fn new(keys: Arc<[Key]>, size: u64, seed: u64) -> Result<Self> {
        let fits = |size: &usize| {
            let total = size.checked_mul(keys.len());
            total.is_some_and(|total| Vec::<u8>::new().try_reserve_exact(total).is_ok())
        };
        let size = usize::try_from(size).ok().filter(|size| *size > 0).filter(fits);
        let size = size
            .ok_or_else(|| Error::invalid("an object needs a byte at least, and all must fit into memory"))?;
        Ok(Self { keys, size, data: Seeded::new(seed) })
    }

    /// How many there are.
    pub(in crate::commands) fn count(&self) -> usize {
        self.keys.len()
    }

    /// The bytes of one.
    pub(in crate::commands) fn size(&self) -> u64 {
        self.size as u64
    }

    /// The bytes of all together.
    pub(in crate::commands) fn total(&self) -> u64 {
        self.size() * self.count() as u64
    }

    /// Makes the content of all of them.
    pub(in crate::commands) fn content(&self) -> Bytes {
        let mut memory = BytesMut::zeroed(self.size * self.count());
        let fill = |offset, block: &mut [u8]| self.data.fill(offset, block);
        tokio::task::block_in_place(|| in_blocks(&mut memory, fill));
        memory.freeze()
    }

    /// The content of one, out of that of all.
    pub(super) fn part(&self, number: usize, content: &Bytes) -> Bytes {
        content.slice(number * self.size..(number + 1) * self.size)
    }

    /// Cuts memory into room for each of them.
    pub(super) fn cut(&self, mut memory: BytesMut) -> Vec<BytesMut> {
        memory.clear();
        memory.reserve(self.size * self.count());
        let mut pieces: Vec<_> =
            (1..self.count()).rev().map(|number| memory.split_off(number * self.size)).collect();
        pieces.push(memory);
        pieces.reverse();
        pieces
    }

    /// Checks that `memory` holds the content of all of them; `first` names the place in an error.
    ///
    /// # Errors
    /// `Integrity`.
    pub(super) fn verify(&self, memory: &mut [u8]) -> Result<()> {
        let wrong = |offset: usize, message: String| {
            let key = &self.keys[(offset / self.size).min(self.count() - 1)];
            Err(Error::new(ErrorKind::Integrity, format!("{key:?}: {message}")))
        };
        let verify = |offset, block: &mut [u8]| self.data.verify(offset, block);
        let verified = tokio::task::block_in_place(|| in_blocks(memory, verify));
        match verified.into_iter().find_map(std::result::Result::err) {
            Some(Mismatch { offset, found, expected }) => {
                let offset = usize::try_from(offset).unwrap_or(usize::MAX);
                let within = offset % self.size;
                wrong(offset, format!("byte {within} is {found:#04x}, not {expected:#04x}"))
            }
            None if memory.len() != self.size * self.count() => {
                wrong(memory.len(), "it ends too early".to_owned())
            }
            None => Ok(()),
        }
    }
}

/// Does something with each block of `memory`, and its offset, on all cores.
fn in_blocks<T: Send>(memory: &mut [u8], work: impl Fn(u64, &mut [u8]) -> T + Sync) -> Vec<T> {
    let blocks = Mutex::new((0_u64..).step_by(BLOCK).zip(memory.chunks_mut(BLOCK)));
    let next = || blocks.lock().unwrap_or_else(PoisonError::into_inner).next();
    let run = || std::iter::from_fn(next).map(|(offset, block)| work(offset, block)).collect::<Vec<_>>();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, Vec<T>>| match worker.join() {
            Ok(results) => results,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        workers.into_iter().flat_map(join).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(count: usize, size: u64) -> Result<Objects> {
        Objects::new((0..count).map(|number| Key::from(format!("k{number}"))).collect(), size, 3)
    }

    #[test]
    fn blocks_cover_everything_once() {
        let data = Seeded::new(3);
        let mut memory = vec![0; BLOCK * 2 + 7];
        in_blocks(&mut memory, |offset, block| data.fill(offset, block));
        assert_eq!(data.verify(0, &memory), Ok(()));
    }

    #[test]
    fn what_is_empty_or_too_large_is_refused() {
        assert!(
            objects(1, 0).is_err() && objects(1, u64::MAX).is_err() && objects(1 << 20, 1 << 62).is_err()
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn pieces_are_the_memory_and_wrong_bytes_are_found() -> Result<()> {
        let objects = objects(3, 5)?;
        let content = objects.content();
        let mut pieces = objects.cut(BytesMut::with_capacity(15));
        let at: Vec<_> = pieces.iter().map(|piece| piece.as_ptr().addr()).collect();
        assert_eq!(at, [at[0], at[0] + 5, at[0] + 10]);
        for (number, piece) in pieces.iter_mut().enumerate() {
            piece.extend_from_slice(&objects.part(number, &content));
        }
        let mut memory = pieces.concat();
        objects.verify(&mut memory)?;
        let short = objects.verify(&mut memory[..14]).expect_err("too short");
        assert!(short.to_string().contains("k2"), "{short}");
        memory[7] ^= 1;
        let wrong = objects.verify(&mut memory).expect_err("a wrong byte");
        assert!(wrong.kind() == ErrorKind::Integrity && wrong.to_string().contains("byte 2 is"), "{wrong}");
        Ok(())
    }
}
