//! What to do next with bytes that must be read or written in whole disk blocks: pure functions of offsets, lengths and
//! addresses.

use bytes::BytesMut;

use super::blocks::BLOCK;

/// So few bytes are read as one superset of whole blocks and copied, which costs less than a read more for each end; and
/// so few are gathered with those that follow before they are written.
const SMALL: usize = 64 << 10;

/// Through the page cache a page is read and written as a whole, so that a write past it shares no page with one
/// through it.
const PAGE: u64 = 4096;

/// The most that is written by one call: between two, an abandoned write notices that it is.
const LARGEST: usize = 4 << 20;

/// What must be a multiple of what when a file is read or written past the page cache: powers of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alignment {
    /// Of the address in memory.
    pub(crate) memory: usize,
    /// Of the offset in the file, and of the length.
    pub(crate) offset: u64,
}

impl Alignment {
    /// What every disk and file system takes.
    pub(crate) const USUAL: Self = Self { memory: 4096, offset: 4096 };

    /// Whether both are powers of two, and such that blocks of `length` bytes are of use.
    pub(crate) fn fits(self, length: usize) -> bool {
        let Self { memory, offset } = self;
        memory.is_power_of_two() && offset.is_power_of_two() && memory.max(self.grain()) * 4 <= length
    }

    fn grain(self) -> usize {
        usize::try_from(self.offset).unwrap_or(usize::MAX / 4)
    }

    /// An empty buffer with room for up to `length` bytes from `offset` of the file on: its memory begins where the offset
    /// does in a disk block, and all but the last room of a file ends with one.
    pub(crate) fn room(self, offset: u64, length: usize) -> BytesMut {
        let begin = below(offset, self.offset);
        let length = if length > self.grain() { length - begin } else { length };
        let align = self.memory.max(self.grain());
        let mut whole = BytesMut::with_capacity(length + begin + align);
        let before = whole.spare_capacity_mut().as_ptr().addr().wrapping_neg() % align + begin;
        let mut room = whole.split_off(before);
        drop(room.split_off(length));
        room
    }
}

/// The next step of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    /// So many bytes straight into the memory that they are for.
    Straight(usize),
    /// `length` bytes from `start` on into a block; without the first `skip` of them, up to `take` are wanted.
    Block { start: u64, length: usize, skip: usize, take: usize },
}

/// The next step of a read at `offset`, of up to `room` bytes into memory at `address`.
pub(crate) fn read_step(alignment: Alignment, offset: u64, room: usize, address: usize) -> Read {
    let grain = alignment.grain();
    let skip = below(offset, alignment.offset);
    let head = (grain - skip) % grain;
    let in_phase = address.wrapping_add(head).is_multiple_of(alignment.memory);
    let straight = room.saturating_sub(head) / grain * grain;
    let is_worth_it = in_phase && (room > SMALL || straight == room) && straight > 0;
    if is_worth_it && head == 0 {
        return Read::Straight(straight);
    }
    let take = if is_worth_it { head } else { room }.min(BLOCK - skip);
    Read::Block { start: offset - skip as u64, length: (skip + take).next_multiple_of(grain), skip, take }
}

/// The next step of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    /// So many bytes through the page cache: less than a page.
    Cached(usize),
    /// So many bytes of the first slice as they are.
    Straight(usize),
    /// So many bytes, gathered in a block.
    Gathered(usize),
}

/// The next step of a write of `total` bytes at `offset`, of which `run` are in one piece at `address`.
pub(crate) fn write_step(
    alignment: Alignment,
    offset: u64,
    total: usize,
    address: usize,
    run: usize,
) -> Write {
    let page = PAGE.max(alignment.offset);
    let size = usize::try_from(page).unwrap_or(usize::MAX);
    let head = (size - below(offset, page)) % size;
    if head > 0 || total < size {
        return Write::Cached(if head > 0 { head.min(total) } else { total });
    }
    let whole = total / size * size;
    let straight = run.min(LARGEST) / size * size;
    if straight >= whole.min(SMALL) && address.is_multiple_of(alignment.memory) {
        return Write::Straight(straight);
    }
    Write::Gathered(whole.min(BLOCK))
}

/// The next step of a write of `total` bytes, of which `run` are in one piece, where nothing has to be aligned.
pub(crate) fn unaligned_write_step(total: usize, run: usize) -> Write {
    let straight = run.min(LARGEST);
    if straight >= total.min(SMALL) { Write::Straight(straight) } else { Write::Gathered(total.min(BLOCK)) }
}

/// How far `offset` is behind the multiple of `align`, a power of two, before it.
fn below(offset: u64, align: u64) -> usize {
    usize::try_from(offset % align).expect("an alignment is less than a block")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DISK: Alignment = Alignment { memory: 512, offset: 512 };

    #[test]
    fn reads_row_by_row() {
        let block = |start, length, skip, take| Read::Block { start, length, skip, take };
        for (offset, room, address, expected) in [
            (0, 1 << 20, 0, Read::Straight(1 << 20)),
            (512, (1 << 20) + 5, 1024, Read::Straight(1 << 20)),
            (512, 512, 512, Read::Straight(512)),
            (0, 1 << 20, 16, block(0, 1 << 20, 0, 1 << 20)),
            (0, 4 << 20, 16, block(0, 1 << 20, 0, 1 << 20)),
            (10, 1 << 20, 10, block(0, 512, 10, 502)),
            (10, 1 << 20, 0, block(0, 1 << 20, 10, (1 << 20) - 10)),
            (10, 100, 10, block(0, 512, 10, 100)),
            (500, 100, 500, block(0, 1024, 500, 100)),
            (1024, 5, 0, block(1024, 512, 0, 5)),
        ] {
            assert_eq!(read_step(DISK, offset, room, address), expected, "{offset} {room} {address}");
        }
    }

    #[test]
    fn writes_row_by_row() {
        const MIB: usize = 1 << 20;
        for (offset, total, address, run, expected) in [
            (0, 8 * MIB, 0, 8 * MIB, Write::Straight(4 * MIB)),
            (4096, 9000, 512, 9000, Write::Straight(8192)),
            (4096, MIB, 512, 5000, Write::Gathered(MIB)),
            (4096, MIB, 512, 70_000, Write::Straight(69_632)),
            (4096, MIB, 512, 4000, Write::Gathered(MIB)),
            (0, 8 * MIB, 16, 8 * MIB, Write::Gathered(MIB)),
            (0, 5000, 16, 5000, Write::Gathered(4096)),
            (0, 4095, 0, 4095, Write::Cached(4095)),
            (1, 4095, 0, 4095, Write::Cached(4095)),
            (1, 8 * MIB, 0, MIB, Write::Cached(4095)),
            (1, 5, 0, 5, Write::Cached(5)),
        ] {
            assert_eq!(write_step(DISK, offset, total, address, run), expected, "{offset} {total} {address}");
        }
    }

    #[test]
    fn writes_that_need_no_alignment_row_by_row() {
        const MIB: usize = 1 << 20;
        for (total, run, expected) in [
            (8 * MIB, 8 * MIB, Write::Straight(4 * MIB)),
            (MIB, 70_001, Write::Straight(70_001)),
            (MIB, 5000, Write::Gathered(MIB)),
            (5 * MIB, 1, Write::Gathered(MIB)),
            (5, 5, Write::Straight(5)),
            (5, 4, Write::Gathered(5)),
        ] {
            assert_eq!(unaligned_write_step(total, run), expected, "{total} {run}");
        }
    }

    fn alignments() -> impl Strategy<Value = Alignment> {
        (2..=12u32, 9..=14u32)
            .prop_map(|(memory, offset)| Alignment { memory: 1 << memory, offset: 1 << offset })
    }

    proptest! {
        #[test]
        fn every_step_of_a_read_is_aligned_and_goes_on(
            alignment in alignments(), offset in 0..1u64 << 40, room in 1..8usize << 20, address in 0..1usize << 40,
        ) {
            prop_assert!(alignment.fits(BLOCK));
            let grain = alignment.grain();
            let (mut at, mut left, mut to, mut steps) = (offset, room, address, 0);
            while left > 0 {
                let taken = match read_step(alignment, at, left, to) {
                    Read::Straight(length) => {
                        prop_assert!(at % alignment.offset == 0 && length % grain == 0 && to % alignment.memory == 0);
                        length
                    }
                    Read::Block { start, length, skip, take } => {
                        prop_assert!(start % alignment.offset == 0 && length % grain == 0 && length <= BLOCK);
                        prop_assert!(start + skip as u64 == at && skip + take <= length);
                        take
                    }
                };
                prop_assert!(taken > 0 && taken <= left);
                (at, left, to, steps) = (at + taken as u64, left - taken, to + taken, steps + 1);
            }
            prop_assert!(steps <= 3 + room / (BLOCK / 2));
        }

        #[test]
        fn every_step_of_a_write_is_aligned_and_goes_on(
            alignment in alignments(), offset in 0..1u64 << 40, total in 1..8usize << 20, address in 0..1usize << 40,
        ) {
            let page = alignment.grain().max(4096);
            let (mut at, mut left, mut from) = (offset, total, address);
            while left > 0 {
                let written = match write_step(alignment, at, left, from, left) {
                    Write::Cached(length) => {
                        prop_assert!(length < page && at / page as u64 == (at + length as u64 - 1) / page as u64);
                        length
                    }
                    Write::Straight(length) => {
                        prop_assert!(from % alignment.memory == 0 && length <= LARGEST);
                        prop_assert!(at % page as u64 == 0 && length % page == 0);
                        length
                    }
                    Write::Gathered(length) => {
                        prop_assert!(at % page as u64 == 0 && length % page == 0 && length <= BLOCK);
                        length
                    }
                };
                prop_assert!(written > 0 && written <= left);
                (at, left, from) = (at + written as u64, left - written, from + written);
            }
        }

        #[test]
        fn rooms_are_read_without_a_copy(alignment in alignments(), block in 0..1u64 << 30, length in 1..2usize << 20) {
            let mut room = alignment.room(block * alignment.offset, length);
            prop_assert_eq!(room.capacity(), length);
            let address = room.spare_capacity_mut().as_ptr().addr();
            prop_assert_eq!(address % alignment.memory, 0);
        }

        #[test]
        fn a_room_in_the_middle_of_a_block_ends_with_one(alignment in alignments(), offset in 0..1u64 << 40) {
            let mut room = alignment.room(offset, BLOCK);
            prop_assert_eq!((offset + room.capacity() as u64) % alignment.offset, 0);
            let address = room.spare_capacity_mut().as_ptr().addr() as u64;
            prop_assert_eq!(address % alignment.offset, offset % alignment.offset);
        }
    }
}
