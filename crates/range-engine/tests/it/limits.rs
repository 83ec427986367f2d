//! Limits: memory stays bounded, and nobody waits for memory that only they could free.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use rangeway_core::{GetOptions, PutOptions, Result, Store, StoreExt};
use rangeway_range_engine::Ranged;

use crate::faulty::Faulty;
use crate::reads::{data, policy};

const KIB: u64 = 1 << 10;

async fn store(objects: u64, length: u64) -> Result<(Ranged<Faulty>, Bytes)> {
    let store =
        Ranged::new(Faulty::new(), policy().in_flight(16).memory_limit(256 * KIB).put_threshold(64 * KIB))?;
    let bytes = data(length);
    for object in 0..objects {
        store.inner().memory().put_bytes(object.to_string(), bytes.clone()).await?;
    }
    Ok((store, bytes))
}

async fn bounded<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), future).await.expect("no deadlock")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_holds_no_more_than_the_limit() -> Result<()> {
    let (store, bytes) = store(1, 4096 * KIB).await?;
    let mut body = store.get(&"0".into(), GetOptions::new()).await?.body.stream();
    let mut seen = Vec::new();
    while let Some(chunk) = bounded(body.next()).await {
        seen.extend_from_slice(&chunk?);
    }
    assert_eq!(seen, bytes);
    // One part may be overdrawn: the one that the consumer waits for.
    assert!(store.stats().peak_buffered <= (256 + 64) * KIB, "{:?}", store.stats());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_half_read_streams_do_not_block_each_other() -> Result<()> {
    let (store, bytes) = store(8, 1024 * KIB).await?;
    let mut bodies = Vec::new();
    for object in 0..8 {
        let mut body = store.get(&object.to_string().into(), GetOptions::new()).await?.body;
        // Starts reading ahead, and is then left alone.
        let first = bounded(body.chunk()).await?.unwrap_or_default();
        bodies.push((first.to_vec(), body));
    }
    for (mut seen, mut body) in bodies.into_iter().rev() {
        while let Some(chunk) = bounded(body.chunk()).await? {
            seen.extend_from_slice(&chunk);
        }
        assert_eq!(seen, bytes);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_through_one_store_do_not_block_each_other() -> Result<()> {
    let (store, bytes) = store(4, 1024 * KIB).await?;
    let store = Arc::new(store);
    let copies = (0..4).map(|object| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let body = store.get(&object.to_string().into(), GetOptions::new()).await?.body;
            store.put(&format!("copy{object}").into(), body.into(), PutOptions::new()).await
        })
    });
    for copy in copies.collect::<Vec<_>>() {
        bounded(copy).await.expect("no panic")?;
    }
    for object in 0..4 {
        assert_eq!(store.inner().memory().get_bytes(format!("copy{object}")).await?, bytes);
    }
    Ok(())
}
