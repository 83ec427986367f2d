//! Programs: each run is a process, from its start to its end, measured by what the kernel says of it when it is over.

use std::path::PathBuf;

use anyhow::{Context, Result};
use rangeway_benches::{Usage, launcher, run_launcher};

use super::Client;
use crate::access::Access;

/// A program with its arguments.
pub(crate) struct Program<'a> {
    path: PathBuf,
    arguments: Vec<String>,
    access: Access,
    /// Runs before each run, outside of the measured time.
    prepare: Box<dyn Fn() -> Result<()> + 'a>,
    check: Box<dyn Fn() -> Result<()> + 'a>,
}

impl<'a> Program<'a> {
    pub(crate) fn new(
        path: impl Into<PathBuf>,
        arguments: &[&str],
        access: &Access,
        prepare: impl Fn() -> Result<()> + 'a,
        check: impl Fn() -> Result<()> + 'a,
    ) -> Self {
        Self {
            path: path.into(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            access: access.clone(),
            prepare: Box::new(prepare),
            check: Box::new(check),
        }
    }

    fn run(&self) -> Result<Usage> {
        (self.prepare)()?;
        run_launcher(launcher(&self.path)?.args(&self.arguments).envs(self.access.environment()))
            .with_context(|| self.path.display().to_string())
    }
}

impl Client for Program<'_> {
    fn check(&self) -> Result<()> {
        self.run()?;
        (self.check)()
    }

    fn measure(&self) -> Result<Usage> {
        self.run()
    }
}
