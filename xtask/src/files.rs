//! The files of the repository, read once. Found by walking the tree, so that a checkout without git will do.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Directories that start with a dot and belong to the repository; others are an editor's or git's.
const DOT_DIRECTORIES: [&str; 3] = [".cargo", ".ci", ".github"];

/// One file.
pub(crate) struct File {
    /// Relative to the root, with `/` between its parts.
    pub(crate) path: String,
    /// In bytes.
    pub(crate) size: u64,
    /// Empty when the file is not UTF-8.
    pub(crate) text: String,
}

impl File {
    /// Whether this is Rust source.
    pub(crate) fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    /// Whether this is Markdown.
    pub(crate) fn is_markdown(&self) -> bool {
        self.has_extension("md")
    }

    fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }
}

#[cfg(test)]
impl File {
    /// A file of a fixture.
    pub(crate) fn fixture(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), size: text.len() as u64, text: text.to_owned() }
    }
}

/// All files below `root`, sorted by path, without build output.
pub(crate) fn read(root: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    walk(root, "", &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn walk(directory: &Path, prefix: &str, files: &mut Vec<File>) -> Result<()> {
    let context = || format!("reading {}", directory.display());
    for entry in fs::read_dir(directory).with_context(context)? {
        let entry = entry.with_context(context)?;
        let kind = entry.file_type().with_context(context)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if kind.is_dir() {
            if is_ours(&path, &name, &entry.path()) {
                walk(&entry.path(), &format!("{path}/"), files)?;
            }
        // A second working tree of git has a file of that name.
        } else if kind.is_file() && path != ".git" {
            let bytes = fs::read(entry.path()).with_context(|| format!("reading {path}"))?;
            let size = bytes.len() as u64;
            files.push(File { path, size, text: String::from_utf8(bytes).unwrap_or_default() });
        }
    }
    Ok(())
}

/// Whether a directory belongs to the repository. Cargo marks its build output with a `CACHEDIR.TAG`.
fn is_ours(path: &str, name: &str, directory: &Path) -> bool {
    let hidden = name.starts_with('.') && !DOT_DIRECTORIES.contains(&name);
    !hidden && path != "target" && !directory.join("CACHEDIR.TAG").exists()
}
