//! The scenarios, one file each: which clients, and what they do.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use rangeway_benches::{Sample, ServerProcess};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::access::Access;
use crate::client::Client;
use crate::client::python::Python;
use crate::round::{self, Moved, Named};
use crate::worker::Worker;

mod get;
mod programs;
mod put;
mod small;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// A large object to memory, over HTTP and over HTTPS
    Get,
    /// Many small objects to memory
    Small,
    /// A large object from memory
    Put,
    /// Programs: a large object to a file and back, and many small objects
    Programs,
}

/// What a worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Workload {
    Get,
    #[value(name = "get-tls")]
    GetTls,
    #[value(name = "64kib")]
    Small,
    #[value(name = "1kib")]
    Tiny,
    Put,
}

/// How scenarios are run.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// How often each client is measured
    #[arg(long, default_value_t = 5)]
    iterations: u32,
    /// Size of the large object in MiB
    #[arg(long, default_value_t = 1024)]
    size: usize,
    /// How many small objects there are
    #[arg(long, default_value_t = 10_000)]
    objects: usize,
    /// Only clients whose name contains this
    #[arg(long)]
    only: Option<String>,
    /// Requests at one time of clients that are told, instead of 8 or 16
    #[arg(long)]
    in_flight: Option<usize>,
    /// Threads of each worker's runtime; one for each core unless set
    #[arg(long)]
    threads: Option<usize>,
    /// Where rivals.sh has installed the other programs
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/rivals"))]
    pub(crate) rivals: PathBuf,
    /// The program of this project
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/release/rangeway"))]
    rangeway: PathBuf,
}

/// What a client is made of.
pub(crate) struct Setup<'a> {
    access: Access,
    options: &'a Options,
}

/// The clients of a workload: their names, and how each is made.
type Clients = &'static [(&'static str, fn(&Setup<'_>) -> Result<Box<dyn Client>>)];

impl Scenario {
    /// Runs it.
    pub(crate) fn run(self, options: &Options) -> Result<Vec<Sample>> {
        match self {
            Self::Get => Ok([Workload::Get.run(options)?, Workload::GetTls.run(options)?].concat()),
            Self::Small => Ok([Workload::Small.run(options)?, Workload::Tiny.run(options)?].concat()),
            Self::Put => Workload::Put.run(options),
            Self::Programs => programs::run(options),
        }
    }
}

impl Workload {
    /// As on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::GetTls => "get-tls",
            Self::Small => "64kib",
            Self::Tiny => "1kib",
            Self::Put => "put",
        }
    }

    /// As in the results.
    fn title(self) -> &'static str {
        match self {
            Self::Get => "get over http",
            Self::GetTls => "get over https",
            Self::Small => "64 KiB objects",
            Self::Tiny => "1 KiB objects",
            Self::Put => "put over http",
        }
    }

    fn clients(self) -> Clients {
        match self {
            Self::Get => get::HTTP,
            Self::GetTls => get::HTTPS,
            Self::Small => small::SMALL,
            Self::Tiny => small::TINY,
            Self::Put => put::CLIENTS,
        }
    }

    fn moved(self, options: &Options) -> Moved {
        let many = |size| Moved { bytes: size * options.objects, objects: options.objects, is_upload: false };
        match self {
            Self::Get | Self::GetTls => Moved { bytes: options.bytes(), objects: 1, is_upload: false },
            Self::Put => Moved { bytes: options.bytes(), objects: 1, is_upload: true },
            Self::Small => many(64 << 10),
            Self::Tiny => many(1 << 10),
        }
    }

    /// The client of this name, in this process.
    pub(crate) fn client(self, name: &str, access: Access, options: &Options) -> Result<Box<dyn Client>> {
        let found = self.clients().iter().find(|(found, _)| *found == name);
        let (_, make) = found.with_context(|| format!("no client {name:?}"))?;
        make(&Setup { access, options })
    }

    /// Runs all its clients, each in a process of its own.
    fn run(self, options: &Options) -> Result<Vec<Sample>> {
        let tls: &[(&str, &str)] = if self == Self::GetTls { &[("tls", "true")] } else { &[] };
        let mut server = ServerProcess::start(tls)?;
        let access = Access::to(&server);
        let mut clients: Vec<Named<'_>> = Vec::new();
        for (name, _) in self.clients().iter().filter(|(name, _)| options.is_wanted(name)) {
            clients.push((name, Box::new(Worker::start(self, name, &access, options)?)));
        }
        if self == Self::Get {
            for (name, kind) in get::PYTHON.iter().filter(|(name, _)| options.is_wanted(name)) {
                let (key, size) = (options.key(), options.bytes());
                let worker = Python::start(kind, &options.rivals, &access, key, size)?;
                clients.push((name, Box::new(worker)));
            }
        }
        round::run(self.title(), &clients, self.moved(options), &mut server, options.iterations)
    }
}

impl Setup<'_> {
    fn in_flight(&self, best: usize) -> usize {
        self.options.in_flight.unwrap_or(best)
    }

    /// That of the thread, which is in it.
    fn runtime() -> Handle {
        Handle::current()
    }
}

impl Options {
    /// The arguments that make these options, for a worker.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![format!("--size={}", self.size), format!("--objects={}", self.objects)];
        arguments.extend(self.in_flight.map(|number| format!("--in-flight={number}")));
        arguments.extend(self.threads.map(|number| format!("--threads={number}")));
        arguments
    }

    pub(crate) fn runtime(&self) -> Result<Runtime> {
        let mut builder = Builder::new_multi_thread();
        if let Some(threads) = self.threads {
            builder.worker_threads(threads);
        }
        Ok(builder.enable_all().build()?)
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
}
