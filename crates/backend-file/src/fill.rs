//! Reading from a file into memory that nothing was written to before: the only `unsafe` of this crate.

use std::os::fd::AsFd;

use bytes::BytesMut;

/// Appends up to `limit` bytes at `offset` of `file` to the spare capacity of `buffer`, which does not grow.
/// Says how many; 0 at the end of the file.
pub(crate) fn append(
    file: impl AsFd,
    offset: u64,
    limit: usize,
    buffer: &mut BytesMut,
) -> rustix::io::Result<usize> {
    let file = file.as_fd();
    let spare = buffer.spare_capacity_mut();
    let room = spare.len().min(limit);
    let read = rustix::io::retry_on_intr(|| {
        let (read, _) = rustix::io::pread(file, &mut spare[..room], offset)?;
        Ok(read.len())
    })?;
    let length = buffer.len() + read;
    // SAFETY: `pread` says that it has initialised the first `read` bytes of the spare capacity, which begins where
    // the bytes of `buffer` end, and `read` is no more than `room`, which is within the capacity.
    unsafe { buffer.set_len(length) };
    Ok(read)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn fills_what_is_spare_and_no_more() {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(b"0123456789").expect("written");
        let mut buffer = BytesMut::with_capacity(6);
        buffer.extend_from_slice(b"__");
        assert_eq!(append(&file, 3, 100, &mut buffer), Ok(4));
        assert_eq!((&buffer[..], buffer.capacity()), (&b"__3456"[..], 6));
        assert_eq!(append(&file, 3, 100, &mut buffer), Ok(0), "no room");
        let mut more = BytesMut::with_capacity(100);
        assert_eq!(append(&file, 8, 1, &mut more), Ok(1));
        assert_eq!(append(&file, 9, 100, &mut more), Ok(1));
        assert_eq!(append(&file, 10, 100, &mut more), Ok(0), "the end");
        assert_eq!(&more[..], b"89");
    }
}
