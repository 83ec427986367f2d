//! `Walk`: depth first through sorted folders, which is the byte order of the keys.
//!
//! In memory are the names of each folder on the way down to the current one, and no more: a folder with a million
//! files is a vector of a million names, a million folders of one file each are one name each.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::vec;

use rangeway_core::{Error, ListEntry, ListOptions};
use rustix::fs::{AtFlags, statat};
use rustix::io::Errno;

use super::folder::{self, Entry};
use crate::errors;
use crate::facts::Facts;
use crate::name;
use crate::root::Root;

/// An entry, or a path and why it could not be listed.
type Found = Result<ListEntry, (String, Error)>;

#[derive(Debug)]
pub(super) struct Walk {
    root: Arc<Root>,
    options: ListOptions,
    /// `None` until the first batch.
    levels: Option<Vec<Level>>,
    /// A group that has been listed: what else begins with it is not.
    group: Option<String>,
    /// What is wanted and cannot be named, counted for whoever has to know that something is missing.
    left_out: Arc<AtomicU64>,
    warned: bool,
}

/// A folder whose names are being gone through.
#[derive(Debug)]
struct Level {
    folder: OwnedFd,
    /// The key of the folder, with a slash at its end; empty for the root.
    path: String,
    entries: vec::IntoIter<Entry>,
}

impl Walk {
    pub(super) fn new(root: Arc<Root>, options: ListOptions, left_out: Arc<AtomicU64>) -> Self {
        Self { root, options, levels: None, group: None, left_out, warned: false }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.levels.as_ref().is_some_and(Vec::is_empty)
    }

    /// What is found among the next `visits` names. Blocks.
    pub(super) fn batch(&mut self, visits: usize) -> Vec<Found> {
        let mut levels = self.levels.take().unwrap_or_default();
        let mut found = Vec::new();
        if levels.is_empty() {
            self.begin(&mut levels, &mut found);
        }
        for _ in 0..visits {
            let Some(level) = levels.last_mut() else { break };
            let Some(entry) = level.entries.next() else {
                levels.pop();
                continue;
            };
            let key = format!("{}{}", level.path, entry.name);
            if self.group.as_ref().is_some_and(|group| key.starts_with(group)) {
                continue;
            }
            let seen = if entry.is_folder() {
                self.visit_folder(key, &entry, &mut levels)
            } else {
                self.visit_file(key, &entry, &level.folder)
            };
            found.extend(seen);
        }
        self.levels = Some(levels);
        found
    }

    /// Opens the folder that the prefix names; one that does not exist holds no keys.
    fn begin(&mut self, levels: &mut Vec<Level>, found: &mut Vec<Found>) {
        let path = self.options.prefix.rfind('/').map_or("", |end| &self.options.prefix[..=end]).to_owned();
        let segments = path.strip_suffix('/').unwrap_or(&path);
        if !name::can_be_folder(segments) || path == "/" {
            return;
        }
        let opened = self.root.folder(segments).and_then(|start| folder::open(start, "."));
        match opened.and_then(|folder| self.enter(folder, path.clone())) {
            Ok(level) => levels.push(level),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::NAMETOOLONG) => {}
            Err(errno) => found.push(Err((path, errors::at_path("listing the folder", errno)))),
        }
    }

    /// Reads and sorts the names of a folder that are wanted.
    fn enter(&mut self, folder: OwnedFd, path: String) -> rustix::io::Result<Level> {
        let mut odd = Vec::new();
        let mut remember = |name: &[u8]| odd.push(name.to_vec());
        let mut entries = Vec::new();
        for entry in folder::names(&folder, &mut remember)? {
            let entry = entry?;
            if wanted(&self.options, &path, entry.name.as_bytes()) {
                entries.push(entry);
            }
        }
        odd.retain(|name| wanted(&self.options, &path, name));
        self.leave_out(&path, &odd);
        entries.sort_unstable();
        Ok(Level { folder, path, entries: entries.into_iter() })
    }

    fn visit_file(&mut self, key: String, entry: &Entry, folder: &OwnedFd) -> Option<Found> {
        // A link is followed as a read of its key would follow it.
        let looked = if entry.link {
            self.root.look_at_path(&key)
        } else {
            statat(folder, &*entry.name, AtFlags::SYMLINK_NOFOLLOW).map(|stat| Facts::from(&stat))
        };
        match looked {
            Ok(facts) if !facts.is_object() => None,
            Ok(facts) => Some(Ok(match self.group(&key) {
                Some(group) => self.emit_group(group),
                None => ListEntry::Object(facts.meta(key)),
            })),
            Err(Errno::NOENT) => None,
            Err(errno) if entry.link && leads_nowhere(errno) => {
                tracing::debug!(key, error = %errno, "a link that leads to no file here: not listed");
                None
            }
            Err(errno) => Some(Err((key, errors::at_path("looking at the file", errno)))),
        }
    }

    fn visit_folder(&mut self, path: String, entry: &Entry, levels: &mut Vec<Level>) -> Option<Found> {
        let name = entry.name.strip_suffix('/').unwrap_or(&entry.name);
        let opened = folder::open(&levels.last()?.folder, name);
        if let Some(group) = self.group(&path)
            && !self.options.start_after.as_ref().is_some_and(|after| after.starts_with(&path))
        {
            let mut odd = Vec::new();
            let holds = opened.and_then(|folder| self.holds_key(&folder, &path, &mut odd));
            // A folder that cannot be read may hold keys: rather show it.
            return match holds {
                Ok(false) => {
                    self.leave_out(&path, &odd);
                    None
                }
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => None,
                Ok(true) | Err(_) => Some(Ok(self.emit_group(group))),
            };
        }
        match opened.and_then(|folder| self.enter(folder, path.clone())) {
            Ok(level) => levels.push(level),
            // It vanished, or was replaced by something else.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {
                tracing::debug!(path, "the folder vanished: not listed");
            }
            Err(errno) => return Some(Err((path, errors::at_path("listing the folder", errno)))),
        }
        None
    }

    /// Counts names in a folder that cannot be keys, and warns of the first.
    fn leave_out(&mut self, folder: &str, names: &[Vec<u8>]) {
        let Some(first) = names.first() else { return };
        self.left_out.fetch_add(names.len() as u64, Ordering::Relaxed);
        if !std::mem::replace(&mut self.warned, true) {
            let name = String::from_utf8_lossy(first);
            tracing::warn!(folder, ?name, "names that are not UTF-8 cannot be keys and are not listed");
        }
    }

    /// Whether any file is below a folder: asked in any order and only until the first is found. Names that cannot be
    /// keys are added to `odd`.
    fn holds_key(&self, folder: &OwnedFd, path: &str, odd: &mut Vec<Vec<u8>>) -> rustix::io::Result<bool> {
        let mut folders = Vec::new();
        for entry in folder::names(folder, &mut |name| odd.push(name.to_vec()))? {
            let entry = entry?;
            if entry.is_folder() {
                folders.push(entry.name);
                continue;
            }
            let is_object = !entry.link
                || match self.root.look_at_path(&format!("{path}{}", entry.name)) {
                    Ok(facts) => facts.is_object(),
                    Err(errno) if leads_nowhere(errno) => false,
                    Err(errno) => return Err(errno),
                };
            if is_object {
                return Ok(true);
            }
        }
        for name in folders {
            let inner = folder::open(folder, name.strip_suffix('/').unwrap_or(&name));
            match inner.and_then(|inner| self.holds_key(&inner, &format!("{path}{name}"), odd)) {
                Ok(false) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
                found => return found,
            }
        }
        Ok(false)
    }

    /// The group that a key, or all keys below a folder, belong to.
    fn group(&self, key: &str) -> Option<String> {
        let delimiter = self.options.delimiter.as_deref()?;
        let after = self.options.prefix.len();
        let end = key.get(after..)?.find(delimiter)? + delimiter.len();
        Some(key[..after + end].to_owned())
    }

    fn emit_group(&mut self, group: String) -> ListEntry {
        self.group = Some(group.clone());
        ListEntry::Prefix(group)
    }
}

/// Whether this is what is said of a link that leads to no file, or out of the store. Of all others it is not known
/// whether they are objects.
fn leads_nowhere(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::XDEV
        // Sockets, and devices without a driver, where looking is opening.
        | Errno::NXIO | Errno::NODEV
    )
}

/// Whether a file is, or a folder may hold, a key that is asked for. `path` is the folder it is in.
fn wanted(options: &ListOptions, path: &str, name: &[u8]) -> bool {
    // Below the folder that the prefix names, every path begins with the prefix.
    if let Some(rest) = options.prefix.strip_prefix(path)
        && !name.starts_with(rest.as_bytes())
    {
        return false;
    }
    match &options.start_after {
        None => true,
        Some(after) => {
            let pieces = || path.bytes().chain(name.iter().copied());
            // A folder's path comes before all keys in it, among which `after` may be.
            pieces().gt(after.bytes())
                || name.ends_with(b"/")
                    && after.len() >= path.len() + name.len()
                    && pieces().zip(after.bytes()).all(|(a, b)| a == b)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_looked_at_is_not_left_out_row_by_row() {
        for (errno, nowhere) in [
            (Errno::NOENT, true),
            (Errno::NOTDIR, true),
            (Errno::LOOP, true),
            (Errno::XDEV, true),
            (Errno::ACCESS, false),
            (Errno::IO, false),
            (Errno::STALE, false),
            (Errno::MFILE, false),
            (Errno::NFILE, false),
        ] {
            assert_eq!(leads_nowhere(errno), nowhere, "{errno:?}");
        }
    }
}
