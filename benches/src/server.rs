//! `ServerProcess`: a pacing server in a process of its own, so that what it costs is not counted as a client's.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rangeway_testkit::PacingServerOptions;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::Process;
use crate::helper::Role;

/// A server in another process, which ends with this value.
#[derive(Debug)]
pub struct ServerProcess {
    endpoint: String,
    /// The certificate of a server with TLS, and the directory that it is in.
    ca_file: Option<(PathBuf, TempDir)>,
    process: Process,
}

/// What a server says once it listens.
#[derive(Debug, Serialize, Deserialize)]
struct Listening {
    endpoint: String,
    ca_pem: Option<String>,
}

/// What a server has seen and done since it was last asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ServerCounts {
    /// All requests, refused ones included.
    pub total: u64,
    /// The most requests that were under way at one time.
    pub peak_in_flight: u64,
    /// Bytes of objects that went out.
    pub bytes_out: u64,
    /// Bytes of request bodies that came in.
    pub bytes_in: u64,
    /// Requests that were refused with `SlowDown`.
    pub slow_downs: u64,
    /// Bodies that ended with a reset.
    pub resets: u64,
    /// Bodies that stood still.
    pub stalls: u64,
    /// Requests whose first byte came late.
    pub late_first_bytes: u64,
    /// Requests that were served, by second since the first one.
    pub admitted_by_second: Vec<u64>,
    /// Requests that were refused, by second since the first one.
    pub refused_by_second: Vec<u64>,
}

impl ServerProcess {
    /// Starts this program once more, as the [`helper`](fn@crate::helper) that serves. These are options of a pacing server
    /// by name, as [`PacingServerOptions::set`] takes them.
    ///
    /// # Errors
    /// When it does not start, or does not know an option.
    pub fn start(options: &[(&str, &str)]) -> Result<Self> {
        let mut process = Process::start(&mut Role::Serve.command()?)?;
        // No argument of a program may be as long as the keys of many objects.
        let said = process.ask(&serde_json::to_string(options)?).context("starting the server")?;
        let Listening { endpoint, ca_pem } = serde_json::from_str(&said)?;
        let write = |pem: String| -> Result<(PathBuf, TempDir)> {
            let directory = TempDir::new()?;
            let file = directory.path().join("ca.pem");
            std::fs::write(&file, pem)?;
            Ok((file, directory))
        };
        Ok(Self { endpoint, ca_file: ca_pem.map(write).transpose()?, process })
    }

    /// The endpoint's URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A file with the certificate to trust, as PEM, of a server with TLS.
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_ref().map(|(file, _)| file.as_path())
    }

    /// What the server has seen and done since it was last asked.
    ///
    /// # Errors
    /// When it has ended.
    pub fn counts(&mut self) -> Result<ServerCounts> {
        Ok(serde_json::from_str(&self.process.ask("")?)?)
    }
}

/// Serves until the end of standard input, as [`ServerProcess`] wants it: the first line has the options, and is answered
/// with where the server is; each further one with the counts since the last time.
pub(crate) fn serve() -> Result<()> {
    let mut lines = std::io::stdin().lines();
    let named: Vec<(String, String)> = serde_json::from_str(&lines.next().context("no options")??)?;
    let options = named
        .iter()
        .try_fold(PacingServerOptions::new(), |options, (name, value)| options.set(name, value))?;
    let server = options.start()?;
    let listening = Listening { endpoint: server.endpoint(), ca_pem: server.ca_pem().map(str::to_owned) };
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", serde_json::to_string(&listening)?)?;
    for line in lines {
        line?;
        writeln!(output, "{}", server.counts().json())?;
        server.reset_counts();
    }
    Ok(())
}
