//! What the range engine finds on simulated services, as a table: `cargo run --release -p rangeway-benches --bin simulate`
#![allow(clippy::print_stdout, reason = "a program's output is for people")]

use rangeway_benches::{Table, bytes, number};
use rangeway_range_engine::simulation;

fn main() {
    let mut table = Table::new([
        "service",
        "all, MB/s",
        "one connection, MB/s",
        "first byte, ms",
        "at a time",
        "read",
        "found, MB/s",
        "share",
        "nine tenths after, s",
        "requests",
        "refused after 2 s",
        "largest window",
        "last window",
    ]);
    for row in simulation::rows() {
        #[allow(clippy::cast_precision_loss, reason = "sizes of objects")]
        let read = row.bytes as f64;
        table.push([
            row.name.to_owned(),
            number(row.link / 1e6),
            number(row.per_connection / 1e6),
            number(row.latency.as_secs_f64() * 1e3),
            row.in_flight.map_or_else(|| "any".to_owned(), |limit| limit.to_string()),
            bytes(read),
            number(row.rate / 1e6),
            format!("{:.1} %", row.share * 100.0),
            row.reached.map_or_else(|| "never".to_owned(), |time| number(time.as_secs_f64())),
            row.requests.to_string(),
            format!("{:.1} %", row.refused * 100.0),
            row.largest.to_string(),
            row.last.to_string(),
        ]);
    }
    print!("{table}");
}
