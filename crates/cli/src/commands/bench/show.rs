//! What was measured, row by row as it comes: a table for people, records for programs.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::commands::lane::Lane;
use crate::output::{Output, Stop};
use crate::text;
use crate::work::Work;

pub(super) const READ: &str = "read";
pub(super) const READ_ONE_STREAM: &str = "read, one stream";

const MIB: f64 = 1_048_576.0;
const GIB: f64 = 1_073_741_824.0;

/// Shows lanes.
#[derive(Debug)]
pub(super) struct Table {
    output: Arc<Output>,
    iterations: u16,
    rows: Vec<Row>,
}

/// What was measured of one lane. Rates are bytes per second; work is that of all iterations together.
#[derive(Debug, Serialize)]
struct Row {
    operation: &'static str,
    size: u64,
    count: usize,
    iterations: usize,
    seconds: f64,
    bytes_per_second: f64,
    lowest_bytes_per_second: f64,
    highest_bytes_per_second: f64,
    objects_per_second: f64,
    cpu_seconds_per_gib: f64,
    #[serde(flatten)]
    work: Work,
}

impl Row {
    #[allow(clippy::cast_precision_loss, reason = "a rate needs few digits")]
    fn new(operation: &'static str, lane: &Lane) -> Self {
        let objects = lane.objects();
        let (total, turns, times) = (objects.total() as f64, lane.turns(), lane.times());
        let seconds = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64).max(1e-9);
        let processor: Duration = turns.iter().map(|turn| turn.processor).sum();
        let median = seconds(Some(&lane.time()));
        Self {
            operation,
            size: objects.size(),
            count: objects.count(),
            iterations: turns.len(),
            seconds: median,
            bytes_per_second: total / median,
            lowest_bytes_per_second: total / seconds(times.last()),
            highest_bytes_per_second: total / seconds(times.first()),
            objects_per_second: objects.count() as f64 / median,
            cpu_seconds_per_gib: processor.as_secs_f64() * GIB / (total * turns.len().max(1) as f64),
            work: turns.iter().map(|turn| turn.work).fold(Work::default(), Work::and),
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "a number of MiB with one digit")]
    fn line(&self) -> String {
        let rate = |rate: f64| format!("{:.1}", rate / MIB);
        let Work { requests, retries, hedges, peak_in_flight, peak_memory, .. } = self.work;
        line([
            self.operation,
            &format!("{} x {}", self.count, text::bytes(self.size)),
            &rate(self.bytes_per_second),
            &format!("{} - {}", rate(self.lowest_bytes_per_second), rate(self.highest_bytes_per_second)),
            &format!("{:.1}", self.objects_per_second),
            &format!("{:.2}", self.cpu_seconds_per_gib),
            &requests.to_string(),
            &retries.to_string(),
            &hedges.to_string(),
            &peak_in_flight.to_string(),
            &peak_memory.map_or_else(String::new, |bytes| format!("{:.0}", bytes as f64 / MIB)),
        ])
    }
}

const HEAD: [&str; 11] = [
    "operation",
    "objects",
    "MiB/s",
    "from - to",
    "objects/s",
    "CPU-s/GiB",
    "requests",
    "retries",
    "hedges",
    "in flight",
    "MiB of memory",
];

/// Columns, the first of them aligned to the left.
fn line(cells: [&str; 11]) -> String {
    const WIDTHS: [usize; 11] = [16, 15, 8, 17, 9, 9, 8, 7, 6, 9, 13];
    let cells = cells.iter().zip(WIDTHS).enumerate().map(|(column, (cell, width))| match column {
        0 => format!("{cell:<width$}"),
        _ => format!("{cell:>width$}"),
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

impl Table {
    /// A table of what was measured `iterations` times.
    pub(super) fn new(output: Arc<Output>, iterations: u16) -> Self {
        Self { output, iterations, rows: Vec::new() }
    }

    /// Shows what was measured of a lane.
    pub(super) fn row(&mut self, operation: &'static str, lane: &Lane) -> Result<(), Stop> {
        let row = Row::new(operation, lane);
        if self.output.is_json() {
            self.output.record(&row)?;
        } else {
            if self.rows.is_empty() {
                self.output.line(&line(HEAD))?;
            }
            self.output.line(&row.line())?;
        }
        self.rows.push(row);
        // The next one may take minutes.
        self.output.flush()
    }

    /// Says what the numbers mean.
    pub(super) fn finish(&self) -> Result<(), Stop> {
        if self.output.is_json() {
            return Ok(());
        }
        notes(&self.rows, self.iterations).iter().try_for_each(|note| self.output.line(note))
    }
}

fn notes(rows: &[Row], iterations: u16) -> Vec<String> {
    let times = if iterations == 1 { "once".to_owned() } else { format!("{iterations} times") };
    let mut notes = vec![
        String::new(),
        format!(
            "Each was done {times}: the rate is the median, requests, retries and hedges are those of all."
        ),
        "The memory is the peak of the whole program, the objects themselves included.".to_owned(),
    ];
    if rows.iter().any(|row| row.operation != "write") {
        notes.push("Every byte that was read was right.".to_owned());
    }
    let of = |operation| rows.iter().find(move |row| row.operation == operation && row.count == 1);
    if let (Some(engine), Some(single)) = (of(READ), of(READ_ONE_STREAM))
        && engine.work.requests > single.work.requests
    {
        let ratio = engine.bytes_per_second / single.bytes_per_second;
        notes.push(format!("Parallel ranges read {ratio:.1} times as fast as one stream."));
    }
    notes
}
