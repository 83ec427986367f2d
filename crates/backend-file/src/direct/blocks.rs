//! `Blocks`: aligned memory for the bytes that cannot go straight to where they belong, used again.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;

/// The size of a block: a disk is near its full rate from here on.
pub(super) const BLOCK: usize = 1 << 20;

/// How many blocks wait to be used again: as many as disks usually have reads in flight.
const KEPT: usize = 8;

/// Blocks that wait to be used again.
#[derive(Debug, Default)]
pub(crate) struct Blocks(Mutex<Vec<BytesMut>>);

impl Blocks {
    /// An empty block, at a multiple of `align` in memory.
    pub(super) fn take(self: &Arc<Self>, align: usize) -> Block {
        let used = self.idle().pop().filter(|used| used.as_ptr().addr() % align == 0);
        let bytes = used.unwrap_or_else(|| allocate(align));
        Block { bytes, home: Arc::clone(self) }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<BytesMut>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn allocate(align: usize) -> BytesMut {
    let mut room = BytesMut::with_capacity(BLOCK + align);
    let before = room.spare_capacity_mut().as_ptr().addr().wrapping_neg() % align;
    let mut block = room.split_off(before);
    drop(block.split_off(BLOCK));
    block
}

/// One block, which goes back when it is dropped.
#[derive(Debug)]
pub(super) struct Block {
    bytes: BytesMut,
    home: Arc<Blocks>,
}

impl Deref for Block {
    type Target = BytesMut;

    fn deref(&self) -> &BytesMut {
        &self.bytes
    }
}

impl DerefMut for Block {
    fn deref_mut(&mut self) -> &mut BytesMut {
        &mut self.bytes
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let mut idle = self.home.idle();
        if idle.len() < KEPT {
            self.bytes.clear();
            idle.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_aligned_and_used_again() {
        let blocks = Arc::new(Blocks::default());
        let mut block = blocks.take(4096);
        let address = block.as_ptr();
        assert_eq!((address.addr() % 4096, block.capacity()), (0, BLOCK));
        block.extend_from_slice(b"bytes");
        drop(block);
        let again = blocks.take(4096);
        assert!(again.is_empty() && again.as_ptr() == address && again.capacity() == BLOCK);
        drop([(); KEPT + 3].map(|()| blocks.take(512)));
        assert_eq!(blocks.idle().len(), KEPT);
    }
}
