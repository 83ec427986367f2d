//! Calls and attributes that the house does without.

use super::Finding;
use super::mask::{code_only, has_word};
use crate::files::File;

/// The only file that reads the process environment.
const ENV_FILE: &str = "crates/core/src/env.rs";

const READ: &str = "take a `rangeway_core::Env`; only crates/core/src/env.rs reads the process environment";
const WRITE: &str = "nothing changes the process environment; build an `Env` from a map";
const EXIT: &str = "return an `ExitCode` from `main`";
const LATER: &str = "write it, or return `ErrorKind::Unsupported`";
const RUN: &str = "make the test run everywhere, or remove it";

/// Words that may not stand in code, what to do instead, and the file that is exempt.
const BANNED: [(&str, &str, Option<&str>); 10] = [
    ("env::var", READ, Some(ENV_FILE)),
    ("env::var_os", READ, Some(ENV_FILE)),
    ("env::vars", READ, Some(ENV_FILE)),
    ("env::vars_os", READ, Some(ENV_FILE)),
    ("env::set_var", WRITE, None),
    ("env::remove_var", WRITE, None),
    ("process::exit", EXIT, None),
    ("todo!", LATER, None),
    ("unimplemented!", LATER, None),
    ("#[ignore", RUN, None),
];

pub(super) fn check(files: &[File]) -> Vec<Finding> {
    files.iter().filter(|file| file.is_rust()).flat_map(|file| check_text(&file.path, &file.text)).collect()
}

fn check_text(path: &str, text: &str) -> Vec<Finding> {
    let code = code_only(text);
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(code.lines()) {
        for (word, instead, exempt) in BANNED {
            if has_word(line, word) && exempt != Some(path) {
                findings.push(Finding::new(path, number, format!("`{word}`: {instead}")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::rows;

    #[test]
    fn each_banned_word_is_found_once() {
        for (line, word) in [
            ("let x = std::env::var(\"HOME\");", "env::var"),
            ("use std::env::var_os;", "env::var_os"),
            ("for (k, v) in env::vars() {}", "env::vars"),
            ("env::vars_os()", "env::vars_os"),
            ("unsafe { std::env::set_var(\"A\", \"b\") }", "env::set_var"),
            ("std::env::remove_var(\"A\")", "env::remove_var"),
            ("std::process::exit(2)", "process::exit"),
            ("todo!()", "todo!"),
            ("unimplemented!(\"later\")", "unimplemented!"),
            ("#[ignore = \"slow\"]", "#[ignore"),
            ("#[ignore]", "#[ignore"),
        ] {
            let found = check_text("crates/core/src/key.rs", &format!("//! Key.\n{line}\n"));
            let [finding] = found.as_slice() else { panic!("{line}: {found:?}") };
            assert!(
                finding.to_string().starts_with(&format!("crates/core/src/key.rs:2: `{word}`: ")),
                "{finding}"
            );
        }
    }

    #[test]
    fn what_only_looks_alike_is_left_alone() {
        for line in [
            "// std::env::var is read elsewhere; todo!",
            "let text = \"todo!() and std::process::exit\";",
            "let key = env!(\"CARGO_PKG_NAME\");",
            "let dir = std::env::temp_dir();",
            "use std::process::ExitCode;",
            "env.var(\"AWS_REGION\")",
            "#[cfg_attr(miri, ignore)]",
        ] {
            assert_eq!(check_text("crates/core/src/key.rs", line), [], "{line}");
        }
    }

    #[test]
    fn one_file_reads_the_environment_and_none_changes_it() {
        let text = "std::env::vars_os();\nstd::env::set_var(\"A\", \"b\");\n";
        let expected = format!("{ENV_FILE}:2: `env::set_var`: {WRITE}");
        assert_eq!(rows(&check_text(ENV_FILE, text)), [expected]);
    }
}
