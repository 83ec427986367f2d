//! What the throughput programs share: measuring this process, reporting, and the machine they ran on.
//!
//! A program measures each run with a [`Meter`], keeps the numbers as [`Sample`]s, and writes them three times: every
//! sample as CSV, medians as a [`Table`], and the column that matters as a [`BarChart`].
#![forbid(unsafe_code)]

mod chart;
mod csv;
mod machine;
mod measure;
mod report;
mod sample;
mod server;
mod table;

pub use {
    chart::{Bar, BarChart, BarGroup},
    csv::to_csv,
    machine::Machine,
    measure::{Meter, Usage, peak_memory},
    report::Report,
    sample::{Medians, Sample, median, medians},
    server::{ServerCounts, ServerProcess, serve},
    table::{Table, bytes, number},
};
