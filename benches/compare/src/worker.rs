//! A client in a process of its own, which stays for all its runs: it finds the memory that it gave back itself, and
//! neither its memory nor its threads are counted as another's.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use rangeway_benches::{Process, Usage};

use crate::access::Access;
use crate::client::Client;
use crate::scenario::{Options, Workload};

/// A worker, seen from outside.
pub(crate) struct Worker(Mutex<Process>);

impl Worker {
    /// Starts this program once more, as the client of this name.
    pub(crate) fn start(
        workload: Workload,
        client: &str,
        access: &Access,
        options: &Options,
    ) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["work", workload.name(), client, "--endpoint", &access.endpoint]);
        if let Some(file) = &access.ca_file {
            command.arg("--ca-file").arg(file);
        }
        command.args(options.arguments());
        Ok(Self(Mutex::new(Process::start(&mut command)?)))
    }

    fn ask(&self, question: &str) -> Result<Usage> {
        let mut process = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(serde_json::from_str(&process.ask(question)?)?)
    }
}

impl Client for Worker {
    fn check(&self) -> Result<()> {
        self.ask("check").map(drop)
    }

    fn measure(&self) -> Result<Usage> {
        self.ask("measure")
    }
}

/// The arguments of `compare work`.
#[derive(Debug, clap::Args)]
pub(crate) struct Work {
    workload: Workload,
    client: String,
    #[arg(long)]
    endpoint: String,
    #[arg(long)]
    ca_file: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// Runs or checks for each line of standard input, and answers with what it cost.
pub(crate) fn work(arguments: Work) -> Result<()> {
    let Work { workload, client: name, endpoint, ca_file, options } = arguments;
    let runtime = options.runtime()?;
    let _guard = runtime.enter();
    let client = workload.client(&name, Access { endpoint, ca_file }, &options)?;
    for line in std::io::stdin().lines() {
        let usage = match line?.as_str() {
            "check" => client.check().map(|()| Usage::default()),
            _ => client.measure(),
        };
        println!("{}", serde_json::to_string(&usage.with_context(|| name.clone())?)?);
    }
    Ok(())
}
