//! Heads of answers, as S3 sends them.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use rangeway_transport::bench::parse;

const PARTIAL: &str = "HTTP/1.1 206 Partial Content\r\n\
    x-amz-id-2: TzXRmT0kEkHbFgDYmHbDMNYyFDzCmRFDFXOxYHrS4sKjCFR9mCMpXqNYb8SFYdtEcWMNQIrGFDs=\r\n\
    x-amz-request-id: 7XW1G8EXAMPLE0Q3\r\n\
    Date: Sat, 21 Nov 2026 11:00:00 GMT\r\n\
    Last-Modified: Fri, 20 Nov 2026 17:20:00 GMT\r\n\
    ETag: \"9b2cf535f27731c974343645a3985328-128\"\r\n\
    x-amz-storage-class: STANDARD_IA\r\n\
    x-amz-server-side-encryption: AES256\r\n\
    Accept-Ranges: bytes\r\n\
    Content-Range: bytes 8388608-16777215/1073741824\r\n\
    Content-Type: application/octet-stream\r\n\
    Content-Length: 8388608\r\n\
    Server: AmazonS3\r\n\r\n";

pub(crate) fn bench(criterion: &mut Criterion) {
    assert_eq!(parse(PARTIAL.as_bytes()), Some(PARTIAL.len()));
    let mut group = criterion.benchmark_group("answer");
    group.throughput(Throughput::Elements(1));
    group.bench_function("206 of S3", |bencher| bencher.iter(|| parse(black_box(PARTIAL.as_bytes()))));
}
