//! What the demo found, for people and for programs.

use std::time::Duration;

use serde::Serialize;

use super::ROUNDS;
use crate::commands::lane::Lane;
use crate::output::{Output, Stop};
use crate::text;
use crate::work::Work;

/// The findings.
#[derive(Debug, Serialize)]
pub(super) struct Record {
    size: u64,
    verified: bool,
    write: Finding,
    read_single_stream: Finding,
    read_engine: Finding,
    /// How many times as fast as the single stream the engine was.
    ratio: f64,
}

#[derive(Debug, Serialize)]
struct Finding {
    seconds: f64,
    bytes_per_second: f64,
    #[serde(flatten)]
    work: Work,
}

impl Finding {
    #[allow(clippy::cast_precision_loss, reason = "a rate needs few digits")]
    fn new(size: u64, lane: &Lane) -> Self {
        let seconds = lane.time().as_secs_f64().max(1e-9);
        Self {
            seconds,
            bytes_per_second: size as f64 / seconds,
            work: lane.turns().last().map(|turn| turn.work).unwrap_or_default(),
        }
    }
}

impl Record {
    /// The findings of lanes that have all moved `size` right bytes.
    pub(super) fn new(size: u64, write: &Lane, single: &Lane, engine: &Lane) -> Self {
        let [write, single, engine] = [write, single, engine].map(|lane| Finding::new(size, lane));
        let ratio = single.seconds / engine.seconds;
        Self { size, verified: true, write, read_single_stream: single, read_engine: engine, ratio }
    }
}

/// Shows the findings.
pub(super) fn show(output: &Output, record: &Record) -> Result<(), Stop> {
    if output.is_json() {
        return output.record(record);
    }
    for line in lines(record) {
        output.line(&line)?;
    }
    Ok(())
}

fn lines(record: &Record) -> Vec<String> {
    let row = |name: &str, finding: &Finding, more: String| {
        let rate = text::rate(record.size, Duration::from_secs_f64(finding.seconds));
        format!("  {name:<18} {rate:>12}   {}{more}", finding.work.requests_in_words())
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    vec![
        String::new(),
        row("write", &record.write, String::new()),
        row("read, one stream", &record.read_single_stream, String::new()),
        row("read, rangeway", &record.read_engine, format!(": {:.1} times as fast", record.ratio)),
        String::new(),
        format!("Every byte was right in each of {} reads; the rates are medians.", 2 * ROUNDS),
        format!(
            "Client and server shared the {cores} cores of this machine, and there was no network between them."
        ),
        String::new(),
        "Now with a bucket of yours (credentials as the AWS tools have them):".to_owned(),
        "  rangeway ls s3://".to_owned(),
        "  rangeway cp FILE s3://BUCKET/".to_owned(),
    ]
}
