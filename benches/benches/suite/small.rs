//! Small objects: what the engine adds to a read from memory, and a whole GET over loopback.

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput};
use futures::future::join_all;
use rangeway::{Env, MemoryStore, Policy, Ranged, Registry, Settings, Store, StoreExt};
use rangeway_testkit::PacingServerOptions;
use tokio::runtime::Runtime;

const SIZES: [&str; 2] = ["1KiB", "64KiB"];

/// How many GETs are under way at once where there are several.
const AT_ONCE: usize = 32;

pub(crate) fn bench(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("threads");
    let memory = Arc::new(MemoryStore::new("bench"));
    for (name, size) in SIZES.into_iter().zip([1 << 10, 64 << 10]) {
        runtime.block_on(memory.put_bytes(format!("{name}/x").as_str(), vec![7; size])).expect("written");
    }
    let ranged = Ranged::new(Arc::clone(&memory) as Arc<dyn Store>, Policy::network()).expect("a policy");
    let stores: [(&str, Arc<dyn Store>); 2] = [("memory", memory), ("memory, engine", Arc::new(ranged))];
    for (name, store) in &stores {
        one(criterion, &runtime, name, store);
    }

    let server = PacingServerOptions::new().start().expect("a port");
    let settings = Settings::new(Env::empty())
        .set("endpoint", server.endpoint())
        .set("access-key-id", "id")
        .set("secret-access-key", "secret");
    let (store, _) = Registry::linked().open("s3://bucket", &settings).expect("a bucket");
    one(criterion, &runtime, "loopback", &store);
    many(criterion, &runtime, "loopback, 32 at once", &store);
}

/// One GET after the other.
fn one(criterion: &mut Criterion, runtime: &Runtime, name: &str, store: &Arc<dyn Store>) {
    let mut group = criterion.benchmark_group(format!("small objects, {name}"));
    group.throughput(Throughput::Elements(1));
    for size in SIZES {
        let key = format!("{size}/x");
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher
                .to_async(runtime)
                .iter(|| async { store.get_bytes(key.as_str()).await.expect("read").len() });
        });
    }
}

/// Several at once, each on a task of its own.
fn many(criterion: &mut Criterion, runtime: &Runtime, name: &str, store: &Arc<dyn Store>) {
    let mut group = criterion.benchmark_group(format!("small objects, {name}"));
    group.throughput(Throughput::Elements(AT_ONCE as u64));
    for size in SIZES {
        let get = || {
            let (store, key) = (Arc::clone(store), format!("{size}/x"));
            tokio::spawn(async move { store.get_bytes(key.as_str()).await.expect("read").len() })
        };
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.to_async(runtime).iter(|| async { join_all((0..AT_ONCE).map(|_| get())).await.len() });
        });
    }
}
