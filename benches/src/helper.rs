//! A program started once more as its own helper: a server, or what launches another program.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// What the first argument of a helper is.
const HELPER: &str = "as-helper";

/// What a helper does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Serve,
    Launch,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Launch => "launch",
        }
    }

    /// This program once more, in this role.
    pub(crate) fn command(self) -> Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([HELPER, self.name()]);
        Ok(command)
    }
}

/// Does a helper's work in a process that this program has started itself, and is `None` in any other. Programs that start
/// servers or programs call this first.
pub fn helper() -> Option<Result<()>> {
    let mut arguments = std::env::args_os().skip(1);
    (arguments.next()? == HELPER).then(|| work(arguments))
}

fn work(mut arguments: impl Iterator<Item = OsString>) -> Result<()> {
    let role = arguments.next().context("a helper without a role")?;
    if role == Role::Serve.name() {
        return crate::server::serve();
    }
    if role != Role::Launch.name() {
        bail!("no helper has the role {}", role.display());
    }
    let program = PathBuf::from(arguments.next().context("no program to launch")?);
    crate::launch::launch(&program, &arguments.collect::<Vec<_>>())
}
