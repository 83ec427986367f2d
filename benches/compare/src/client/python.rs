//! Clients of Python: a worker process for each, which stays, and measures itself.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rangeway_benches::Usage;
use rangeway_testkit::Pattern;
use serde::Deserialize;

use super::Client;
use crate::access::{Access, BUCKET};

const WORKER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/worker.py");

/// A worker.
pub(crate) struct Python<'a> {
    name: &'static str,
    key: String,
    size: usize,
    pattern: &'a Pattern,
    /// Where the object is left to be checked.
    file: PathBuf,
    process: Mutex<Process>,
}

struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// What a worker says of a run.
#[derive(Debug, Deserialize)]
struct Answer {
    wall: f64,
    cpu: f64,
    peak: u64,
    size: usize,
}

impl<'a> Python<'a> {
    /// Starts a worker of `kind` for one object.
    pub(crate) fn start(
        name: &'static str,
        kind: &str,
        rivals: &Path,
        access: &Access,
        object: (&str, usize),
        pattern: &'a Pattern,
    ) -> Result<Self> {
        let (key, size) = object;
        let mut child = Command::new(rivals.join("venv/bin/python"))
            .args([WORKER, kind, BUCKET])
            .envs(access.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting a worker for {kind}"))?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("the worker has no output")?);
        let file = PathBuf::from(format!("/dev/shm/rangeway-compare-{}", child.id()));
        let process = Mutex::new(Process { child, input, output });
        Ok(Self { name, key: key.to_owned(), size, pattern, file, process })
    }

    fn ask(&self, file: &str) -> Result<Answer> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let input = process.input.as_mut().context("the worker has ended")?;
        writeln!(input, "{} {file}", self.key)?;
        let mut line = String::new();
        if process.output.read_line(&mut line)? == 0 {
            bail!("the worker has ended");
        }
        let answer: Answer = serde_json::from_str(&line)?;
        if answer.size != self.size {
            bail!("{} bytes, not {}", answer.size, self.size);
        }
        Ok(answer)
    }
}

impl Client for Python<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn check(&self) -> Result<()> {
        self.ask(&self.file.to_string_lossy()).with_context(|| self.name)?;
        let bytes = std::fs::read(&self.file)?;
        std::fs::remove_file(&self.file)?;
        Ok(self.pattern.verify(0, &bytes)?)
    }

    fn measure(&self) -> Result<Usage> {
        let Answer { wall, cpu, peak, .. } = self.ask("").with_context(|| self.name)?;
        Ok(Usage {
            wall: Duration::from_secs_f64(wall),
            cpu: Duration::from_secs_f64(cpu),
            peak_memory: peak,
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.input = None;
        let _ = self.child.wait();
    }
}
