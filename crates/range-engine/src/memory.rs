//! Large fresh memory in huge pages: the kernel clears and maps it in steps of 2 MiB instead of 4 KiB, which is most of
//! what the first touch of memory costs.

use bytes::BytesMut;

/// Smaller buffers would hold too few aligned huge pages to be worth a system call.
const WORTH_IT: usize = 4 << 20;

/// An empty buffer with room for `length` bytes.
pub(crate) fn with_capacity(length: usize) -> BytesMut {
    let mut buffer = BytesMut::with_capacity(length);
    if length >= WORTH_IT {
        advise(&mut buffer);
    }
    buffer
}

/// Asks for huge pages behind the spare capacity. It is advice: a kernel that does not take it changes nothing.
#[cfg(target_os = "linux")]
fn advise(buffer: &mut BytesMut) {
    let page = rustix::param::page_size();
    let spare = buffer.spare_capacity_mut();
    // The advice is for whole pages, so it leaves out what is before the first and after the last of them.
    let before = spare.as_ptr().align_offset(page);
    let Some(pages) = spare.len().checked_sub(before).map(|length| length / page * page) else { return };
    let whole = &mut spare[before..before + pages];
    // SAFETY: the range is whole pages of memory that `buffer` owns, and this advice changes neither what they hold
    // nor whether they may be read and written.
    #[allow(unsafe_code, reason = "advice on memory has no safe form")]
    let advised = unsafe {
        rustix::mm::madvise(whole.as_mut_ptr().cast(), whole.len(), rustix::mm::Advice::LinuxHugepage)
    };
    if let Err(error) = advised {
        tracing::trace!(%error, "no huge pages");
    }
}

#[cfg(not(target_os = "linux"))]
fn advise(_: &mut BytesMut) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_every_size_can_be_written_and_read() {
        for length in [0, 1, WORTH_IT - 1, WORTH_IT, WORTH_IT + 1, (16 << 20) + 4097] {
            let mut buffer = with_capacity(length);
            assert!(buffer.is_empty() && buffer.capacity() >= length);
            buffer.resize(length, 7);
            assert!(buffer.iter().all(|byte| *byte == 7));
        }
    }
}
