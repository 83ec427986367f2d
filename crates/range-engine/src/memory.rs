//! Large fresh memory in huge pages: the kernel clears and maps it in steps of 2 MiB instead of 4 KiB, which is most of
//! what the first touch of memory costs.

use bytes::BytesMut;

/// The size of a huge page where there are any.
const HUGE_PAGE: usize = 2 << 20;

/// Smaller buffers would hold too few huge pages to be worth a system call.
const WORTH_IT: usize = 4 << 20;

/// What a disk moves without the page cache goes straight to memory only where it begins as its bytes do in a block of the
/// disk; no block is larger than this.
const DISK_BLOCK: usize = 4 << 10;

/// Smaller buffers are copied in less time than one more read of a disk takes.
const WORTH_ALIGNING: usize = 64 << 10;

/// An empty buffer with room for exactly `length` bytes.
///
/// Large ones begin at a huge page, since only whole ones are used: filling 8 MiB of fresh memory costs 0.33 CPU-seconds
/// per GiB in pages of 4 KiB, 0.13 with the advice alone, and 0.06 aligned as well.
pub(crate) fn with_capacity(length: usize) -> BytesMut {
    if length < WORTH_ALIGNING {
        return BytesMut::with_capacity(length);
    }
    let is_huge = length >= WORTH_IT;
    let align = if is_huge { HUGE_PAGE } else { DISK_BLOCK };
    // What is left out before and after is never touched, and so is no memory.
    let mut room = BytesMut::with_capacity(length.saturating_add(align));
    let before = room.spare_capacity_mut().as_ptr().align_offset(align).min(align);
    let mut buffer = room.split_off(before);
    if is_huge {
        system::use_huge_pages(&mut buffer);
    }
    drop(buffer.split_off(length));
    buffer
}

/// How far behind the beginning of aligned memory bytes should begin that stand at `position` of an object: where they do
/// in a block of a disk.
pub(crate) fn lead(position: u64, length: usize) -> usize {
    let behind = usize::try_from(position % DISK_BLOCK as u64).expect("less than a block");
    if length < WORTH_ALIGNING { 0 } else { behind }
}

/// Gives the memory of a buffer back to the system. An allocator may keep what it is given: glibc's kept 650 MiB of forty
/// results of 20 MiB.
pub(crate) fn free(mut buffer: BytesMut) {
    buffer.clear();
    system::forget(&mut buffer);
}

/// Advice to the kernel about the pages behind a buffer's spare capacity.
#[cfg(target_os = "linux")]
mod system {
    use bytes::BytesMut;
    use rustix::mm::{Advice, madvise};

    /// A kernel that does not take this advice changes nothing.
    pub(super) fn use_huge_pages(buffer: &mut BytesMut) {
        advise(buffer, Advice::LinuxHugepage);
    }

    /// Whatever is in the spare capacity is gone, and it is fresh memory when it is written again.
    pub(super) fn forget(buffer: &mut BytesMut) {
        advise(buffer, Advice::LinuxDontNeed);
    }

    fn advise(buffer: &mut BytesMut, advice: Advice) {
        let page = rustix::param::page_size();
        let spare = buffer.spare_capacity_mut();
        // The advice is for whole pages, so it leaves out what is before the first and after the last of them.
        let before = spare.as_ptr().align_offset(page);
        let Some(pages) = spare.len().checked_sub(before).map(|length| length / page * page) else { return };
        let whole = &mut spare[before..before + pages];
        // SAFETY: the range is whole pages of memory that `buffer` owns and that hold nothing yet. The advice at most
        // changes what they hold, and not whether they may be read and written.
        #[allow(unsafe_code, reason = "advice on memory has no safe form")]
        let advised = unsafe { madvise(whole.as_mut_ptr().cast(), whole.len(), advice) };
        if let Err(error) = advised {
            tracing::trace!(%error, ?advice, "the system does not take advice on memory");
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use bytes::BytesMut;

    pub(super) fn use_huge_pages(_: &mut BytesMut) {}

    pub(super) fn forget(_: &mut BytesMut) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_every_size_can_be_written_and_read() {
        for length in [
            0,
            1,
            WORTH_ALIGNING - 1,
            WORTH_ALIGNING,
            WORTH_IT - 1,
            WORTH_IT,
            WORTH_IT + 1,
            (16 << 20) + 4097,
        ] {
            let mut buffer = with_capacity(length);
            assert!(buffer.is_empty() && buffer.capacity() == length);
            let address = buffer.as_ptr();
            buffer.resize(length, 7);
            assert!(buffer.iter().all(|byte| *byte == 7));
            assert_eq!(buffer.as_ptr(), address, "moved");
            assert!(length < WORTH_IT || address.addr().is_multiple_of(HUGE_PAGE), "not aligned");
            assert!(length < WORTH_ALIGNING || address.addr().is_multiple_of(DISK_BLOCK), "not aligned");
        }
    }

    #[test]
    fn leads_row_by_row() {
        for (position, length, expected) in [
            (0, 1 << 20, 0),
            (4096, 1 << 20, 0),
            (4097, 1 << 20, 1),
            (8191, 1 << 16, 4095),
            (8191, 65_535, 0),
        ] {
            assert_eq!(lead(position, length), expected, "{position} {length}");
        }
    }

    #[test]
    fn memory_can_be_given_back() {
        for length in [0, 1, 5000, WORTH_IT + 1] {
            let mut buffer = with_capacity(length);
            buffer.resize(length, 7);
            let kept = buffer.split_to(length / 2).freeze();
            free(buffer);
            assert!(kept.iter().all(|byte| *byte == 7));
        }
    }
}
