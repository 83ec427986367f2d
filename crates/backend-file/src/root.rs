//! `Root`: the folder that a store is, and the one way from a key to an open file or folder in it.

use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rangeway_core::{Error, Key, Result};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fsync, mkdirat, openat, statat};
use rustix::io::Errno;

use crate::errors;
use crate::facts::Facts;
use crate::name::{self, Place};
use crate::page_cache::{Caching, Way};
use crate::platform::{self, FOLDER, LOOK, READ, open_beneath};

/// The folder that a store is. All paths are relative to it.
#[derive(Debug)]
pub(crate) struct Root {
    folder: OwnedFd,
    links: Links,
}

/// Which symbolic links a path may go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Links {
    /// All: the root is `/`, which nothing leads out of.
    All,
    /// Those that stay in the root, as the kernel checks.
    Inside,
    /// None: the kernel cannot check where one leads.
    None,
}

/// A file that is open for reading, and what it was when it was opened.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub(crate) file: std::fs::File,
    pub(crate) facts: Facts,
    pub(crate) way: Way,
}

impl OpenFile {
    /// Fails if the file is no longer what it was when it was opened.
    pub(crate) fn check_unchanged(&self) -> Result<()> {
        let now = Facts::of(&self.file).map_err(|errno| errors::failed("looking at the file", errno))?;
        if now.same_content(&self.facts) { Ok(()) } else { Err(errors::changed()) }
    }

    /// Lets the page cache forget the file, where that is the way.
    pub(crate) fn forget(&self, range: Range<u64>) {
        if matches!(self.way, Way::Forgotten) {
            platform::forget(&self.file, range);
        }
    }
}

impl Root {
    /// The root at `path`; unless it is `/`, nothing outside of it can be reached.
    pub(crate) fn open(path: &Path) -> rustix::io::Result<Self> {
        let folder = rustix::fs::open(path, FOLDER, Mode::empty())?;
        let links = if path == Path::new("/") {
            Links::All
        } else if open_beneath(&folder, ".", FOLDER).is_some() {
            Links::Inside
        } else {
            tracing::debug!("the kernel cannot confine paths: symbolic links are not followed");
            Links::None
        };
        Ok(Self { folder, links })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    /// Opens the file of a key for reading.
    ///
    /// # Errors
    /// `NotFound`, also for a folder; `InvalidInput` for a key that cannot be a file here; `Unsupported` for devices,
    /// pipes and sockets.
    pub(crate) fn open_file(&self, key: &Key, caching: &Caching) -> Result<OpenFile> {
        name::place(key)?;
        let opening = |errno| errors::at_path("opening the file", errno);
        let file = self.open_at(key.as_str(), READ).map_err(opening)?;
        let facts = object_facts(&file)?;
        let file = std::fs::File::from(file);
        // Files that the kernel makes up (/proc, /sys) claim to be empty and are not.
        if facts.size == 0 && rustix::io::pread(&file, &mut [0], 0).is_ok_and(|read| read > 0) {
            return Err(Error::unsupported("the file has no size to read ranges of")
                .with_hint("copy it to a plain file first, or pipe it in"));
        }
        let way = caching.way(&file);
        Ok(OpenFile { file, facts, way })
    }

    /// What the file of a key is, without opening it for reading.
    ///
    /// # Errors
    /// As [`open_file`](Self::open_file).
    pub(crate) fn look(&self, key: &Key) -> Result<Facts> {
        name::place(key)?;
        let file = self
            .open_at(key.as_str(), LOOK)
            .map_err(|errno| errors::at_path("looking at the file", errno))?;
        object_facts(file)
    }

    /// What is at a path, after following links; whatever kind it is of.
    pub(crate) fn look_at_path(&self, path: &str) -> rustix::io::Result<Facts> {
        self.open_at(path, LOOK).and_then(Facts::of)
    }

    /// The folder at a path, as a starting point for other calls.
    pub(crate) fn folder(&self, path: &str) -> rustix::io::Result<OwnedFd> {
        self.open_at(if path.is_empty() { "." } else { path }, FOLDER)
    }

    /// The folder at a path, made if need be with all folders it is in; `sync` makes that last beyond a crash.
    pub(crate) fn make_folder(&self, path: &str, sync: bool) -> Result<OwnedFd> {
        let in_the_way = |errno| match errno {
            Errno::NOTDIR | Errno::EXIST => {
                Error::invalid("a part of the key before its last slash is a file")
                    .with_hint("a file system cannot hold both a file `a` and a file `a/b`")
            }
            Errno::NOENT => {
                Error::invalid("a part of the key before its last slash is a broken symbolic link")
            }
            _ => errors::at_path("opening the folder", errno),
        };
        match self.folder(path) {
            Err(Errno::NOENT) => {}
            done => return done.map_err(in_the_way),
        }
        let mut folder = self.folder("").map_err(in_the_way)?;
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        let mut start = 0;
        for end in ends {
            folder = match self.folder(&path[..end]) {
                Err(Errno::NOENT) => {
                    match mkdirat(&folder, &path[start..end], Mode::from_raw_mode(0o777)) {
                        Ok(()) | Err(Errno::EXIST) => {}
                        Err(errno) => return Err(errors::at_path("making the folder", errno)),
                    }
                    if sync {
                        sync_folder(&folder)?;
                    }
                    self.folder(&path[..end]).map_err(in_the_way)?
                }
                done => done.map_err(in_the_way)?,
            };
            start = end + 1;
        }
        Ok(folder)
    }

    /// Removes the file of a key; one that does not exist is no error. A symbolic link is removed itself.
    pub(crate) fn remove(&self, key: &Key) -> Result<()> {
        let Place { folder, name } = name::place(key)?;
        let removed = self.folder(folder).and_then(|folder| {
            match rustix::fs::unlinkat(&folder, name, AtFlags::empty()) {
                // What Linux says of a folder, POSIX may say so too.
                Err(Errno::PERM) if is_folder(&folder, name) => Err(Errno::ISDIR),
                done => done,
            }
        });
        match removed {
            Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
            Err(errno) => Err(errors::at_path("removing the file", errno)),
        }
    }

    fn open_at(&self, path: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        match self.links {
            Links::All => rustix::io::retry_on_intr(|| openat(&self.folder, path, flags, Mode::empty())),
            Links::Inside => open_beneath(&self.folder, path, flags).unwrap_or(Err(Errno::NOSYS)),
            Links::None => self.open_without_links(path, flags),
        }
    }

    /// Opens a path segment by segment, so that no link is followed on the way.
    fn open_without_links(&self, path: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let open = |folder: BorrowedFd<'_>, name: &str, flags: OFlags| {
            if statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
                .is_ok_and(|stat| Facts::from(&stat).kind.is_symlink())
            {
                return Err(Errno::LOOP);
            }
            openat(folder, name, flags | OFlags::NOFOLLOW, Mode::empty())
        };
        let Some((folders, name)) = path.rsplit_once('/') else { return open(self.fd(), path, flags) };
        let mut segments = folders.split('/');
        let first = open(self.fd(), segments.next().unwrap_or_default(), FOLDER)?;
        let folder = segments.try_fold(first, |folder, segment| open(folder.as_fd(), segment, FOLDER))?;
        open(folder.as_fd(), name, flags)
    }
}

/// The facts of a file that must be a regular one.
fn object_facts(file: impl AsFd) -> Result<Facts> {
    let facts = Facts::of(file).map_err(|errno| errors::failed("looking at the file", errno))?;
    match facts.kind {
        FileType::RegularFile => Ok(facts),
        FileType::Directory => Err(Error::new(rangeway_core::ErrorKind::NotFound, "the key names a folder")
            .with_hint("end the key with a slash to mean what is in the folder")),
        _ => Err(errors::special()),
    }
}

fn is_folder(folder: impl AsFd, name: &str) -> bool {
    statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| Facts::from(&stat).kind.is_dir())
}

/// Makes what happened to the names in a folder last beyond a crash.
pub(crate) fn sync_folder(folder: impl AsFd) -> Result<()> {
    openat(folder, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .and_then(fsync)
        .map_err(|errno| errors::failed("writing the folder to the disk", errno))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rangeway_core::ErrorKind;

    use super::*;
    use crate::PageCache;

    /// `inside/file`, and links beside it that stay in the root and that leave it.
    fn tree() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("root");
        std::fs::create_dir_all(path.join("inside")).expect("made");
        std::fs::write(path.join("inside/file"), "in").expect("written");
        std::fs::create_dir(folder.path().join("outside")).expect("made");
        std::fs::write(folder.path().join("outside/file"), "out").expect("written");
        for (target, link) in [
            ("file", "inside/link"),
            ("inside", "folder-link"),
            ("../outside", "leave"),
            ("../../outside/file", "inside/leave"),
            ("/etc/hostname", "absolute"),
            ("loop", "loop"),
        ] {
            symlink(target, path.join(link)).expect("linked");
        }
        let root = Root::open(&path).expect("opened");
        (folder, root)
    }

    fn cached() -> Caching {
        Caching::new(PageCache::Keep)
    }

    fn kind_of(root: &Root, key: &str) -> Result<u64, ErrorKind> {
        let looked = root.look(&key.into()).map(|facts| facts.size).map_err(|error| error.kind());
        let opened =
            root.open_file(&key.into(), &cached()).map(|file| file.facts.size).map_err(|error| error.kind());
        assert_eq!(looked, opened, "{key}");
        looked
    }

    #[test]
    fn links_that_leave_the_root_are_refused_row_by_row() {
        let (_folder, mut root) = tree();
        for (key, inside, none) in [
            ("inside/file", Ok(2), Ok(2)),
            ("inside/link", Ok(2), Err(ErrorKind::InvalidInput)),
            ("folder-link/file", Ok(2), Err(ErrorKind::InvalidInput)),
            ("leave/file", Err(ErrorKind::InvalidInput), Err(ErrorKind::InvalidInput)),
            ("inside/leave", Err(ErrorKind::InvalidInput), Err(ErrorKind::InvalidInput)),
            ("absolute", Err(ErrorKind::InvalidInput), Err(ErrorKind::InvalidInput)),
            ("loop", Err(ErrorKind::InvalidInput), Err(ErrorKind::InvalidInput)),
            ("inside", Err(ErrorKind::NotFound), Err(ErrorKind::NotFound)),
            ("nothing/file", Err(ErrorKind::NotFound), Err(ErrorKind::NotFound)),
            ("inside/file/below", Err(ErrorKind::NotFound), Err(ErrorKind::NotFound)),
        ] {
            root.links = Links::Inside;
            assert_eq!(kind_of(&root, key), inside, "{key}");
            root.links = Links::None;
            assert_eq!(kind_of(&root, key), none, "{key}");
        }
    }

    #[test]
    fn folders_are_not_made_through_links_that_leave() {
        let (folder, mut root) = tree();
        for links in [Links::Inside, Links::None] {
            root.links = links;
            let error = root.make_folder("leave/new/deep", false).expect_err("leaves the root");
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            let error = root.make_folder("inside/file/new", false).expect_err("a file is in the way");
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            root.make_folder("inside/new/deep", true).expect("made");
            root.make_folder("inside/new/deep", true).expect("there already");
        }
        assert!(!folder.path().join("outside/new").exists());
        assert!(folder.path().join("root/inside/new/deep").is_dir());
    }

    #[test]
    fn removing_takes_files_and_links_but_no_folders() {
        let (folder, root) = tree();
        for key in ["inside/link", "inside/leave", "inside/nothing", "nothing/at/all", "inside/file/below"] {
            root.remove(&key.into()).expect(key);
        }
        assert_eq!(root.remove(&"inside".into()).map_err(|error| error.kind()), Err(ErrorKind::InvalidInput));
        assert_eq!(
            root.remove(&"leave/file".into()).map_err(|error| error.kind()),
            Err(ErrorKind::InvalidInput)
        );
        assert!(folder.path().join("outside/file").exists());
        assert!(folder.path().join("root/inside/file").exists());
        assert!(!folder.path().join("root/inside/link").exists());
    }

    #[test]
    fn what_is_no_plain_file_is_unsupported() {
        let root = Root::open(Path::new("/")).expect("opened");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
        let key = |path: &Path| Key::from(path.to_str().expect("UTF-8").trim_start_matches('/'));
        for key in [key(&socket), "dev/null".into()] {
            let look = root.look(&key).map(drop).map_err(|error| error.kind());
            let open = root.open_file(&key, &cached()).map(drop).map_err(|error| error.kind());
            assert_eq!((look, open), (Err(ErrorKind::Unsupported), Err(ErrorKind::Unsupported)), "{key}");
        }
        #[cfg(target_os = "linux")]
        {
            let error = root
                .open_file(&"proc/self/status".into(), &cached())
                .map(drop)
                .expect_err("made up by the kernel");
            assert_eq!(error.kind(), ErrorKind::Unsupported);
        }
    }
}
