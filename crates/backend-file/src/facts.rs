//! `Facts`: what `stat` says about a file, and the etag and metadata made of it.

use std::os::fd::AsFd;
use std::time::{Duration, SystemTime};

use rangeway_core::{Key, ObjectMeta};
use rustix::fs::{FileType, Mode, Stat};

/// What identifies a file and its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) size: u64,
    pub(crate) kind: FileType,
    /// Read, write and execute bits.
    pub(crate) permissions: Mode,
    device: u64,
    inode: u64,
    seconds: i64,
    nanoseconds: u32,
}

impl Facts {
    /// The facts of an open file.
    pub(crate) fn of(file: impl AsFd) -> rustix::io::Result<Self> {
        rustix::fs::fstat(file).map(|stat| Self::from(&stat))
    }

    /// Whether this is a file with bytes of its own, not a folder, device, pipe or socket.
    pub(crate) fn is_object(&self) -> bool {
        self.kind == FileType::RegularFile
    }

    /// Whether two looks at one file found the same content, as far as the file system can tell.
    pub(crate) fn same_content(&self, other: &Self) -> bool {
        (self.size, self.seconds, self.nanoseconds) == (other.size, other.seconds, other.nanoseconds)
    }

    /// An entity tag that changes with the content: every write through a store makes a new inode, and every write in
    /// place a new time.
    pub(crate) fn etag(&self) -> String {
        let Self { device, inode, size, seconds, nanoseconds, .. } = self;
        format!("\"{device:x}-{inode:x}-{size:x}-{seconds:x}.{nanoseconds:x}\"")
    }

    pub(crate) fn last_modified(&self) -> SystemTime {
        let whole = Duration::from_secs(self.seconds.unsigned_abs());
        let time = if self.seconds < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(whole)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(whole)
        };
        time.and_then(|time| time.checked_add(Duration::from_nanos(self.nanoseconds.into())))
            .unwrap_or(SystemTime::UNIX_EPOCH)
    }

    pub(crate) fn meta(&self, key: impl Into<Key>) -> ObjectMeta {
        let mut meta = ObjectMeta::new(key, self.size);
        meta.etag = Some(self.etag());
        meta.last_modified = Some(self.last_modified());
        meta
    }
}

impl From<&Stat> for Facts {
    #[allow(
        clippy::cast_sign_loss,
        clippy::cast_possible_truncation,
        clippy::cast_lossless,
        clippy::unnecessary_cast,
        reason = "the fields have other types on other platforms; a size is never negative, a fraction below 2^30"
    )]
    fn from(stat: &Stat) -> Self {
        Self {
            size: stat.st_size as u64,
            kind: FileType::from_raw_mode(stat.st_mode),
            permissions: Mode::from_raw_mode(stat.st_mode) & (Mode::RWXU | Mode::RWXG | Mode::RWXO),
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            seconds: stat.st_mtime as i64,
            nanoseconds: stat.st_mtime_nsec as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(seconds: i64) -> Facts {
        Facts {
            size: 0x10,
            kind: FileType::RegularFile,
            permissions: Mode::from_raw_mode(0o644),
            device: 1,
            inode: 0xab,
            seconds,
            nanoseconds: 500,
        }
    }

    #[test]
    fn etags_differ_with_every_fact_of_the_content() {
        let one = facts(7);
        assert_eq!(one.etag(), "\"1-ab-10-7.1f4\"");
        for other in [
            Facts { size: 0x11, ..one },
            Facts { device: 2, ..one },
            Facts { inode: 1, ..one },
            Facts { seconds: 8, ..one },
            Facts { nanoseconds: 501, ..one },
        ] {
            assert_ne!(one.etag(), other.etag());
        }
        assert_eq!(
            one.etag(),
            Facts { permissions: Mode::empty(), ..one }.etag(),
            "chmod changes no content"
        );
    }

    #[test]
    fn times_before_the_epoch_are_times_too() {
        assert_eq!(facts(3).last_modified(), SystemTime::UNIX_EPOCH + Duration::new(3, 500));
        assert_eq!(
            facts(-3).last_modified(),
            SystemTime::UNIX_EPOCH - Duration::from_secs(3) + Duration::from_nanos(500)
        );
    }
}
