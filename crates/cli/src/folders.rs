//! Local folders that are empty: stores have none, on a disk they would stay behind.

use std::io;
use std::path::Path;

/// Removes a folder and those in it, as far as they are empty.
///
/// # Errors
/// When something is left in it.
pub(crate) fn remove_empty(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            // What is left in one of them shows when the folder itself is removed.
            let _ = remove_empty(&entry.path());
        }
    }
    std::fs::remove_dir(folder)
}
