//! Every Rust file says at its top what it is for.

use super::Finding;
use crate::files::File;

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let undocumented = files.iter().filter(|file| file.is_rust() && !file.text.starts_with("//! "));
    let message = "the file does not start with `//! `; say in two lines what it is for";
    undocumented.map(|file| Finding::new(&file.path, 1, message)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_starts_with_what_it_is_for() {
        for (path, text, count) in [
            ("src/key.rs", "//! Keys.\n", 0),
            ("src/key.rs", "// Keys.\n", 1),
            ("src/key.rs", "use std::fmt;\n//! Keys.\n", 1),
            ("src/key.rs", "", 1),
            ("README.md", "# rangeway", 0),
        ] {
            assert_eq!(check(&[File::fixture(path, text)]).len(), count, "{text:?}");
        }
    }
}
