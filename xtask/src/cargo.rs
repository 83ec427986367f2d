//! Runs cargo at the root of the workspace, and prints the same command so that a person can repeat it.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The directory of the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a directory of the workspace")
}

/// One cargo command: its arguments, and the variables set for it.
#[derive(Clone)]
pub(crate) struct Cargo {
    args: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

impl Cargo {
    /// A command from its arguments, separated by spaces.
    pub(crate) fn new(args: &str) -> Self {
        Self { args: args.split_whitespace().map(str::to_owned).collect(), variables: Vec::new() }
    }

    /// Appends arguments as they are.
    pub(crate) fn args(mut self, args: &[String]) -> Self {
        self.args.extend_from_slice(args);
        self
    }

    /// Sets variables of the command's environment.
    pub(crate) fn variables(mut self, variables: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.variables.extend(variables);
        self
    }

    /// Runs the command with this process's output, and fails unless it succeeds.
    pub(crate) fn run(&self) -> Result<()> {
        let status = self.command().status().context(NO_CARGO)?;
        if !status.success() {
            bail!("{status}; repeat with: {self}");
        }
        Ok(())
    }

    /// Runs the command with this process's output, and tells whether it succeeded.
    pub(crate) fn succeeds(&self) -> Result<bool> {
        Ok(self.command().status().context(NO_CARGO)?.success())
    }

    /// Runs the command and returns what it wrote to standard output.
    pub(crate) fn output(&self) -> Result<String> {
        let output = self.command().stderr(Stdio::inherit()).output().context(NO_CARGO)?;
        if !output.status.success() {
            bail!("{}; repeat with: {self}", output.status);
        }
        String::from_utf8(output.stdout).with_context(|| format!("`{self}` wrote something other than UTF-8"))
    }

    /// The command, ready to start.
    fn command(&self) -> Command {
        let mut command = Command::new("cargo");
        command.args(&self.args).envs(self.variables.iter().cloned()).current_dir(root());
        command
    }
}

/// What to say when cargo does not start.
const NO_CARGO: &str = "`cargo` does not start; install Rust from https://rustup.rs";

impl fmt::Display for Cargo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.variables {
            write!(f, "{name}={} ", quoted(value))?;
        }
        write!(f, "cargo")?;
        self.args.iter().try_for_each(|arg| write!(f, " {}", quoted(arg)))
    }
}

/// A word as a shell takes it: in single quotes unless it is plain.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=.,/:{}@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_prints_as_a_shell_takes_it() {
        let cargo = Cargo::new("doc  --no-deps").variables([("RUSTDOCFLAGS", "-D warnings".to_owned())]);
        assert_eq!(cargo.to_string(), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
    }

    #[test]
    fn words_are_quoted_only_when_they_must_be() {
        for (word, expected) in
            [("--lib", "--lib"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("", "''"), ("$x", "'$x'")]
        {
            assert_eq!(quoted(word), expected);
        }
    }
}
