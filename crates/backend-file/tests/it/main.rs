//! Tests of `file://` through its public doors, in temporary folders.

mod direct;
mod faults;
mod fixtures;
mod links;
mod listing;
mod modes;
mod page_cache;
mod writes;

use std::path::{Path, PathBuf};

use rangeway_backend_file::{FileStore, PageCache};
use rangeway_core::{Error, ErrorKind, Result};
use tempfile::TempDir;

/// A store in a temporary folder.
fn store() -> (TempDir, FileStore) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = FileStore::new(folder.path()).expect("a store");
    (folder, store)
}

/// A store on the disk that programs are built on: `/tmp` may be in memory.
fn uncached(page_cache: PageCache) -> (TempDir, FileStore) {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary folder");
    let store = FileStore::new(folder.path()).expect("a store").page_cache(page_cache);
    (folder, store)
}

/// A store that would go past the page cache, where files are nowhere else.
fn in_memory() -> (TempDir, FileStore) {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    let folder = folder.expect("a temporary folder");
    let store = FileStore::new(folder.path()).expect("a store").page_cache(PageCache::Bypass);
    (folder, store)
}

fn kind<T>(result: Result<T>) -> Result<T, ErrorKind> {
    result.map_err(|error: Error| error.kind())
}

/// Every file below a folder, relative to it, temporary ones included.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("readable") {
            let path = entry.expect("an entry").path();
            if path.symlink_metadata().expect("there").is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).expect("below").to_owned());
            }
        }
    }
    found.sort();
    found
}
