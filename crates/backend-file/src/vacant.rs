//! Folders without files: no object is in them, so a file may take the place of one.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;

const FLAGS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Whether nothing but folders is below the folder `name`.
pub(crate) fn is_vacant(parent: impl AsFd, name: &str) -> rustix::io::Result<bool> {
    let folder = openat(parent, name, FLAGS, Mode::empty())?;
    match inner_folders(&folder)? {
        Some(folders) => {
            folders.iter().try_fold(true, |vacant, inner| Ok(vacant && is_vacant(&folder, inner)?))
        }
        None => Ok(false),
    }
}

/// Removes a folder and the folders in it. Stops, with `NOTEMPTY`, at the first that holds anything else.
pub(crate) fn remove_vacant(parent: impl AsFd, name: &str) -> rustix::io::Result<()> {
    let folder = openat(&parent, name, FLAGS, Mode::empty())?;
    let folders = inner_folders(&folder)?.ok_or(Errno::NOTEMPTY)?;
    folders.iter().try_for_each(|inner| remove_vacant(&folder, inner))?;
    unlinkat(parent, name, AtFlags::REMOVEDIR)
}

/// The names in a folder, if all of them are folders.
fn inner_folders(folder: &OwnedFd) -> rustix::io::Result<Option<Vec<String>>> {
    let mut folders = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else { return Ok(None) };
        if matches!(name, "." | "..") {
            continue;
        }
        if !entry.file_type().is_dir() {
            return Ok(None);
        }
        folders.push(name.to_owned());
    }
    Ok(Some(folders))
}

#[cfg(test)]
mod tests {
    use std::fs::{create_dir_all, write};

    use super::*;

    #[test]
    fn only_folders_of_folders_go() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let path = root.path();
        create_dir_all(path.join("vacant/a/b")).expect("made");
        create_dir_all(path.join("vacant/c")).expect("made");
        create_dir_all(path.join("used/a/b")).expect("made");
        write(path.join("used/a/b/.hidden"), "").expect("written");
        std::os::unix::fs::symlink("vacant", path.join("link")).expect("linked");
        let folder = rustix::fs::open(path, FLAGS, Mode::empty()).expect("opened");
        assert_eq!((is_vacant(&folder, "vacant"), is_vacant(&folder, "used")), (Ok(true), Ok(false)));
        assert!(is_vacant(&folder, "link").is_err());
        assert_eq!(remove_vacant(&folder, "used"), Err(Errno::NOTEMPTY));
        assert_eq!(remove_vacant(&folder, "vacant"), Ok(()));
        assert!(path.join("used/a/b/.hidden").exists() && !path.join("vacant").exists());
    }
}
