//! `Report`: what a `cp` tells about each object and about all of them.

use std::sync::Arc;
use std::time::Instant;

use rangeway::Error;
use serde::Serialize;

use super::object::{Copied, Done};
use crate::commands::tally::{ErrorRecord, Tally};
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::output::{Stop, unless_closed};
use crate::text;

/// Counts and shows outcomes.
#[derive(Debug)]
pub(super) struct Report {
    context: Arc<Context>,
    /// Whether one thing was asked for, and as far as is known yet it is an object.
    is_one: bool,
    /// Whether nothing is written.
    is_dry_run: bool,
    started: Instant,
    tally: Tally,
    skipped: u64,
    planned: u64,
    bytes: u64,
    /// Whether something was copied of which the size is not known: the service did it.
    has_unsized: bool,
}

#[derive(Serialize)]
struct Record<'a> {
    source: &'a str,
    target: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorRecord>,
}

impl Report {
    pub(super) fn new(context: Arc<Context>, is_one: bool, is_dry_run: bool) -> Self {
        Self {
            context,
            is_one,
            is_dry_run,
            started: Instant::now(),
            tally: Tally::default(),
            skipped: 0,
            planned: 0,
            bytes: 0,
            has_unsized: false,
        }
    }

    /// Counts a source that could not even be looked at.
    pub(super) fn fail(&mut self, error: &Error) {
        self.tally.fail(error);
        self.context.output.error(error);
    }

    /// Counts and shows what became of one object.
    pub(super) fn add(&mut self, copied: &Copied) -> Result<(), Stop> {
        let output = Arc::clone(&self.context.output);
        self.is_one &= !copied.is_listed;
        let mut record = Record {
            source: &copied.source,
            target: &copied.target,
            status: "copied",
            size: None,
            etag: None,
            version: None,
            error: None,
        };
        match &copied.result {
            Ok(Done::Copied { size, response }) => {
                self.tally.done();
                self.bytes += size.unwrap_or(0);
                self.has_unsized |= size.is_none();
                record.size = *size;
                record.etag = response.etag.as_deref();
                record.version = response.version.as_deref();
            }
            Ok(Done::Skipped) => {
                self.skipped += 1;
                record.status = "skipped";
            }
            Ok(Done::Planned { size }) => {
                self.planned += 1;
                self.bytes += size;
                record.size = Some(*size);
                record.status = "planned";
            }
            Err(error) => {
                self.fail(error);
                record.status = "failed";
                record.error = Some(error.into());
            }
        }
        if output.is_json() {
            return unless_closed(output.record(&record));
        }
        let says_enough = self.is_one && record.status == "copied";
        if output.is_quiet() || says_enough || record.status == "failed" {
            return Ok(());
        }
        let what = match record.status {
            "skipped" => "exists: ",
            "planned" => "would copy: ",
            _ => "",
        };
        let (source, target) = (output.name(record.source), output.name(record.target));
        unless_closed(output.line(&format!("{what}{source} -> {target}")))
    }

    /// Sums up.
    pub(super) fn finish(&self) {
        let elapsed = self.started.elapsed();
        let mut parts = Vec::new();
        if self.is_dry_run {
            parts.push(format!("would copy {}, {}", text::objects(self.planned), text::bytes(self.bytes)));
        } else if self.has_unsized {
            let objects = text::objects(self.tally.succeeded());
            parts.push(format!("copied {objects} in {:.1} s", elapsed.as_secs_f64()));
        } else if self.tally.succeeded() > 0 || (self.skipped == 0 && self.tally.failed() == 0) {
            parts.push(format!(
                "copied {}, {} in {:.1} s ({})",
                text::objects(self.tally.succeeded()),
                text::bytes(self.bytes),
                elapsed.as_secs_f64(),
                text::rate(self.bytes, elapsed),
            ));
        }
        if self.skipped > 0 {
            parts.push(format!("left {} as before", text::objects(self.skipped)));
        }
        if self.tally.failed() > 0 && !self.is_one {
            parts.push(format!("{} failed", self.tally.failed()));
        }
        if !parts.is_empty() {
            self.context.output.summary(&parts.join("; "));
        }
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        self.tally.exit_code(self.is_one)
    }
}
