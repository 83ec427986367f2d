//! The rangeway program: reads the command line, runs one command, and turns how it ended into an exit code.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod context;
mod exit_code;
mod folders;
mod identity;
mod interrupt;
mod jobs;
mod limits;
mod location;
mod logging;
mod output;
mod progress;
mod scratch;
mod settings;
mod text;
mod threads;
mod usage;
mod work;

use std::sync::Arc;

use clap::Parser;
use rangeway::{Env, Result};
use tokio::runtime::Runtime;

use args::{Cli, Command};
use context::Context;
use exit_code::ExitCode;
use output::{Output, Stop, unless_closed};

fn main() -> std::process::ExitCode {
    let code = match Cli::try_parse() {
        Ok(cli) => run(cli),
        Err(error) => explain(&error),
    };
    code.into()
}

/// Shows help, or what is wrong with the command line.
fn explain(error: &clap::Error) -> ExitCode {
    let json = args::asks_for_json(std::env::args_os());
    // Arguments may be names of files, and clap shows them on a terminal as they are.
    let is_odd = || std::env::args_os().any(|argument| argument.to_string_lossy().contains(char::is_control));
    if error.use_stderr() && (json || is_odd()) {
        Output::new(json, false).error(&args::complaint(error));
    } else {
        // A closed pipe leaves nobody to tell.
        let _ = error.print();
    }
    if error.use_stderr() { ExitCode::Usage } else { ExitCode::Success }
}

fn run(cli: Cli) -> ExitCode {
    let output = Arc::new(Output::new(cli.global.json, cli.global.quiet));
    let env = Env::process();
    logging::start(&cli.global, &env, &output);
    limits::raise_open_files();
    let ended = prepare(&cli, env, &output).and_then(|(context, runtime)| {
        let ended = runtime.block_on(supervise(cli.command, context));
        // Reads and writes of files that nobody waits for any more do not hold up the end.
        runtime.shutdown_background();
        ended
    });
    // A failure stays one when nobody reads the results.
    match ended.and_then(|code| unless_closed(output.flush()).map(|()| code)) {
        Ok(code) => code,
        Err(Stop::Closed) => ExitCode::Success,
        Err(Stop::Failed(error)) => {
            output.error(&error);
            error.kind().into()
        }
    }
}

fn prepare(cli: &Cli, env: Env, output: &Arc<Output>) -> Result<(Arc<Context>, Runtime), Stop> {
    let context = Context::new(&cli.global, env, Arc::clone(output))?;
    let runtime = threads::start(&context.settings)?;
    Ok((Arc::new(context), runtime))
}

/// Runs a command until it ends or the user wants it to, and leaves nothing half-done behind.
async fn supervise(command: Command, context: Arc<Context>) -> Result<ExitCode, Stop> {
    let mut signals = interrupt::Signals::new()?;
    // A task, so that signals are seen also while a command waits in a write to standard output.
    let mut task = tokio::spawn({
        let context = Arc::clone(&context);
        async move { commands::run(command, &context).await }
    });
    tokio::select! {
        joined = &mut task => {
            interrupt::clean_up(&mut signals, &context.output, context.drain()).await;
            joined.unwrap_or_else(|error| match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Ok(ExitCode::Interrupted),
            })
        }
        code = signals.next() => {
            task.abort();
            context.output.note("interrupted: cleaning up; press Ctrl-C again to quit at once");
            let ended = async {
                // Aborted or ended by itself: either way its transfers are dropped now.
                let _ = task.await;
                context.drain().await;
            };
            interrupt::clean_up(&mut signals, &context.output, ended).await;
            Ok(code)
        }
    }
}
