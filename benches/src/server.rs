//! `ServerProcess`: a pacing server in a process of its own, so that what it costs is not counted as a client's.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use rangeway_testkit::PacingServerOptions;
use serde::Deserialize;

/// A server in another process, which ends with this value.
#[derive(Debug)]
pub struct ServerProcess {
    endpoint: String,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
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
    /// Starts this program once more, with `serve` and these options of a pacing server as its arguments: there it
    /// has to call [`serve`].
    ///
    /// # Errors
    /// When it does not start, or says nothing.
    pub fn start(options: &[(&str, &str)]) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .args(options.iter().map(|(name, value)| format!("{name}={value}")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the server")?;
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().context("the server has no output")?);
        let endpoint = line(&mut output)?;
        Ok(Self { endpoint, child, input, output })
    }

    /// The endpoint's URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What the server has seen and done since it was last asked.
    ///
    /// # Errors
    /// When it has ended.
    pub fn counts(&mut self) -> Result<ServerCounts> {
        self.input.as_mut().context("the server has ended")?.write_all(b"\n")?;
        Ok(serde_json::from_str(&line(&mut self.output)?)?)
    }
}

impl Drop for ServerProcess {
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

/// Serves until the end of standard input, as [`ServerProcess`] wants it: prints the endpoint, and the counts since the
/// last time for each line.
///
/// # Errors
/// For arguments that are no `NAME=VALUE` of a pacing server, and when it cannot start.
pub fn serve(arguments: &[String]) -> Result<()> {
    let mut options = PacingServerOptions::new();
    for argument in arguments {
        let (name, value) = argument.split_once('=').with_context(|| format!("{argument} has no ="))?;
        options = options.set(name, value)?;
    }
    let server = options.start()?;
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", server.endpoint())?;
    for line in std::io::stdin().lines() {
        line?;
        writeln!(output, "{}", server.counts().json())?;
        server.reset_counts();
    }
    Ok(())
}
