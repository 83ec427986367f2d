//! Planning: the ranges of a read.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use rangeway_range_engine::bench::plan;

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plan");
    for (name, length) in [("1 GiB", 1 << 30), ("1 TiB", 1 << 40)] {
        group.throughput(Throughput::Elements(plan(length)));
        group.bench_function(name, |bencher| bencher.iter(|| plan(black_box(length))));
    }
}
