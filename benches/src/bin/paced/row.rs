//! `Row`: the rows, one file each, and what a user may choose of them.

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;

use crate::outcome::Outcome;

mod cap;
mod link;
mod memory;
mod resets;
mod slow_down;
mod tail;

/// What the server does to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Row {
    /// Each connection has a rate, and all together a cap
    Cap,
    /// One connection could fill the link
    Link,
    /// More than 32 requests in flight are refused
    SlowDown,
    /// Some first bytes are late, some bodies stand still
    Tail,
    /// Some connections are reset mid-body, at a pace
    Resets,
    /// The same at full speed
    FastResets,
    /// A large `cp` to a file
    Memory,
}

/// What a user may choose.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How often the rows that compare whole transfers run
    #[arg(long, default_value_t = 5)]
    pub(crate) iterations: u32,
    /// Small objects and few of them: whether it works, not how well
    #[arg(long)]
    pub(crate) quick: bool,
    /// The program whose memory is measured
    #[arg(long, default_value = "target/release/rangeway")]
    pub(crate) program: PathBuf,
    /// Where the file of `cp` goes; the system's temporary directory unless given
    #[arg(long)]
    pub(crate) directory: Option<PathBuf>,
}

impl Row {
    pub(crate) const ALL: [Self; 7] =
        [Self::Cap, Self::Link, Self::SlowDown, Self::Tail, Self::Resets, Self::FastResets, Self::Memory];

    /// Its name, as users give it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cap => "cap",
            Self::Link => "link",
            Self::SlowDown => "slow-down",
            Self::Tail => "tail",
            Self::Resets => "resets",
            Self::FastResets => "fast-resets",
            Self::Memory => "memory",
        }
    }

    /// What the server does, and what is done with it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Cap => "30 ms to the first byte, 90 MB/s per connection, 800 MB/s in all; 4 GiB to memory",
            Self::Link => "20 ms to the first byte, 100 MB/s in all; 1 GiB to memory",
            Self::SlowDown => "SlowDown above 32 in flight, 30 ms, 20 MB/s per connection; 4 GiB to memory",
            Self::Tail => {
                "5 % of first bytes take 2 s, 1 % of bodies stand still; 64 MiB to memory, again and again"
            }
            Self::Resets => "1 % of bodies are reset, 30 ms, 90 MB/s per connection, 800 MB/s in all; 8 GiB",
            Self::FastResets => "1 % of bodies are reset, nothing else; 8 GiB",
            Self::Memory => "cp of 10 GiB to a file",
        }
    }

    /// Runs it.
    ///
    /// # Errors
    /// When a transfer fails, or brings wrong bytes.
    pub(crate) fn run(self, options: &Options) -> Result<Outcome> {
        match self {
            Self::Cap => cap::run(self.name(), options),
            Self::Link => link::run(self.name(), options),
            Self::SlowDown => slow_down::run(self.name(), options),
            Self::Tail => tail::run(self.name(), options),
            Self::Resets => resets::run(self.name(), &resets::PACE, options),
            Self::FastResets => resets::run(self.name(), &[], options),
            Self::Memory => memory::run(self.name(), options),
        }
    }
}
