//! `Server`: the pacing server in a process of its own, so that what it costs is not counted as a client's.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use rangeway_testkit::PacingServerOptions;
use serde::Deserialize;
use tempfile::TempDir;

use crate::access::Access;
use crate::process::Process;

/// Whether clients speak TLS with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// A server in another process, which ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    access: Access,
    process: Process,
    /// Where the certificate is.
    _directory: TempDir,
}

/// What the server has seen since it was last asked.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Counts {
    /// All requests.
    pub(crate) total: u64,
    /// Bytes of request bodies.
    pub(crate) bytes_in: u64,
}

impl Server {
    /// Starts this program once more, as a server whose listings show `keys`.
    pub(crate) fn start(scheme: Scheme, keys: &[String]) -> Result<Self> {
        let directory = TempDir::new()?;
        let (ca_file, key_file) = (directory.path().join("ca.pem"), directory.path().join("keys"));
        std::fs::write(&key_file, keys.join("\n"))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").arg("--keys").arg(&key_file);
        if scheme == Scheme::Https {
            command.arg("--tls").arg(&ca_file);
        }
        let mut process = Process::start(&mut command)?;
        let endpoint = process.line()?;
        let ca_file = (scheme == Scheme::Https).then_some(ca_file);
        Ok(Self { access: Access { endpoint, ca_file }, process, _directory: directory })
    }

    /// Where it is.
    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    /// What it has seen since it was last asked.
    pub(crate) fn counts(&mut self) -> Result<Counts> {
        Ok(serde_json::from_str(&self.process.ask("")?)?)
    }
}

/// The arguments of `compare serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Speaks HTTPS, and writes the certificate to trust into this file
    #[arg(long)]
    tls: Option<PathBuf>,
    /// A file with the keys that listings show, one a line
    #[arg(long)]
    keys: Option<PathBuf>,
}

/// Serves until the end of standard input: prints the endpoint, and counts for each line.
pub(crate) fn serve(arguments: &Serve) -> Result<()> {
    let keys = arguments.keys.as_deref().map(read_keys).transpose()?.unwrap_or_default();
    let server = PacingServerOptions::new().tls(arguments.tls.is_some()).keys(keys).start()?;
    if let (Some(file), Some(pem)) = (&arguments.tls, server.ca_pem()) {
        std::fs::write(file, pem)?;
    }
    println!("{}", server.endpoint());
    for line in std::io::stdin().lines() {
        line?;
        println!("{}", server.counts().json());
        server.reset_counts();
    }
    Ok(())
}

fn read_keys(path: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}
