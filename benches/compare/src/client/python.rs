//! Clients of Python: a worker process for each, which stays, and measures itself.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use rangeway_benches::{Process, Usage};
use rangeway_testkit::Pattern;
use serde::Deserialize;

use super::Client;
use crate::access::{Access, BUCKET};

const WORKER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/worker.py");

/// A worker, seen from outside.
pub(crate) struct Python {
    key: String,
    size: usize,
    process: Mutex<Process>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    /// What arrived.
    size: usize,
    /// In seconds.
    wall: f64,
    /// In seconds.
    cpu: f64,
    /// In bytes.
    peak: u64,
}

impl Python {
    /// Starts a worker of `kind`, as worker.py knows it, for an object of `size` bytes.
    pub(crate) fn start(
        kind: &str,
        rivals: &Path,
        access: &Access,
        key: String,
        size: usize,
    ) -> Result<Self> {
        let mut command = Command::new(rivals.join("venv/bin/python"));
        command.args([WORKER, kind, BUCKET]).envs(access.environment());
        Ok(Self { key, size, process: Mutex::new(Process::start(&mut command)?) })
    }

    /// Reads the object and leaves it in a file, if one is named.
    fn ask(&self, file: &str) -> Result<Usage> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let answer: Answer = serde_json::from_str(&process.ask(&format!("{} {file}", self.key))?)?;
        ensure!(answer.size == self.size, "{} bytes, not {}", answer.size, self.size);
        let (wall, cpu) = (Duration::from_secs_f64(answer.wall), Duration::from_secs_f64(answer.cpu));
        Ok(Usage { wall, cpu, peak_memory: answer.peak })
    }
}

impl Client for Python {
    fn check(&self) -> Result<()> {
        let id = self.process.lock().unwrap_or_else(PoisonError::into_inner).id();
        let file = PathBuf::from(format!("/dev/shm/rangeway-compare-{id}"));
        self.ask(&file.to_string_lossy())?;
        let bytes = std::fs::read(&file)?;
        std::fs::remove_file(&file)?;
        Ok(Pattern::new().verify(0, &bytes)?)
    }

    fn measure(&self) -> Result<Usage> {
        self.ask("")
    }
}
