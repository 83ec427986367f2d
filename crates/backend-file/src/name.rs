//! From a key to names of folders and a file, and which keys cannot be such names.
//! Also the names of temporary files, which no key may have.

use std::hash::{BuildHasher, RandomState};

use rangeway_core::{Error, Key, Result};

/// The longest name of a file or folder in bytes, on nearly every file system.
const MAX_NAME: usize = 255;

/// The longest path that the kernel takes in one call, in bytes.
const MAX_PATH: usize = 4095;

const MARK: &str = ".rangeway-";

/// A key that can name a file: the folder it is in, relative to the root, and the name in that folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    /// Without a slash at its end; empty for the root itself.
    pub(crate) folder: &'a str,
    pub(crate) name: &'a str,
}

/// Where a key's file is.
///
/// # Errors
/// `InvalidInput` that says why the key cannot be a file.
pub(crate) fn place(key: &Key) -> Result<Place<'_>> {
    let key = key.as_str();
    let refuse = |why: &str| Err(Error::invalid(format!("the key {key:?} cannot be a file: {why}")));
    if key.is_empty() {
        return refuse("it is empty");
    }
    if let Err(why) = check_segments(key) {
        return refuse(why);
    }
    let (folder, name) = key.rsplit_once('/').unwrap_or(("", key));
    if is_temporary(name) {
        return refuse("names like that are kept for temporary files");
    }
    Ok(Place { folder, name })
}

/// Whether a folder of this path, relative to the root, can hold keys. The root's path is empty.
pub(crate) fn can_be_folder(path: &str) -> bool {
    path.is_empty() || check_segments(path).is_ok()
}

fn check_segments(path: &str) -> Result<(), &'static str> {
    if path.len() > MAX_PATH {
        return Err("it is longer than 4095 bytes");
    }
    if path.contains('\0') {
        return Err("it holds a NUL character");
    }
    path.split('/').try_for_each(|segment| match segment {
        "" => Err("it begins or ends with a slash, or has two in a row"),
        "." | ".." => Err("'.' and '..' are not names"),
        _ if segment.len() > MAX_NAME => Err("a name in it is longer than 255 bytes"),
        _ => Ok(()),
    })
}

/// Whether a file of this name is one of our temporary files.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with('.')
        && name.rsplit_once(MARK).is_some_and(|(_, end)| {
            end.len() == 16 && end.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
}

/// A new name for the temporary file that becomes `name`.
pub(crate) fn temporary(name: &str) -> String {
    let room = MAX_NAME - 1 - MARK.len() - 16;
    let shown = &name[..name.floor_char_boundary(room)];
    // Each `RandomState` has keys of its own, seeded by the system.
    let random = RandomState::new().hash_one(name);
    format!(".{shown}{MARK}{random:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_cannot_be_files_are_refused_row_by_row() {
        let long_name = format!("a/{}", "n".repeat(256));
        let long_path = "n/".repeat(2048) + "n";
        for (key, why) in [
            ("", "empty"),
            ("/a", "slash"),
            ("a/", "slash"),
            ("a//b", "slash"),
            ("/", "slash"),
            (".", "'.'"),
            ("..", "'..'"),
            ("a/../b", "'..'"),
            ("a/./b", "'.'"),
            ("../a", "'..'"),
            ("a/..", "'..'"),
            ("a\0b", "NUL"),
            (long_name.as_str(), "255"),
            (long_path.as_str(), "4095"),
            ("a/.b.rangeway-0123456789abcdef", "temporary"),
        ] {
            let error = place(&key.into()).expect_err(key);
            assert_eq!(error.kind(), rangeway_core::ErrorKind::InvalidInput, "{key}");
            assert!(error.to_string().contains(why), "{key}: {error}");
        }
    }

    #[test]
    fn odd_but_possible_keys_are_files() -> Result<()> {
        let longest = "n".repeat(255);
        for (key, folder, name) in [
            ("a", "", "a"),
            ("a/b", "a", "b"),
            ("a/b/...", "a/b", "..."),
            (" /~/\u{1f980}", " /~", "\u{1f980}"),
            ("a\nb/C:\\x", "a\nb", "C:\\x"),
            ("-/%2F", "-", "%2F"),
            (".hidden/.b.rangeway-1", ".hidden", ".b.rangeway-1"),
            (longest.as_str(), "", longest.as_str()),
        ] {
            assert_eq!(place(&key.into())?, Place { folder, name });
        }
        Ok(())
    }

    #[test]
    fn temporary_names_are_known_distinct_and_fit() {
        for name in ["a", &"n".repeat(255), &"\u{1f980}".repeat(63)] {
            let first = temporary(name);
            assert!(is_temporary(&first) && first.len() <= 255, "{first}");
            assert_ne!(first, temporary(name));
        }
        assert!(!is_temporary("a.rangeway-0123456789abcdef"));
        assert!(!is_temporary(".a.rangeway-0123456789ABCDEF"));
    }
}
