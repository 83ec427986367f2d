//! Limits: memory stays bounded, and nobody waits for memory that only they could free.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use rangeway_core::{GetOptions, PutOptions, Result, Store, StoreExt};
use rangeway_range_engine::Ranged;

use crate::faulty::{Fault, Faulty};
use crate::reads::{Mode, consume, data, policy};

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
    assert!(store.stats().peak_buffered <= 256 * KIB, "{:?}", store.stats());
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

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded_under_any_number_of_reads() -> Result<()> {
    let (store, bytes) = store(1, 1000 * KIB).await?;
    let store = Arc::new(store);
    let reads = (0..200).map(|number| {
        let (store, bytes) = (Arc::clone(&store), bytes.clone());
        tokio::spawn(async move {
            let body = store.get(&"0".into(), GetOptions::new()).await?.body;
            let mode = if number % 2 == 0 { Mode::WriteTo } else { Mode::Stream };
            assert!(consume(body, mode).await? == bytes, "wrong bytes");
            Ok::<_, rangeway_core::Error>(())
        })
    });
    for read in reads.collect::<Vec<_>>() {
        bounded(read).await.expect("right bytes")?;
    }
    let stats = store.stats();
    assert!(stats.peak_buffered <= 256 * KIB && stats.peak_buffered >= 192 * KIB, "{stats:?}");
    assert!(stats.peak_in_flight <= 16, "{stats:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded_under_any_number_of_writes() -> Result<()> {
    let faulty = Faulty::new().on_part(|_| Fault::Delay(Duration::from_secs(3)));
    let store = Ranged::new(faulty, policy().in_flight(16).memory_limit(256 * KIB).put_threshold(64 * KIB))?;
    let bytes = data(500 * KIB);
    let writes = (0..40).map(|number| {
        let (store, bytes) = (store.clone(), bytes.clone());
        tokio::spawn(
            async move { store.put(&number.to_string().into(), bytes.into(), PutOptions::new()).await },
        )
    });
    for write in writes.collect::<Vec<_>>() {
        write.await.expect("no panic")?;
    }
    assert_eq!(store.inner().memory().get_bytes("39").await?, bytes);
    let stats = store.stats();
    assert!(stats.peak_buffered <= 256 * KIB && stats.peak_buffered >= 192 * KIB, "{stats:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn streams_that_nobody_goes_on_with_keep_no_memory_from_others() -> Result<()> {
    let (store, bytes) = store(1, 1024 * KIB).await?;
    let mut stalled = Vec::new();
    for _ in 0..4 {
        let mut body = store.get(&"0".into(), GetOptions::new()).await?.body;
        body.chunk().await?;
        stalled.push(body);
    }
    assert_eq!(store.stats().peak_buffered, 256 * KIB, "nothing is left");
    for mode in [Mode::WriteTo, Mode::Stream, Mode::Read, Mode::ChunkThenWriteTo, Mode::ChunkThenReadInto] {
        let body = store.get(&"0".into(), GetOptions::new()).await?.body;
        assert!(bounded(consume(body, mode)).await? == bytes, "wrong bytes: {mode:?}");
    }
    assert_eq!(store.stats().peak_buffered, 256 * KIB);
    Ok(())
}

#[tokio::test]
async fn a_part_larger_than_the_limit_is_written_in_pieces() -> Result<()> {
    let bytes = data(1024 * KIB);
    let faulty = Faulty::new().on_get(|_| Fault::IgnoreRange);
    faulty.memory().put_bytes("0", bytes.clone()).await?;
    let store = Ranged::new(faulty, policy().memory_limit(256 * KIB))?;
    let body = store.get(&"0".into(), GetOptions::new()).await?.body;
    assert!(consume(body, Mode::WriteTo).await? == bytes, "wrong bytes");
    let buffered = store.stats().peak_buffered;
    assert!((1..=256 * KIB).contains(&buffered), "{buffered}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_used_again_once_nobody_has_them() -> Result<()> {
    let length = 3 << 20;
    let bytes = data(length);
    let faulty = Faulty::new();
    faulty.memory().put_bytes("0", bytes.clone()).await?;
    let store = Ranged::new(faulty, policy().in_flight(4))?;
    let first = store.get_bytes("0").await?;
    let second = store.get_bytes("0").await?;
    assert!(
        first.as_ptr() != second.as_ptr() && first == bytes && second == bytes,
        "memory in use was used again"
    );
    let (address, slice) = (first.as_ptr(), first.slice(7..));
    drop(first);
    let other = store.get_bytes("0").await?.as_ptr();
    assert!(other != address && slice == bytes[7..], "a slice is in use");
    drop(slice);
    let third = store.get_bytes("0").await?;
    assert!([address, other].contains(&third.as_ptr()), "fresh memory");
    assert!(third == bytes && second == bytes, "wrong bytes");
    drop(store);
    assert!(third == bytes, "results outlive their store");
    Ok(())
}
