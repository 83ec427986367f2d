//! From the kernel's error numbers to kinds, with a hint where the user can do something.

use rangeway_core::{Error, ErrorKind};
use rustix::io::Errno;

/// The error of a path that could not be opened or changed; `doing` says what was tried.
pub(crate) fn at_path(doing: &str, errno: Errno) -> Error {
    match errno {
        // A file where the path needs a folder: there is nothing at the path either way.
        Errno::NOENT | Errno::NOTDIR => Error::new(ErrorKind::NotFound, "no such file"),
        Errno::XDEV => Error::invalid("a symbolic link in the path leads out of the store's root"),
        Errno::LOOP => {
            Error::invalid("the path has a loop of symbolic links, or a link that is not followed here")
        }
        Errno::NAMETOOLONG => Error::invalid("the name is too long for this file system"),
        Errno::ISDIR => folder(),
        // Opening a socket, or a device without a driver.
        Errno::NXIO | Errno::NODEV => special(),
        _ => failed(doing, errno),
    }
}

/// The error of reading or writing a file that is open; `doing` says what was tried.
pub(crate) fn failed(doing: &str, errno: Errno) -> Error {
    let error = Error::io(doing, errno.into());
    match errno {
        Errno::NOSPC => error.with_hint("the disk is full: free some space or choose another folder"),
        Errno::DQUOT => {
            error.with_hint("the disk quota is used up: free some space or choose another folder")
        }
        Errno::FBIG => {
            error.with_hint("the file is larger than the file system or the limit `ulimit -f` allows")
        }
        Errno::MFILE | Errno::NFILE => error.with_hint(
            "too many files are open: raise `ulimit -n`, or copy fewer at a time, as with `cp --jobs 1`",
        ),
        Errno::ROFS => error.with_hint("the file system is mounted read-only"),
        _ => error,
    }
}

/// A key that names a folder, where a file is meant.
pub(crate) fn folder() -> Error {
    Error::invalid("the key names a folder, which is not an object")
        .with_hint("end the key with a slash to mean what is in the folder")
}

/// A device, pipe or socket: nothing with a size to read ranges of.
pub(crate) fn special() -> Error {
    Error::unsupported("not a regular file")
        .with_hint("what comes from or goes to a pipe or a device goes through standard input or output")
}

/// What a read or a copy says of a file that another writer changed meanwhile.
pub(crate) fn changed() -> Error {
    Error::new(ErrorKind::PreconditionFailed, "the file changed while it was read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_numbers_map_row_by_row() {
        for (errno, kind, hint) in [
            (Errno::NOENT, ErrorKind::NotFound, false),
            (Errno::NOTDIR, ErrorKind::NotFound, false),
            (Errno::ACCESS, ErrorKind::PermissionDenied, false),
            (Errno::PERM, ErrorKind::PermissionDenied, false),
            (Errno::XDEV, ErrorKind::InvalidInput, false),
            (Errno::LOOP, ErrorKind::InvalidInput, false),
            (Errno::NAMETOOLONG, ErrorKind::InvalidInput, false),
            (Errno::ISDIR, ErrorKind::InvalidInput, true),
            (Errno::NXIO, ErrorKind::Unsupported, true),
            (Errno::NOSPC, ErrorKind::Io, true),
            (Errno::DQUOT, ErrorKind::Io, true),
            (Errno::FBIG, ErrorKind::Io, true),
            (Errno::ROFS, ErrorKind::Io, true),
            (Errno::MFILE, ErrorKind::Io, true),
            (Errno::IO, ErrorKind::Io, false),
        ] {
            let error = at_path("opening", errno);
            assert_eq!((error.kind(), error.hint().is_some()), (kind, hint), "{errno:?}");
            assert!(!error.is_retryable(), "{errno:?}");
        }
    }
}
