//! Local folders that are empty: stores have none, on a disk they would stay behind.

use std::io;
use std::path::{Path, PathBuf};

use rangeway::{Error, ErrorKind, Result};

/// What was found in folders that therefore stay.
#[derive(Debug, Default)]
struct Left {
    first: Option<PathBuf>,
    count: u64,
}

impl Left {
    fn add(&mut self, path: PathBuf) {
        self.first.get_or_insert(path);
        self.count += 1;
    }
}

/// Removes a folder and those in it, as far as they are empty.
///
/// # Errors
/// `Io` that names what is left in it.
pub(crate) fn remove_empty(folder: &Path) -> Result<()> {
    let mut left = Left::default();
    let removed = remove(folder, &mut left);
    let Some(first) = left.first else {
        return removed.map_err(|error| Error::io("the folder stays", error));
    };
    let others = if left.count > 1 { format!(" and {} more", left.count - 1) } else { String::new() };
    let stays = Error::new(ErrorKind::Io, format!("the folder stays: it holds {}{others}", first.display()));
    Err(if first.is_symlink() {
        stays.with_hint(format!(
            "a link is no object of its own: delete it with `rangeway rm {}`",
            first.display()
        ))
    } else {
        stays
    })
}

fn remove(folder: &Path, left: &mut Left) -> io::Result<()> {
    let before = left.count;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, known) = (entry.path(), left.count);
        let is_gone = entry.file_type()?.is_dir() && remove(&path, left).is_ok();
        // What stays of a folder is named rather than the folder.
        if !is_gone && left.count == known {
            left.add(path);
        }
    }
    if left.count == before { std::fs::remove_dir(folder) } else { Ok(()) }
}
