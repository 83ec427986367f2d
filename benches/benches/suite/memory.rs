//! Memory of results: fresh from the system each time, and used again.

use criterion::{Criterion, Throughput};
use rangeway_range_engine::bench::Memory;

/// More than any allocator keeps for its next use.
const LENGTH: usize = 64 << 20;

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("memory");
    // Each takes milliseconds.
    group.sample_size(10);
    group.throughput(Throughput::Bytes(LENGTH as u64));
    for (name, limit) in [("fresh", 0), ("used again", LENGTH as u64)] {
        let memory = Memory::new(limit);
        group.bench_function(name, |bencher| bencher.iter(|| memory.filled(LENGTH).len()));
    }
    group.throughput(Throughput::Elements(1));
    // Nothing but taking it and giving it back.
    let memory = Memory::new(LENGTH as u64);
    group.bench_function("take and give back", |bencher| bencher.iter(|| memory.taken(LENGTH)));
}
