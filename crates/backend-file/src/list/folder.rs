//! One folder of a listing: its names, with `/` behind those of folders, so that sorting them sorts the keys.

use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;

use crate::facts::Facts;
use crate::name;

/// Not through a symbolic link: deleting what a listing shows must not delete what is elsewhere.
const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A name in a folder.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// Folders end with a slash.
    pub(super) name: Box<str>,
    /// Whether this is a symbolic link.
    pub(super) link: bool,
}

impl Entry {
    pub(super) fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }
}

/// Opens a folder in another one for reading its names.
pub(super) fn open(parent: impl AsFd, name: &str) -> rustix::io::Result<OwnedFd> {
    rustix::io::retry_on_intr(|| openat(&parent, name, FLAGS, Mode::empty()))
}

/// The names in a folder that can be, or hold, keys, in no order. What would, but for a name that is not UTF-8, goes to
/// `odd`.
pub(super) fn names<'a>(
    folder: &'a OwnedFd,
    odd: &'a mut dyn FnMut(&[u8]),
) -> rustix::io::Result<impl Iterator<Item = rustix::io::Result<Entry>> + 'a> {
    let names = Dir::read_from(folder)?;
    Ok(names.filter_map(move |found| {
        let found = match found {
            Ok(found) => found,
            Err(errno) => return Some(Err(errno)),
        };
        let bytes = found.file_name().to_bytes();
        if matches!(bytes, b"." | b"..") {
            return None;
        }
        let kind = kind(folder, found.file_name(), found.file_type());
        let Ok(name) = std::str::from_utf8(bytes) else {
            if matches!(kind, Ok(FileType::Directory | FileType::RegularFile | FileType::Symlink)) {
                odd(bytes);
            }
            return None;
        };
        match kind {
            Ok(FileType::Directory) => Some(Ok(Entry { name: format!("{name}/").into(), link: false })),
            Ok(FileType::RegularFile) if name::is_temporary(name) => None,
            Ok(FileType::RegularFile) => Some(Ok(Entry { name: name.into(), link: false })),
            Ok(FileType::Symlink) => Some(Ok(Entry { name: name.into(), link: true })),
            Ok(_) | Err(Errno::NOENT) => None,
            Err(errno) => Some(Err(errno)),
        }
    }))
}

/// Some file systems do not say in a folder of which kind its files are.
fn kind(folder: &OwnedFd, name: &CStr, told: FileType) -> rustix::io::Result<FileType> {
    match told {
        FileType::Unknown => {
            statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map(|stat| Facts::from(&stat).kind)
        }
        told => Ok(told),
    }
}
