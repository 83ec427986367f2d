//! How long a file may be: Rust files, crate roots, tests beside code, and any file in bytes.

use super::Finding;
use super::mask::code_only;
use crate::files::File;

/// In lines; a longer file is more than one noun.
const LONGEST_FILE: usize = 600;
/// In lines; a crate's root is a door, not a room.
const LONGEST_LIB: usize = 200;
/// In lines; longer tests hide the code that they stand beside.
const LONGEST_TESTS: usize = 200;
/// In bytes; every clone carries every version of a file for ever.
const LARGEST_FILE: u64 = 1024 * 1024;

/// Rust files that may be longer than `LONGEST_FILE`, and why.
const LONG_FILES: &[(&str, &str)] = &[];

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let mut findings: Vec<_> = files.iter().flat_map(|file| check_file(file, LONG_FILES)).collect();
    findings.extend(stale(files, LONG_FILES));
    findings
}

fn check_file(file: &File, exempt: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if file.size > LARGEST_FILE {
        let message =
            format!("{} bytes, more than {LARGEST_FILE}; generate it, or keep it elsewhere", file.size);
        findings.push(Finding::new(&file.path, 1, message));
    }
    if !file.is_rust() {
        return findings;
    }
    let lines = file.text.lines().count();
    if lines > LONGEST_FILE && !exempt.iter().any(|(path, _)| *path == file.path) {
        let message = format!(
            "{lines} lines, more than {LONGEST_FILE}; split it by noun, \
             or list it with a reason in LONG_FILES in xtask/src/tidy/sizes.rs"
        );
        findings.push(Finding::new(&file.path, 1, message));
    }
    if file.path.ends_with("src/lib.rs") && lines > LONGEST_LIB {
        let message =
            format!("{lines} lines, more than {LONGEST_LIB}; move all but docs and `pub use` to modules");
        findings.push(Finding::new(&file.path, 1, message));
    }
    if let Some((line, length)) = tests_beside_code(&file.text)
        && length > LONGEST_TESTS
    {
        let to = tests_file(&file.path);
        let message =
            format!("{length} lines of tests beside code, more than {LONGEST_TESTS}; move them to {to}");
        findings.push(Finding::new(&file.path, line, message));
    }
    findings
}

/// Rows of the table that name no file, or one that has become short.
fn stale(files: &[File], exempt: &[(&str, &str)]) -> Vec<Finding> {
    let needed =
        |path: &str| files.iter().any(|file| file.path == path && file.text.lines().count() > LONGEST_FILE);
    let stale = exempt.iter().filter(|(path, _)| !needed(path));
    let message = format!("no Rust file of more than {LONGEST_FILE} lines; remove its row from LONG_FILES");
    stale.map(|(path, _)| Finding::new(path, 1, message.clone())).collect()
}

/// The first line and the length of the `mod tests { .. }` of a formatted file.
fn tests_beside_code(text: &str) -> Option<(usize, usize)> {
    let code = code_only(text);
    let mut lines = (1..).zip(code.lines());
    let (first, opening) = lines.find(|(_, line)| line.trim() == "mod tests {")?;
    let indent = &opening[..opening.len() - opening.trim_start().len()];
    let closing = format!("{indent}}}");
    let (last, _) = lines.find(|(_, line)| line.trim_end() == closing)?;
    Some((first, last - first + 1))
}

/// Where the tests of a file go: `foo/tests.rs` for `foo.rs` and for `foo/mod.rs`, `tests.rs` beside a crate's root.
fn tests_file(path: &str) -> String {
    let (directory, name) = path.rsplit_once('/').map_or(("", path), |(directory, name)| (directory, name));
    match name {
        "lib.rs" | "main.rs" | "mod.rs" => format!("{directory}/tests.rs"),
        _ => format!("{}/tests.rs", path.trim_end_matches(".rs")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rows;

    fn rust(path: &str, lines: usize) -> File {
        File::fixture(path, &"//! Line.\n".repeat(lines))
    }

    #[test]
    fn long_files_are_found_unless_they_are_listed() {
        let exempt = [("src/long.rs", "a table")];
        for (file, count) in [
            (rust("src/key.rs", 600), 0),
            (rust("src/key.rs", 601), 1),
            (rust("src/long.rs", 601), 0),
            (rust("src/lib.rs", 200), 0),
            (rust("src/lib.rs", 201), 1),
            (rust("src/lib.rs", 601), 2),
            (rust("docs/semantics.md", 601), 0),
        ] {
            assert_eq!(check_file(&file, &exempt).len(), count, "{}", file.path);
        }
    }

    #[test]
    fn a_row_that_is_no_longer_needed_is_found() {
        let exempt = [("src/long.rs", "a table"), ("src/short.rs", "was long"), ("src/gone.rs", "was there")];
        let files = [rust("src/long.rs", 601), rust("src/short.rs", 600)];
        let stale = stale(&files, &exempt);
        let paths: Vec<&str> = stale.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, ["src/short.rs", "src/gone.rs"]);
    }

    #[test]
    fn large_files_are_found_whatever_they_are() {
        let mut file = File::fixture("docs/graph.png", "");
        file.size = LARGEST_FILE;
        assert_eq!(check_file(&file, &[]), []);
        file.size += 1;
        let expected =
            "docs/graph.png:1: 1048577 bytes, more than 1048576; generate it, or keep it elsewhere";
        assert_eq!(rows(&check_file(&file, &[])), [expected]);
    }

    #[test]
    fn tests_beside_code_are_measured_to_their_closing_brace() {
        for (text, expected) in [
            ("//! A.\nfn f() {}\n", None),
            ("//! A.\n#[cfg(test)]\nmod tests;\n", None),
            ("mod tests {\n    fn f() {\n    }\n}\nfn g() {}\n", Some((1, 4))),
            ("mod a {\n    mod tests {\n        fn f() {}\n    }\n}\n", Some((2, 3))),
            ("const A: &str = \"\nmod tests {\n}\n\";\n", None),
        ] {
            assert_eq!(tests_beside_code(text), expected, "{text:?}");
        }
    }

    #[test]
    fn long_tests_are_told_where_to_go() {
        let text = format!("//! A.\nmod tests {{\n{}}}\n", "    // Line.\n".repeat(199));
        let expected =
            "src/key.rs:2: 201 lines of tests beside code, more than 200; move them to src/key/tests.rs";
        assert_eq!(rows(&check_file(&File::fixture("src/key.rs", &text), &[])), [expected]);
        for (path, expected) in [("src/lib.rs", "src/tests.rs"), ("src/read/mod.rs", "src/read/tests.rs")] {
            assert_eq!(tests_file(path), expected);
        }
    }
}
