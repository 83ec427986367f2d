//! `Pattern`: what every object of the pacing server consists of, one block of pseudo-random bytes over and over.

use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::data::{Mismatch, Seeded};

/// Bytes of the block: odd, so that no page and no part of a round size stands in two places with the same bytes.
const BLOCK: usize = (8 << 20) + 4097;
const SEED: u64 = 0x7061_6365;

/// The bytes of the objects of a [`PacingServer`](crate::PacingServer): an endless repetition of one block of a
/// little more than 8 MiB, so that they are compared at the speed of memory. Clones share the block.
#[derive(Debug, Clone)]
pub struct Pattern(Arc<[u8]>);

impl Default for Pattern {
    fn default() -> Self {
        Self::new()
    }
}

impl Pattern {
    /// Makes the block: some milliseconds.
    pub fn new() -> Self {
        let mut block = vec![0; BLOCK];
        Seeded::new(SEED).fill(0, &mut block);
        Self(block.into())
    }

    /// The `length` bytes from `offset` on.
    pub fn bytes(&self, offset: u64, length: usize) -> Bytes {
        let mut bytes = BytesMut::with_capacity(length);
        for piece in pieces(offset, length as u64) {
            bytes.extend_from_slice(&self.0[piece]);
        }
        bytes.freeze()
    }

    /// Checks that `found` is what stands from `offset` on.
    ///
    /// # Errors
    /// The first wrong byte.
    pub fn verify(&self, offset: u64, found: &[u8]) -> Result<(), Mismatch> {
        let mut done = 0;
        for piece in pieces(offset, found.len() as u64) {
            let expected = &self.0[piece];
            let found = &found[done..done + expected.len()];
            if found != expected {
                let pairs = (offset + done as u64..).zip(expected.iter().zip(found));
                for (offset, (&expected, &found)) in pairs {
                    if expected != found {
                        return Err(Mismatch { offset, expected, found });
                    }
                }
            }
            done += expected.len();
        }
        Ok(())
    }

    /// The block itself.
    pub(super) fn block(&self) -> &[u8] {
        &self.0
    }
}

/// The pieces of the block that are, one after another, the `length` bytes from `offset` on.
pub(super) fn pieces(offset: u64, length: u64) -> impl Iterator<Item = Range<usize>> {
    let mut start = usize::try_from(offset % BLOCK as u64).expect("within the block");
    let mut left = length;
    std::iter::from_fn(move || {
        if left == 0 {
            return None;
        }
        let end = usize::try_from(left).map_or(BLOCK, |left| BLOCK.min(start.saturating_add(left)));
        let piece = start..end;
        left -= piece.len() as u64;
        start = 0;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_row_by_row() {
        let block = BLOCK as u64;
        for (offset, length, expected) in [
            (0, 0, vec![]),
            (5, 10, vec![5, 15]),
            (0, block, vec![0, BLOCK]),
            (block - 1, 3, vec![BLOCK - 1, BLOCK, 0, 2]),
            (block * 7 + 9, block * 2, vec![9, BLOCK, 0, BLOCK, 0, 9]),
        ] {
            let found: Vec<_> = pieces(offset, length).flat_map(|piece| [piece.start, piece.end]).collect();
            assert_eq!(found, expected, "{length} bytes from {offset}");
        }
    }

    #[test]
    fn the_first_wrong_byte_is_named() {
        let pattern = Pattern::new();
        let offset = BLOCK as u64 - 20;
        let whole = pattern.bytes(offset, 40);
        assert_eq!(pattern.verify(offset, &whole), Ok(()));
        assert!(pattern.verify(offset + 1, &whole).is_err());
        for wrong in 0..40 {
            let mut bytes = whole.to_vec();
            bytes[wrong] ^= 1;
            let mismatch = pattern.verify(offset, &bytes).expect_err("a wrong byte");
            assert_eq!(mismatch.offset, offset + wrong as u64);
        }
    }
}
