//! A request for a range: put together, signed, and written as it goes out.

use std::time::{Duration, SystemTime};

use criterion::{BatchSize, Criterion, Throughput};
use rangeway::Key;
use rangeway_backend_s3::bench::Requests;
use rangeway_transport::Request;
use rangeway_transport::bench::write;

pub(crate) fn bench(criterion: &mut Criterion) {
    let requests = Requests::new("bucket").expect("a bucket");
    let key = Key::from("data/2026/11/part-00017-of-01024.parquet");
    let time = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
    let signed = || -> Request { requests.get(&key, 8 << 20..16 << 20, time).expect("a request") };
    let mut group = criterion.benchmark_group("request");
    group.throughput(Throughput::Elements(1));
    group.bench_function("make and sign", |bencher| bencher.iter(signed));
    group.bench_function("write", |bencher| bencher.iter_batched(signed, write, BatchSize::SmallInput));
}
