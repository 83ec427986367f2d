//! `cargo xtask tidy`: the rules of the house that no compiler checks.
//! Each rule is a function from the files or the members to findings; this file reads, calls and prints.

use std::fmt;

use anyhow::{Result, bail};

use crate::cargo::{Cargo, root};
use crate::files;

mod arrows;
mod code;
mod docs;
mod links;
mod mask;
mod metadata;
mod paths;
mod sizes;
mod unsafety;

/// Something to put right.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// From 1.
    line: usize,
    /// What is wrong; what to do.
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

pub(crate) fn run() -> Result<()> {
    let files = files::read(root())?;
    let metadata = Cargo::new("metadata --no-deps --format-version 1 --locked").output()?;
    let members = metadata::members(&metadata)?;

    let mut findings = arrows::check(&members, &files);
    let rules = [sizes::check, code::check, docs::check, unsafety::check, links::check, paths::check];
    findings.extend(rules.iter().flat_map(|rule| rule(&files)));
    findings.sort();

    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => println!("xtask tidy: {} files and {} packages are tidy", files.len(), members.len()),
        1 => bail!("1 thing to tidy; repeat with: cargo xtask tidy"),
        count => bail!("{count} things to tidy; repeat with: cargo xtask tidy"),
    }
    Ok(())
}

/// Each finding as its line and message, for tests that compare rows.
#[cfg(test)]
fn rows(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}
