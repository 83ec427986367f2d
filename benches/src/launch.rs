//! Programs that are measured: each is a process, from its start to its end, and the kernel says what it took.
//!
//! The kernel counts the memory of whoever starts a process as that process's, until it becomes the program. So it is not
//! a harness that starts a program, which may have held a whole object, but a small process in between.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use wait4::Wait4;

use crate::Usage;
use crate::helper::Role;

/// This program once more, as the [`helper`](fn@crate::helper) that runs `program`. Arguments and variables of `program` are
/// to be added to it.
///
/// # Errors
/// When this program cannot be found.
pub fn launcher(program: impl AsRef<Path>) -> Result<Command> {
    let mut command = Role::Launch.command()?;
    command.arg(program.as_ref());
    Ok(command)
}

/// Runs what [`launcher`] has made, to its end, and says what the program cost. Its memory is no less than the few MiB of
/// the process in between.
///
/// # Errors
/// When it fails.
pub fn run_launcher(command: &mut Command) -> Result<Usage> {
    let output =
        command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("starting a program")?;
    ensure!(output.status.success(), "the program failed: {}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Runs a program that reads nothing and prints to nowhere, and prints what it cost.
pub(crate) fn launch(program: &Path, arguments: &[OsString]) -> Result<()> {
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("starting {}", program.display()))?;
    let ended = child.wait4()?;
    let wall = start.elapsed();
    ensure!(ended.status.success(), "it ended with {}", ended.status);
    let (cpu, peak_memory) = (ended.rusage.utime + ended.rusage.stime, ended.rusage.maxrss);
    let usage = serde_json::to_string(&Usage { wall, cpu, peak_memory })?;
    Ok(writeln!(std::io::stdout(), "{usage}")?)
}
