//! `Process`: a child that answers each line on its standard input with one line, and ends at the end of it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};

/// A child that answers lines, and ends with this value.
#[derive(Debug)]
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts `command`, whose standard input and output are pipes then.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", command.get_program().to_string_lossy()))?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("no output")?);
        Ok(Self { child, input, output })
    }

    /// What it answers to a line.
    ///
    /// # Errors
    /// When it has ended.
    pub fn ask(&mut self, question: &str) -> Result<String> {
        // One that has ended says more by its exit status than by its pipe.
        let _ = writeln!(self.input.as_mut().context("no input")?, "{question}");
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            bail!("the process ended with {}", self.child.wait()?);
        }
        Ok(line.trim_end().to_owned())
    }

    /// The number that the system knows it by.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}
