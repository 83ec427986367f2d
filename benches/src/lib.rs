//! What the throughput programs share: measuring this process, reporting, and the machine they ran on.
//!
//! A program measures each run with a [`Meter`], keeps the numbers as [`Sample`]s, and writes them three times: every
//! sample as CSV, medians as a [`Table`], and the column that matters as a [`BarChart`].
#![forbid(unsafe_code)]

mod chart;
mod csv;
mod helper;
mod launch;
mod machine;
mod measure;
mod process;
mod report;
mod sample;
mod server;
mod table;

pub use {
    chart::{Bar, BarChart, BarGroup},
    csv::to_csv,
    helper::helper,
    launch::{launcher, run_launcher},
    machine::Machine,
    measure::{Meter, Usage},
    process::Process,
    report::Report,
    sample::{Medians, Sample, median, medians},
    server::{ServerCounts, ServerProcess},
    table::{Table, bytes, number},
};
