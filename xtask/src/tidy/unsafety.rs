//! A crate without `unsafe` says so at its root, so that it stays that way.

use super::Finding;
use super::mask::{code_only, has_word};
use crate::files::File;

const FORBID: &str = "#![forbid(unsafe_code)]";

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let roots = files.iter().filter_map(|file| Some((file, source_directory(&file.path)?)));
    let silent = roots.filter(|(file, directory)| {
        !file.text.lines().any(|line| line.trim() == FORBID)
            && !files.iter().any(|file| file.path.starts_with(directory) && has_unsafe(file))
    });
    let message = format!("the crate has no `unsafe`; put `{FORBID}` below the docs");
    silent.map(|(file, _)| Finding::new(&file.path, 1, message.clone())).collect()
}

/// The directory of a crate's source, when the path is that of its root.
fn source_directory(path: &str) -> Option<&str> {
    let directory = path.strip_suffix("lib.rs").or_else(|| path.strip_suffix("main.rs"))?;
    directory.ends_with("src/").then_some(directory)
}

fn has_unsafe(file: &File) -> bool {
    file.is_rust() && code_only(&file.text).lines().any(|line| has_word(line, "unsafe"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rows;

    #[test]
    fn only_a_crate_without_unsafe_must_forbid_it() {
        let files = [
            File::fixture("crates/a/src/lib.rs", "//! A.\n#![forbid(unsafe_code)]\n"),
            File::fixture("crates/b/src/lib.rs", "//! B, with no unsafe.\n"),
            File::fixture("crates/b/src/key.rs", "//! \"unsafe\"\nconst A: &str = \"unsafe\";\n"),
            File::fixture("crates/b/tests/it/main.rs", "//! Tests of B.\n"),
            File::fixture("crates/c/src/lib.rs", "//! C.\n"),
            File::fixture("crates/c/src/page.rs", "//! Page.\nfn f() { unsafe { g() } }\n"),
            File::fixture("xtask/src/main.rs", "//! Chores.\n"),
        ];
        let message = "the crate has no `unsafe`; put `#![forbid(unsafe_code)]` below the docs";
        let expected =
            ["crates/b/src/lib.rs", "xtask/src/main.rs"].map(|path| format!("{path}:1: {message}"));
        assert_eq!(rows(&check(&files)), expected);
    }
}
