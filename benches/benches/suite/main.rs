//! What single steps of a transfer cost: `cargo bench -p rangeway-benches`, half a minute in all.
//!
//! Rates of whole transfers are measured by other programs; here is what they are made of.
#![forbid(unsafe_code)]

mod answer;
mod memory;
mod plan;
mod request;
mod small;
mod window;

use std::time::Duration;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    plan::bench(&mut criterion);
    window::bench(&mut criterion);
    memory::bench(&mut criterion);
    answer::bench(&mut criterion);
    request::bench(&mut criterion);
    small::bench(&mut criterion);
    criterion.final_summary();
}
