//! The body of a read: large positioned reads off the async threads, straight into the caller's memory.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use rangeway_core::{Body, BodySource, Error, ErrorKind, Result};

use crate::errors;
use crate::fill;
use crate::page_cache::Way;
use crate::platform;
use crate::root::OpenFile;
use crate::tasks::Tasks;

/// What is read by the call that opens the file: a small object costs one trip to another thread.
const AT_ONCE: u64 = 64 << 10;

/// The most that one trip to another thread reads into the caller's memory. The trip costs about 10 µs, as much as
/// reading 100 KiB from the page cache.
const BLOCK: usize = 4 << 20;

/// The size of the chunks of a stream, whose memory is allocated for each.
const CHUNK: usize = 1 << 20;

/// The body with the bytes `range` of `file`. Called where blocking is allowed: a small body is read here.
pub(crate) fn body(
    file: OpenFile,
    range: Range<u64>,
    deadline: Option<Instant>,
    tasks: &Tasks,
) -> Result<Body> {
    let length = range.end - range.start;
    if length <= AT_ONCE {
        let mut buffer = BytesMut::with_capacity(usize::try_from(length).expect("at most 64 KiB"));
        read_block(&file, range, &mut buffer)?;
        return Ok(Body::from_bytes(buffer.freeze()));
    }
    // The kernel sees by itself that a file is read in order: telling it so brought nothing, 2 GiB by eight threads at up to
    // 1.9 GiB/s without and 1.6 with it. What it reads ahead belongs to the next part, which may have been forgotten already.
    if matches!(file.way, Way::Forgotten) {
        platform::expect_no_more(&file.file);
    }
    let source = FileBody { file: Arc::new(file), range, deadline, tasks: tasks.clone() };
    Ok(Body::new(length, source))
}

struct FileBody {
    file: Arc<OpenFile>,
    /// What has not been read yet.
    range: Range<u64>,
    deadline: Option<Instant>,
    tasks: Tasks,
}

#[async_trait]
impl BodySource for FileBody {
    async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let left = usize::try_from(self.range.end - self.range.start).unwrap_or(usize::MAX);
        if left == 0 {
            return Ok(None);
        }
        let length = left.min(CHUNK);
        let mut buffer = match &self.file.way {
            Way::Direct(pass) => pass.room(self.range.start, length),
            Way::Cached | Way::Forgotten => BytesMut::with_capacity(length),
        };
        self.read(&mut buffer).await?;
        Ok(Some(buffer.freeze()))
    }

    async fn read(&mut self, buffer: &mut BytesMut) -> Result<usize> {
        check_deadline(self.deadline)?;
        let room = (buffer.capacity() - buffer.len()).min(BLOCK) as u64;
        let range = self.range.start..self.range.end.min(self.range.start.saturating_add(room));
        if range.is_empty() {
            return Ok(0);
        }
        let (lent, mut spare) = Lent::from(buffer);
        let file = Arc::clone(&self.file);
        let (spare, read) = self
            .tasks
            .run(move || {
                let read = read_block(&file, range, &mut spare);
                Ok((spare, read))
            })
            .await?;
        let length = spare.len();
        lent.give_back(spare);
        read?;
        self.range.start += length as u64;
        Ok(length)
    }
}

/// A buffer whose spare capacity is being read into elsewhere. If it never comes back, the buffer gets other memory.
struct Lent<'a> {
    buffer: &'a mut BytesMut,
    missing: usize,
}

impl<'a> Lent<'a> {
    fn from(buffer: &'a mut BytesMut) -> (Self, BytesMut) {
        let spare = buffer.split_off(buffer.len());
        (Self { buffer, missing: spare.capacity() }, spare)
    }

    fn give_back(mut self, spare: BytesMut) {
        self.missing = 0;
        self.buffer.unsplit(spare);
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.buffer.reserve(self.missing);
    }
}

/// Appends the bytes `range` of `file` to `buffer`, which has room for them, or nothing.
fn read_block(file: &OpenFile, range: Range<u64>, buffer: &mut BytesMut) -> Result<()> {
    let before = buffer.len();
    let read = read_exactly(file, range.clone(), buffer).and_then(|()| file.check_unchanged());
    if read.is_err() {
        buffer.truncate(before);
    }
    file.forget(range);
    read
}

fn read_exactly(file: &OpenFile, range: Range<u64>, buffer: &mut BytesMut) -> Result<()> {
    let mut offset = range.start;
    while offset < range.end {
        let limit = usize::try_from(range.end - offset).unwrap_or(usize::MAX);
        let read = match &file.way {
            Way::Direct(pass) => pass.append(&file.file, offset, limit, buffer),
            Way::Cached | Way::Forgotten => fill::append(&file.file, offset, limit, buffer),
        };
        let read = read.map_err(|errno| errors::failed("reading the file", errno))?;
        if read == 0 {
            file.check_unchanged()?;
            return Err(Error::new(
                ErrorKind::Interrupted,
                format!("the file ends at byte {offset}, and says that it has {} bytes", file.facts.size),
            ));
        }
        offset += read as u64;
    }
    Ok(())
}

/// Fails once `deadline` is past. The kernel cannot be told one, so it is looked at between blocks.
pub(crate) fn check_deadline(deadline: Option<Instant>) -> Result<()> {
    match deadline {
        Some(deadline) if Instant::now() >= deadline => {
            Err(Error::new(ErrorKind::Timeout, "the deadline is past").with_retryable(false))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::facts::Facts;

    const SIZE: u64 = 200 << 10;

    fn file() -> (std::fs::File, OpenFile) {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(&vec![7; 200 << 10]).expect("written");
        let facts = Facts::of(&file).expect("facts");
        (file.try_clone().expect("a second handle"), OpenFile { file, facts, way: Way::Cached })
    }

    fn source(file: OpenFile) -> FileBody {
        FileBody { file: Arc::new(file), range: 0..SIZE, deadline: None, tasks: Tasks::new() }
    }

    #[tokio::test]
    async fn reads_stay_in_the_memory_they_were_given() {
        let mut body = source(file().1);
        let mut buffer = BytesMut::with_capacity(300 << 10);
        buffer.extend_from_slice(b"before");
        let place = buffer.as_ptr();
        let mut tail = buffer.split_off(150 << 10);
        assert_eq!(body.read(&mut buffer).await.expect("first"), (150 << 10) - 6);
        assert_eq!(body.read(&mut tail).await.expect("second"), (50 << 10) + 6);
        buffer.unsplit(tail);
        assert_eq!((buffer.as_ptr(), buffer.len()), (place, (200 << 10) + 6), "joined again without a copy");
        assert!(buffer.starts_with(b"before\x07") && buffer[6..].iter().all(|byte| *byte == 7));
        assert_eq!(body.read(&mut buffer).await.expect("the end"), 0);
    }

    #[tokio::test]
    async fn a_dropped_read_leaves_bytes_and_room_to_the_buffer() {
        let mut body = source(file().1);
        let mut buffer = BytesMut::with_capacity(1000);
        buffer.extend_from_slice(b"before");
        {
            let reading = std::pin::pin!(body.read(&mut buffer));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            // It may even be done at once; then there is nothing to drop.
            let _ = reading.poll(&mut context);
        }
        assert!(buffer.starts_with(b"before"));
        assert!(buffer.capacity() >= 1000);
    }

    #[tokio::test]
    async fn a_file_that_changes_or_shrinks_is_never_a_mix() {
        let write: fn(&std::fs::File) = |file| file.write_all_at(b"new", 100 << 10).expect("written");
        let shrink: fn(&std::fs::File) = |file| file.set_len(10).expect("cut");
        let grow: fn(&std::fs::File) = |file| file.set_len(300 << 10).expect("grown");
        for change in [write, shrink, grow] {
            let (other, file) = file();
            let mut body = source(file);
            let mut buffer = BytesMut::with_capacity(100 << 10);
            body.read(&mut buffer).await.expect("unchanged so far");
            // A later time than any clock tick of the kernel could hide.
            change(&other);
            other
                .set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(1))
                .expect("touched");
            let mut more = BytesMut::with_capacity(100 << 10);
            let error = body.read(&mut more).await.expect_err("changed");
            assert_eq!((error.kind(), more.len()), (ErrorKind::PreconditionFailed, 0));
        }
    }

    #[tokio::test]
    async fn a_size_that_is_not_true_is_an_error() {
        let (_, mut file) = file();
        file.facts.size = SIZE + 1;
        let body = super::body(file, SIZE - 10..SIZE + 1, None, &Tasks::new());
        assert!(matches!(body.map(drop).map_err(|error| error.kind()), Err(ErrorKind::PreconditionFailed)));
    }

    #[tokio::test]
    async fn a_past_deadline_ends_a_body() {
        let mut body = source(file().1);
        body.deadline = Some(Instant::now());
        assert_eq!(body.chunk().await.map(drop).map_err(|error| error.kind()), Err(ErrorKind::Timeout));
    }
}
