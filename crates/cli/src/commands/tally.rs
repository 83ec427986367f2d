//! `Tally`: how many of many things went well, and the exit code that follows.

use rangeway::{Error, ErrorKind};
use serde::Serialize;

use crate::exit_code::ExitCode;

/// Counts outcomes.
#[derive(Debug, Default)]
pub(super) struct Tally {
    done: u64,
    failed: u64,
    last_failure: Option<ErrorKind>,
}

impl Tally {
    /// Counts something that went well.
    pub(super) fn done(&mut self) {
        self.done += 1;
    }

    /// Counts something that failed.
    pub(super) fn fail(&mut self, error: &Error) {
        self.failed += 1;
        self.last_failure = Some(error.kind());
    }

    /// How many went well.
    pub(super) fn succeeded(&self) -> u64 {
        self.done
    }

    /// How many failed.
    pub(super) fn failed(&self) -> u64 {
        self.failed
    }

    /// The exit code; when one thing was asked for by name, its failure has a code of its own.
    pub(super) fn exit_code(&self, asked_for_one: bool) -> ExitCode {
        match self.last_failure {
            None => ExitCode::Success,
            Some(kind) if asked_for_one => kind.into(),
            Some(_) => ExitCode::Failed,
        }
    }
}

/// An error in JSON.
#[derive(Debug, Serialize)]
pub(super) struct ErrorRecord {
    kind: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl From<&Error> for ErrorRecord {
    fn from(error: &Error) -> Self {
        Self {
            kind: error.kind().as_str(),
            message: error.to_string(),
            hint: error.hint().map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_failed_is_never_success() {
        let mut tally = Tally::default();
        tally.done();
        assert_eq!(tally.exit_code(false), ExitCode::Success);
        tally.fail(&Error::new(ErrorKind::NotFound, ""));
        assert_eq!((tally.succeeded(), tally.failed()), (1, 1));
        assert_eq!(tally.exit_code(false), ExitCode::Failed);
        assert_eq!(tally.exit_code(true), ExitCode::NotFound);
    }
}
