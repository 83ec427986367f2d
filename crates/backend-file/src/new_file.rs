//! `NewFile`: a file that is being written beside its place, and takes its place as a whole or goes away.

use std::fs::File;
use std::io::IoSlice;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use bytes::Bytes;
use rangeway_core::{Error, ErrorKind, Key, Pipe, PutMode, PutResponse, Result};
use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, fchmod, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use crate::direct::{Pass, Write};
use crate::errors;
use crate::facts::Facts;
use crate::name::{self, Place};
use crate::page_cache::{Caching, Way};
use crate::platform;
use crate::root::{Root, sync_folder};
use crate::tasks::Tasks;
use crate::vacant;

/// The most that is written in one call: between two, an abandoned write notices that it is.
const BLOCK: usize = 4 << 20;

/// The most slices that one call takes (`IOV_MAX`).
const MAX_SLICES: usize = 1024;

/// Below this the extra call costs more than it saves.
const RESERVE_FROM: u64 = 1 << 20;

/// What to make of a new file.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) mode: PutMode,
    /// How many bytes it will have, where known.
    pub(crate) length: Option<u64>,
    /// The permissions of a file that replaces none, before the umask.
    pub(crate) permissions: Mode,
    /// Whether to wait until the disk has it.
    pub(crate) sync: bool,
    /// What becomes of the page cache.
    pub(crate) caching: Caching,
}

/// A file that is being written. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct NewFile {
    draft: Arc<Draft>,
    plan: Plan,
    tasks: Tasks,
}

/// The temporary file, shared by all that write to it.
#[derive(Debug)]
pub(crate) struct Draft {
    root: Arc<Root>,
    key: Key,
    folder: OwnedFd,
    temporary: String,
    file: File,
    way: Way,
    /// Held for reading by each write in progress, for writing while the file takes its place.
    writing: RwLock<()>,
    /// Held while the kernel copies bytes into the page cache. It lets one writer at a time into a file, and the others
    /// spin for their turn: a GiB written to tmpfs took 0.28 CPU-seconds alone and 0.52 by two at once, no sooner.
    turn: Mutex<()>,
    /// Whether the temporary name exists.
    named: AtomicBool,
}

impl NewFile {
    /// Makes the temporary file, and the folders it is in. Blocks.
    ///
    /// # Errors
    /// `AlreadyExists` and `PreconditionFailed` from the mode, as far as they can be told now; `InvalidInput`.
    pub(crate) fn create(root: &Arc<Root>, key: &Key, plan: Plan, tasks: &Tasks) -> Result<Self> {
        let Place { folder, name } = name::place(key)?;
        let folder = root.make_folder(folder, plan.sync)?;
        let old = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).ok().map(|stat| Facts::from(&stat));
        match (&plan.mode, old) {
            (PutMode::IfMatch(etag), _) => check_etag(root, key, etag)?,
            (_, Some(old)) if old.kind.is_dir() => check_vacant(&folder, name)?,
            (PutMode::Create, Some(_)) => return Err(exists()),
            (_, Some(old)) => check_replaceable(root, key, &old)?,
            (_, None) => {}
        }
        let permissions = old.filter(Facts::is_object).map(|old| old.permissions);
        let (temporary, file) = create_temporary(&folder, name, permissions.unwrap_or(plan.permissions))?;
        let way = plan.caching.way(&file);
        let draft = Draft {
            root: Arc::clone(root),
            key: key.clone(),
            folder,
            temporary,
            file,
            way,
            writing: RwLock::new(()),
            turn: Mutex::new(()),
            named: AtomicBool::new(true),
        };
        // From here on the draft removes the file when something fails. Not so what the umask took from the bits: a file
        // system may have none of its own.
        if let Some(bits) = permissions
            && let Err(error) = fchmod(&draft.file, bits)
        {
            tracing::debug!(%key, %error, "the permissions of the file that is replaced could not be kept");
        }
        if let Some(length) = plan.length.filter(|length| *length >= RESERVE_FROM) {
            platform::reserve(&draft.file, length)
                .map_err(|errno| errors::failed("reserving room on the disk", errno))?;
        }
        Ok(Self { draft: Arc::new(draft), plan, tasks: tasks.clone() })
    }

    pub(crate) fn draft(&self) -> &Arc<Draft> {
        &self.draft
    }

    /// Gives the file its name: from now on it is seen, as a whole. Blocks.
    ///
    /// # Errors
    /// `Integrity` unless `length` bytes were written; `AlreadyExists` and `PreconditionFailed` from the mode.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "a file has its name, or is gone: it is not used afterwards"
    )]
    pub(crate) fn commit(self, length: u64) -> Result<PutResponse> {
        self.draft.commit(&self.plan, length)
    }

    /// Removes the file, and returns when it is gone.
    pub(crate) async fn discard(self) {
        let draft = Arc::clone(&self.draft);
        // Only a runtime that shuts down can fail this; then dropping removes the file.
        let remove = move || {
            draft.remove();
            Ok(())
        };
        let _ = self.tasks.run(remove).await;
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.draft.named.load(Ordering::Acquire) {
            let draft = Arc::clone(&self.draft);
            self.tasks.detach(move || draft.remove());
        }
    }
}

impl Draft {
    /// Writes all of `chunks` from `offset` on. Blocks.
    ///
    /// # Errors
    /// `Io`; `Cancelled` once the file has its name or is gone.
    pub(crate) fn write(&self, mut offset: u64, chunks: &[Bytes]) -> Result<()> {
        let most = if matches!(self.way, Way::Direct(_)) { usize::MAX } else { BLOCK };
        let mut slices: Vec<_> =
            chunks.iter().flat_map(|chunk| chunk.chunks(most)).map(IoSlice::new).collect();
        let mut rest = &mut slices[..];
        while !rest.is_empty() {
            let written = match &self.way {
                Way::Cached | Way::Forgotten => {
                    let _writing = self.writing.read().unwrap_or_else(PoisonError::into_inner);
                    let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
                    self.step(|| rustix::io::pwritev(&self.file, &rest[..window(rest)], offset))?
                }
                Way::Direct(pass) => self.write_directly(pass, offset, rest)?,
            };
            offset += written as u64;
            IoSlice::advance_slices(&mut rest, written);
        }
        Ok(())
    }

    /// Whether bytes may come through a pipe: into the page cache.
    pub(crate) fn takes_pipes(&self) -> bool {
        matches!(self.way, Way::Cached | Way::Forgotten)
    }

    /// Writes all that is in `pipe` from `offset` on, and gives it back empty. Blocks.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub(crate) fn write_pipe(&self, mut offset: u64, mut pipe: Pipe) -> Result<Pipe> {
        while pipe.length() > 0 {
            let most = pipe.length().min(BLOCK);
            let moved = {
                let _writing = self.writing.read().unwrap_or_else(PoisonError::into_inner);
                let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
                self.step(|| platform::splice(pipe.reader(), &self.file, offset, most))?
            };
            pipe.emptied(moved);
            offset += moved as u64;
        }
        Ok(pipe)
    }

    fn write_directly(&self, pass: &Pass, offset: u64, slices: &[IoSlice<'_>]) -> Result<usize> {
        let step = pass.step(offset, slices);
        let write = || self.step(|| pass.write(step, &self.file, offset, slices));
        if matches!(step, Write::Cached(_)) {
            let _alone = self.writing.write().unwrap_or_else(PoisonError::into_inner);
            write()
        } else {
            let _writing = self.writing.read().unwrap_or_else(PoisonError::into_inner);
            write()
        }
    }

    /// Writes something, unless the file has its name or is gone, and says how much.
    fn step(&self, write: impl FnMut() -> rustix::io::Result<usize>) -> Result<usize> {
        if !self.named.load(Ordering::Acquire) {
            return Err(Error::new(ErrorKind::Cancelled, "the write has ended"));
        }
        let written = rustix::io::retry_on_intr(write)
            .map_err(|errno| errors::failed("writing the temporary file", errno))?;
        if written == 0 {
            return Err(Error::new(ErrorKind::Io, "the file system takes no more bytes"));
        }
        Ok(written)
    }

    /// Copies up to `length` bytes at `offset` of `from` to the same place, and says how many; 0 at the end. Blocks.
    pub(crate) fn copy_from(&self, from: &File, offset: u64, length: usize) -> Result<usize> {
        platform::copy_range(from, &self.file, offset, length)
            .map_err(|error| errors::failed("copying the file", error))
    }

    fn commit(&self, plan: &Plan, length: u64) -> Result<PutResponse> {
        let _nobody_writes = self.writing.write().unwrap_or_else(PoisonError::into_inner);
        let found = self.facts()?.size;
        if found < length {
            return Err(Error::new(
                ErrorKind::Integrity,
                format!("{length} bytes were to be written and the file has {found}"),
            ));
        }
        let finish = || {
            if found > length {
                self.file.set_len(length)?;
            }
            // The kernel's own time of a write is some milliseconds coarse: too coarse for an etag, if it can be had finer.
            if let Err(error) = self.file.set_modified(SystemTime::now()) {
                tracing::debug!(key = %self.key, %error, "the time of the file could not be set");
            }
            match self.way {
                _ if plan.sync => self.file.sync_all()?,
                // Only what the disk has can be forgotten.
                Way::Forgotten => self.file.sync_data()?,
                Way::Cached | Way::Direct(_) => {}
            }
            if matches!(self.way, Way::Forgotten) {
                platform::forget(&self.file, 0..0);
            }
            Ok(())
        };
        finish().map_err(|error: std::io::Error| Error::io("finishing the temporary file", error))?;
        let etag = self.facts()?.etag();
        self.rename(&plan.mode)?;
        self.named.store(false, Ordering::Release);
        if plan.sync {
            sync_folder(&self.folder)?;
        }
        Ok(PutResponse::new(Some(etag), None))
    }

    fn rename(&self, mode: &PutMode) -> Result<()> {
        let name = name::place(&self.key)?.name;
        let _turn = match mode {
            PutMode::IfMatch(etag) => {
                let turn = lock(&self.folder);
                check_etag(&self.root, &self.key, etag)?;
                turn
            }
            _ => None,
        };
        let rename = || match mode {
            PutMode::Create => platform::rename_new(&self.folder, &self.temporary, name),
            _ => renameat(&self.folder, &self.temporary, &self.folder, name),
        };
        let renamed = rename().or_else(|errno| match errno {
            Errno::ISDIR | Errno::EXIST if vacant::remove_vacant(&self.folder, name).is_ok() => rename(),
            _ => Err(errno),
        });
        renamed.map_err(|errno| match errno {
            Errno::EXIST => exists(),
            Errno::OPNOTSUPP => {
                Error::unsupported("this file system cannot create a file only where there is none")
            }
            Errno::NOENT => {
                Error::new(ErrorKind::Io, "the folder or the temporary file was removed meanwhile")
            }
            _ => errors::at_path("renaming the temporary file", errno),
        })
    }

    fn facts(&self) -> Result<Facts> {
        Facts::of(&self.file).map_err(|errno| errors::failed("looking at the temporary file", errno))
    }

    fn remove(&self) {
        if self.named.swap(false, Ordering::AcqRel)
            && let Err(error) = unlinkat(&self.folder, &self.temporary, AtFlags::empty())
        {
            tracing::warn!(key = %self.key, name = self.temporary, %error, "a temporary file could not be removed");
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        self.remove();
    }
}

/// How many of `slices` go into one call.
fn window(slices: &[IoSlice<'_>]) -> usize {
    let mut bytes = 0;
    let fits = |slice: &&IoSlice<'_>| {
        bytes += slice.len();
        bytes <= BLOCK
    };
    slices.iter().take(MAX_SLICES).take_while(fits).count().max(1)
}

fn create_temporary(folder: &OwnedFd, name: &str, permissions: Mode) -> Result<(String, File)> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    loop {
        let temporary = name::temporary(name);
        match openat(folder, &temporary, flags, permissions) {
            Ok(file) => return Ok((temporary, file.into())),
            Err(Errno::EXIST | Errno::INTR) => {}
            // Not that something is missing: /proc, for one, takes none.
            Err(Errno::NOENT) => return Err(Error::new(ErrorKind::Io, "no file can be made in this folder")),
            Err(errno) => return Err(errors::at_path("making the temporary file", errno)),
        }
    }
}

/// Waits for the turn to compare and replace in a folder: writers with `IfMatch` take turns, in all processes. Where
/// the file system has no such locks they do not.
fn lock(folder: &OwnedFd) -> Option<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let locked = openat(folder, ".", flags, Mode::empty()).and_then(|folder| {
        rustix::io::retry_on_intr(|| rustix::fs::flock(&folder, FlockOperation::LockExclusive))?;
        Ok(folder)
    });
    locked.inspect_err(|error| tracing::debug!(%error, "the folder cannot be locked")).ok()
}

/// Fails where a device, pipe or socket is, or a link to one: taking its place would break what else uses it.
fn check_replaceable(root: &Root, key: &Key, old: &Facts) -> Result<()> {
    let is_plain = |facts: &Facts| facts.is_object() || facts.kind.is_dir();
    let is_replaceable = if old.kind.is_symlink() {
        // A link that leads nowhere, or where nobody may look, is only a link.
        root.look_at_path(key.as_str()).map_or(true, |facts| is_plain(&facts))
    } else {
        is_plain(old)
    };
    if is_replaceable { Ok(()) } else { Err(errors::special()) }
}

/// Fails unless the folder `name` can make way for a file.
fn check_vacant(folder: &OwnedFd, name: &str) -> Result<()> {
    let vacant = vacant::is_vacant(folder, name).unwrap_or(false);
    if vacant { Ok(()) } else { Err(errors::folder()) }
}

/// Fails unless the file of `key` has this etag.
fn check_etag(root: &Root, key: &Key, etag: &str) -> Result<()> {
    let refuse = |found: &str| {
        Err(Error::new(ErrorKind::PreconditionFailed, format!("the etag is {found}, not {etag}")))
    };
    match root.look(key) {
        Ok(facts) if etag == "*" || facts.etag() == etag => Ok(()),
        Ok(facts) => refuse(&facts.etag()),
        Err(error) if error.is_not_found() => refuse("absent"),
        Err(error) => Err(error),
    }
}

fn exists() -> Error {
    Error::new(ErrorKind::AlreadyExists, "the file exists")
}
