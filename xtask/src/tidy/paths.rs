//! No path of one person's machine: what is in the repository works anywhere.

use super::Finding;
use crate::files::File;

/// First directories of paths that are some machine's own, and whether a user's name must follow.
const PRIVATE: [(&str, bool); 4] = [("work", false), ("root", false), ("home", true), ("Users", true)];

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for (number, line) in (1..).zip(file.text.lines()) {
            if let Some(directory) = private_directory(line) {
                let message = format!(
                    "a path below /{directory} is one machine's own; make it relative, or use /data/... in an example"
                );
                findings.push(Finding::new(&file.path, number, message));
            }
        }
    }
    findings
}

/// The first directory of the first private path in a line.
fn private_directory(line: &str) -> Option<&'static str> {
    PRIVATE
        .into_iter()
        .find(|(directory, named)| has_path(line, directory, *named))
        .map(|(directory, _)| directory)
}

fn has_path(line: &str, directory: &str, named: bool) -> bool {
    let path = format!("/{directory}/");
    line.match_indices(&path).any(|(at, _)| {
        let after = line[at + path.len()..].chars().next();
        starts_path(&line[..at]) && (!named || after.is_some_and(char::is_alphanumeric))
    })
}

/// Whether a `/` after this text starts an absolute path, rather than goes on with a path or a URL.
fn starts_path(before: &str) -> bool {
    match before.chars().next_back() {
        None => true,
        // `file:///`, but neither the host in `s3://` nor a doubled slash in a key.
        Some('/') => before.ends_with("://"),
        Some(c) => !(c.is_alphanumeric() || "_-.~*?$})>]".contains(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rows;

    /// The fixtures are put together, so that this file itself has no such path.
    fn line(before: &str, directory: &str, after: &str) -> String {
        format!("{before}/{directory}/{after}")
    }

    #[test]
    fn private_paths_are_found() {
        for (before, directory, after) in [
            ("", "work", "main"),
            ("cd ", "root", ".cargo"),
            ("PATH=/usr/bin:", "root", "bin"),
            ("let path = \"", "home", "ann/data\";"),
            ("file://", "home", "ann"),
            ("[map](", "Users", "ann/map.md)"),
        ] {
            let line = line(before, directory, after);
            assert_eq!(private_directory(&line), Some(directory), "{line}");
        }
    }

    #[test]
    fn other_paths_are_left_alone() {
        for (before, directory, after) in [
            ("s3://bucket", "work", "a"),
            ("s3:/", "work", "a"),
            ("docs", "home", "page"),
            ("{prefix}", "root", "a"),
            ("~", "work", "a"),
            ("", "home", "<name>"),
            ("", "data", "a"),
        ] {
            let line = line(before, directory, after);
            assert_eq!(private_directory(&line), None, "{line}");
        }
    }

    #[test]
    fn a_finding_names_the_line() {
        let text = format!("a\n{}\n", line("cd ", "work", "main"));
        let expected = "docs/a.md:2: a path below /work is one machine's own; \
                        make it relative, or use /data/... in an example";
        assert_eq!(rows(&check(&[File::fixture("docs/a.md", &text)])), [expected]);
    }
}
