//! The window: what a completion costs, and the right to have a request in flight.

use std::time::Duration;

use criterion::{Criterion, Throughput};
use rangeway_range_engine::bench::{Permits, Window};

const PART: u64 = 8 << 20;

/// Requests that end one after the other, 10 ms apart.
const COMPLETIONS: u32 = 10_000;

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("window");
    group.throughput(Throughput::Elements(u64::from(COMPLETIONS)));
    group.bench_function("completions", |bencher| {
        bencher.iter(|| {
            let mut window = Window::new(16);
            let step = Duration::from_millis(10);
            (1..=COMPLETIONS).map(|number| window.completed(step * number, PART * u64::from(number))).max()
        });
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("a permit", |bencher| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let permits = Permits::new();
        bencher.to_async(runtime.expect("threads")).iter(|| permits.acquire());
    });
}
