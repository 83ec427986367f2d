//! The calls that differ between Linux and other Unix systems, each with the nearest equivalent.

use std::fs::File;
#[cfg(target_os = "linux")]
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, OFlags};
use rustix::io::{Errno, Result};

#[cfg(target_os = "linux")]
const NO_READING: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const NO_READING: OFlags = OFlags::RDONLY;

/// Flags to open a folder as a starting point for other calls; on Linux needs no permission to read it.
pub(crate) const FOLDER: OFlags = NO_READING.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Flags to look at a file without reading it; never waits for the other end of a pipe.
#[cfg(target_os = "linux")]
pub(crate) const LOOK: OFlags = NO_READING.union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
pub(crate) const LOOK: OFlags = READ;

/// Flags to open a file for reading; never waits for the other end of a pipe.
pub(crate) const READ: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// The file system in memory, as `fstatfs` names it. It takes `O_DIRECT` since Linux 6.6, but its files are nowhere else
/// than in the page cache.
#[cfg(target_os = "linux")]
pub(crate) const TMPFS: rustix::fs::FsWord = 0x0102_1994;

/// How much is copied between two files when the kernel cannot do it by itself.
const COPY_BLOCK: usize = 1 << 20;

/// Opens a path that must not lead out of `root`; `None` where the kernel has no such call.
#[cfg(target_os = "linux")]
pub(crate) fn open_beneath(root: impl AsFd, path: &str, flags: OFlags) -> Option<Result<OwnedFd>> {
    use rustix::fs::{Mode, ResolveFlags};
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    loop {
        match rustix::fs::openat2(&root, path, flags, Mode::empty(), resolve) {
            Err(Errno::NOSYS) => return None,
            // Something on the path was renamed meanwhile, so the kernel could not be sure.
            Err(Errno::AGAIN | Errno::INTR) => {}
            done => return Some(done),
        }
    }
}

/// Opens a path that must not lead out of `root`; `None` where the kernel has no such call.
#[cfg(not(target_os = "linux"))]
pub(crate) fn open_beneath(_root: impl AsFd, _path: &str, _flags: OFlags) -> Option<Result<OwnedFd>> {
    None
}

/// Reserves room for `length` bytes without changing the file's size. What cannot reserve is no error.
#[cfg(target_os = "linux")]
pub(crate) fn reserve(file: impl AsFd, length: u64) -> Result<()> {
    let found = rustix::fs::fstatfs(&file)?;
    if found.f_type == TMPFS {
        // It would take all the memory before the first byte is there: 90 ms for each GiB.
        let block = u64::try_from(found.f_bsize).unwrap_or_default();
        let is_full = found.f_blocks > 0 && found.f_bavail.saturating_mul(block) < length;
        return if is_full { Err(Errno::NOSPC) } else { Ok(()) };
    }
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, length) {
        Err(full @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) => Err(full),
        _ => Ok(()),
    }
}

/// Reserves room for `length` bytes without changing the file's size. What cannot reserve is no error.
#[cfg(not(target_os = "linux"))]
pub(crate) fn reserve(_file: impl AsFd, _length: u64) -> Result<()> {
    Ok(())
}

/// Tells the kernel that nothing of a file will be read but what it is asked for: it reads nothing ahead.
pub(crate) fn expect_no_more(file: &File) {
    #[cfg(target_os = "linux")]
    advise(file, 0..0, rustix::fs::Advice::Random);
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

/// Tells the kernel to forget the bytes `range` of a file, or all of them if it is empty: the whole pages of which the
/// disk has what they hold.
pub(crate) fn forget(file: &File, range: Range<u64>) {
    #[cfg(target_os = "linux")]
    advise(file, range, rustix::fs::Advice::DontNeed);
    #[cfg(not(target_os = "linux"))]
    let _ = (file, range);
}

#[cfg(target_os = "linux")]
fn advise(file: &File, range: Range<u64>, advice: rustix::fs::Advice) {
    let length = NonZeroU64::new(range.end - range.start);
    if let Err(error) = rustix::fs::fadvise(file, range.start, length, advice) {
        tracing::debug!(%error, ?advice, "the system does not take advice on a file");
    }
}

/// Renames `from` to `to` in one folder, if there is no `to` yet: one step for everybody who looks.
///
/// # Errors
/// `EXIST`; `OPNOTSUPP` on a file system that can do neither this nor hard links.
pub(crate) fn rename_new(folder: impl AsFd, from: &str, to: &str) -> Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    match rustix::fs::renameat_with(&folder, from, &folder, to, rustix::fs::RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
        done => return done,
    }
    match rustix::fs::linkat(&folder, from, &folder, to, AtFlags::empty()) {
        Err(Errno::PERM | Errno::NOSYS) => Err(Errno::OPNOTSUPP),
        Err(error) => Err(error),
        Ok(()) => rustix::fs::unlinkat(&folder, from, AtFlags::empty()),
    }
}

/// Moves up to `length` bytes from `pipe`, which has some, to `offset` of a file, and says how many.
pub(crate) fn splice(pipe: impl AsFd, file: &File, mut offset: u64, length: usize) -> Result<usize> {
    #[cfg(target_os = "linux")]
    {
        let flags = rustix::pipe::SpliceFlags::empty();
        let mut end = offset;
        match rustix::pipe::splice(&pipe, None, file, Some(&mut end), length, flags) {
            // A file system that takes bytes from memory only.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            done => return done,
        }
    }
    let mut buffer = vec![0; length.min(COPY_BLOCK)];
    let read = rustix::io::read(pipe, &mut buffer[..])?;
    let mut rest = &buffer[..read];
    while !rest.is_empty() {
        // What has left the pipe must be written: an interrupted call is made again here.
        let written = rustix::io::retry_on_intr(|| rustix::io::pwrite(file, rest, offset))?;
        if written == 0 {
            return Err(Errno::IO);
        }
        (rest, offset) = (&rest[written..], offset + written as u64);
    }
    Ok(read)
}

/// Copies up to `length` bytes at `offset` of one file to the same place in another, and says how many; 0 at the end.
pub(crate) fn copy_range(from: &File, to: &File, offset: u64, length: usize) -> Result<usize> {
    // 0 may mean that the kernel cannot copy from this file system: reading finds out.
    #[cfg(target_os = "linux")]
    {
        let (mut read, mut write) = (offset, offset);
        let copied = rustix::io::retry_on_intr(|| {
            rustix::fs::copy_file_range(from, Some(&mut read), to, Some(&mut write), length)
        });
        match copied {
            Ok(0) | Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM) => {}
            done => return done,
        }
    }
    let mut buffer = vec![0; length.min(COPY_BLOCK)];
    let read = rustix::io::retry_on_intr(|| rustix::io::pread(from, &mut buffer[..], offset))?;
    rustix::io::retry_on_intr(|| rustix::io::pwrite(to, &buffer[..read], offset))
}
