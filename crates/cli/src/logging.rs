//! Logs to standard error: `-v`, `-vv` and `RUST_LOG`; as JSON where results are.

use std::io::IsTerminal;

use rangeway::Env;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::debug_fn;

use crate::args::Global;
use crate::output::{Output, escaped};

/// Starts logging for the whole program.
pub(crate) fn start(global: &Global, env: &Env, output: &Output) {
    // All crates of ours begin with this word.
    let flags = match (global.quiet, global.verbose) {
        (true, _) => "off",
        (false, 0) => "rangeway=warn",
        (false, 1) => "rangeway=info",
        (false, _) => "rangeway=debug",
    };
    let filter = match env.get("RUST_LOG").map(EnvFilter::try_new) {
        Some(Ok(filter)) => filter,
        Some(Err(error)) => {
            output.warn(&format!("RUST_LOG is not understood: {error}"));
            EnvFilter::new(flags)
        }
        None => EnvFilter::new(flags),
    };
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if output.is_json() {
        logs.json().flatten_event(true).try_init()
    } else {
        // Values may be names that others chose.
        let fields = debug_fn(|writer, field, value| {
            let value = escaped(&format!("{value:?}"));
            match field.name() {
                "message" => write!(writer, "{value}"),
                name => write!(writer, "{name}={value}"),
            }
        });
        let fields = fields.delimited(" ");
        logs.fmt_fields(fields).with_ansi(std::io::stderr().is_terminal()).try_init()
    };
    if let Err(error) = started {
        output.warn(&format!("no logs: {error}"));
    }
}
