//! The scenarios, one file each: which clients, and what they do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use rangeway_benches::Sample;
use rangeway_testkit::Pattern;
use tokio::runtime::{Builder, Runtime};

use crate::client::Chunks;

mod get;
mod programs;
mod put;
mod small;

/// What is measured in one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// A large object to memory over HTTP.
    Get,
    /// A large object to memory over HTTPS.
    Https,
    /// Many small objects.
    Small,
    /// A large object from memory.
    Put,
    /// Programs: a large object to a file and back, and many small objects.
    Programs,
}

/// How the scenarios are run.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// How often each client is measured.
    #[arg(long, default_value_t = 7)]
    iterations: u32,
    /// Size of the large object in MiB.
    #[arg(long, default_value_t = 1024)]
    size: usize,
    /// How many small objects there are.
    #[arg(long, default_value_t = 10_000)]
    objects: usize,
    /// Only clients whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Requests at one time of clients that are told, instead of what was found to be best for each.
    #[arg(long)]
    in_flight: Option<usize>,
    /// Threads of the runtime that all clients in this process share. Default: one for each core.
    #[arg(long)]
    threads: Option<usize>,
    /// Where `rivals.sh` has installed the other programs.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/rivals"))]
    rivals: PathBuf,
    /// The program of this project.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release/rangeway"))]
    rangeway: PathBuf,
}

impl Scenario {
    /// In the order in which all of them are run.
    pub(crate) const ALL: [Self; 5] = [Self::Get, Self::Https, Self::Small, Self::Put, Self::Programs];

    /// As on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Https => "https",
            Self::Small => "small",
            Self::Put => "put",
            Self::Programs => "programs",
        }
    }

    /// Runs it in this process.
    pub(crate) fn run(self, options: &Options) -> Result<Vec<Sample>> {
        match self {
            Self::Get => get::http(options),
            Self::Https => get::https(options),
            Self::Small => small::run(options),
            Self::Put => put::run(options),
            Self::Programs => programs::run(options),
        }
    }
}

impl Options {
    /// The arguments that make these options.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            format!("--iterations={}", self.iterations),
            format!("--size={}", self.size),
            format!("--objects={}", self.objects),
            format!("--rivals={}", self.rivals.display()),
            format!("--rangeway={}", self.rangeway.display()),
        ];
        arguments.extend(self.only.as_ref().map(|only| format!("--only={only}")));
        arguments.extend(self.in_flight.map(|number| format!("--in-flight={number}")));
        arguments.extend(self.threads.map(|number| format!("--threads={number}")));
        arguments
    }

    /// Where the other programs are.
    pub(crate) fn rivals(&self) -> &Path {
        &self.rivals
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }

    /// The key of the large object.
    fn key(&self) -> String {
        format!("{}MiB/object", self.size)
    }

    /// The size of the large object in bytes.
    fn bytes(&self) -> usize {
        self.size << 20
    }

    fn runtime(&self) -> Result<Runtime> {
        let mut builder = Builder::new_multi_thread();
        if let Some(threads) = self.threads {
            builder.worker_threads(threads);
        }
        Ok(builder.enable_all().thread_keep_alive(Duration::from_secs(60)).build()?)
    }
}

/// Checks that `chunks` are an object of `size` bytes.
fn verify(pattern: &Pattern, size: usize, chunks: &Chunks) -> Result<()> {
    let mut offset = 0;
    for chunk in chunks {
        pattern.verify(offset, chunk)?;
        offset += chunk.len() as u64;
    }
    ensure!(offset == size as u64, "{offset} bytes, not {size}");
    Ok(())
}
