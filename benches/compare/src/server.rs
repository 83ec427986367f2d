//! `Server`: the pacing server in a process of its own, so that what it costs is not counted as a client's.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use rangeway_testkit::PacingServerOptions;
use serde::Deserialize;
use tempfile::TempDir;

use crate::access::Access;

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
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
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
    /// Starts this program once more, as a server.
    pub(crate) fn start(scheme: Scheme, keys: &[String]) -> Result<Self> {
        let directory = TempDir::new()?;
        let (ca_file, key_file) = (directory.path().join("ca.pem"), directory.path().join("keys"));
        std::fs::write(&key_file, keys.join("\n"))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").arg("--keys").arg(&key_file).stdin(Stdio::piped()).stdout(Stdio::piped());
        if scheme == Scheme::Https {
            command.arg("--tls").arg(&ca_file);
        }
        let mut child = command.spawn().context("starting the server")?;
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().context("the server has no output")?);
        let endpoint = line(&mut output)?;
        let ca_file = (scheme == Scheme::Https).then_some(ca_file);
        Ok(Self { access: Access { endpoint, ca_file }, child, input, output, _directory: directory })
    }

    /// Where it is.
    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    /// What it has seen since it was last asked.
    pub(crate) fn counts(&mut self) -> Result<Counts> {
        self.input.as_mut().context("the server has ended")?.write_all(b"\n")?;
        Ok(serde_json::from_str(&line(&mut self.output)?)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.input = None;
        let _ = self.child.wait();
    }
}

fn line(output: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    if output.read_line(&mut line)? == 0 {
        bail!("the server has ended");
    }
    Ok(line.trim_end().to_owned())
}

/// The arguments of `compare serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// Speaks HTTPS, and writes the certificate to trust into this file.
    #[arg(long)]
    tls: Option<PathBuf>,
    /// A file with the keys that listings show, one a line.
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
