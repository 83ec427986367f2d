//! `rangeway completions`: the script that completes commands in a shell.

use clap::CommandFactory;

use super::Outcome;
use crate::args::{Cli, Completions};
use crate::context::Context;
use crate::exit_code::ExitCode;

pub(super) fn run(args: &Completions, context: &Context) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rangeway", &mut script);
    context.output.line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(ExitCode::Success)
}
