//! Writes: all of the object or none of it, and no upload left open.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use rangeway_core::{
    CopyOptions, Error, ErrorKind, PartSpec, Payload, PutMode, PutOptions, Result, Store, StoreExt,
};
use rangeway_range_engine::Ranged;

use crate::faulty::{Fault, Faulty};
use crate::reads::{data, policy};

const KIB: u64 = 1 << 10;

fn ranged(faulty: Faulty) -> Result<Ranged<Faulty>> {
    Ranged::new(faulty, policy().put_threshold(100 * KIB))
}

fn chunks(bytes: &Bytes, size: usize) -> Vec<Result<Bytes>> {
    bytes.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect()
}

pub(crate) fn open_uploads(store: &Ranged<Faulty>) -> usize {
    store.inner().log.open_uploads.load(Ordering::Relaxed)
}

#[tokio::test]
async fn every_payload_of_every_size_arrives_whole() -> Result<()> {
    for length in [0, 1, 100 * KIB, 100 * KIB + 1, 640 * KIB] {
        let bytes = data(length);
        let payloads: [(&str, Payload); 5] = [
            ("bytes", bytes.clone().into()),
            ("rope", bytes.chunks(7777).map(Bytes::copy_from_slice).collect::<Vec<_>>().into()),
            ("known", Payload::stream(Some(length), stream::iter(chunks(&bytes, 3333)))),
            ("unknown", Payload::stream(None, stream::iter(chunks(&bytes, 100_000)))),
            ("body", rangeway_core::Body::from_bytes(bytes.clone()).into()),
        ];
        for (name, payload) in payloads {
            let store = ranged(Faulty::new())?;
            store.put(&"k".into(), payload, PutOptions::new()).await?;
            assert_eq!(store.inner().memory().get_bytes("k").await?, bytes, "{name} of {length}");
            let puts = store.inner().log.puts.load(Ordering::Relaxed);
            assert_eq!(puts, usize::from(length <= 100 * KIB), "{name} of {length}: one request if small");
            assert_eq!((open_uploads(&store), store.stats().bytes_written), (0, length));
        }
    }
    Ok(())
}

#[tokio::test]
async fn parts_have_the_planned_sizes() -> Result<()> {
    let store = ranged(Faulty::new())?;
    store.put_bytes("k", data(300 * KIB)).await?;
    let parts = store.inner().log.parts.lock().expect("not poisoned").clone();
    let expected = [(1, 64 * KIB), (2, 64 * KIB), (3, 64 * KIB), (4, 64 * KIB), (5, 44 * KIB)];
    assert_eq!(parts.into_iter().collect::<Vec<_>>(), expected);
    Ok(())
}

#[tokio::test]
async fn passing_failures_are_sent_again() -> Result<()> {
    let script = |call| if call % 2 == 0 { Fault::Fail(ErrorKind::RateLimited) } else { Fault::None };
    let store = ranged(Faulty::new().on_part(script))?;
    let bytes = data(300 * KIB);
    store.put_bytes("k", bytes.clone()).await?;
    assert_eq!(store.inner().memory().get_bytes("k").await?, bytes);
    assert!(store.stats().retries >= 1);
    Ok(())
}

#[tokio::test]
async fn a_final_failure_aborts_the_upload() -> Result<()> {
    let script = |call| if call == 2 { Fault::Fail(ErrorKind::PermissionDenied) } else { Fault::None };
    let store = ranged(Faulty::new().on_part(script))?;
    let error = store.put_bytes("k", data(600 * KIB)).await.expect_err("denied");
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(open_uploads(&store), 0);
    assert!(store.inner().memory().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_payload_that_fails_leaves_nothing() -> Result<()> {
    let broken = || {
        let failed = Err(Error::new(ErrorKind::Io, "the disk is gone"));
        stream::iter(chunks(&data(500 * KIB), 50_000)).chain(stream::iter([failed]))
    };
    for payload in [
        Payload::stream(None, broken()),
        Payload::stream(Some(900 * KIB), broken()),
        Payload::stream(Some(900 * KIB), stream::iter(chunks(&data(500 * KIB), 50_000))),
        Payload::stream(Some(400 * KIB), stream::iter(chunks(&data(500 * KIB), 50_000))),
    ] {
        let store = ranged(Faulty::new())?;
        store.put(&"k".into(), payload, PutOptions::new()).await.expect_err("broken payload");
        assert_eq!(open_uploads(&store), 0);
        assert!(store.inner().memory().is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_dropped_write_aborts_its_upload() -> Result<()> {
    let store = ranged(Faulty::new().on_part(|call| if call < 2 { Fault::None } else { Fault::Hang }))?;
    let put = store.put_bytes("k", data(600 * KIB));
    let waited = tokio::time::timeout(Duration::from_millis(50), put).await;
    assert!(waited.is_err(), "the parts hang");
    store.drain().await;
    assert_eq!(open_uploads(&store), 0);
    assert!(store.inner().memory().is_empty());
    Ok(())
}

#[tokio::test]
async fn an_upload_is_aborted_when_none_of_its_parts_is_under_way() -> Result<()> {
    let late = Fault::Delay(Duration::from_millis(20));
    let fails = move |call| if call == 1 { Fault::Fail(ErrorKind::PermissionDenied) } else { late };
    for store in [ranged(Faulty::new().on_part(fails))?, ranged(Faulty::new().on_part(move |_| late))?] {
        let put = store.put_bytes("k", data(600 * KIB));
        let ended = tokio::time::timeout(Duration::from_millis(5), put).await;
        assert!(!matches!(ended, Ok(Ok(_))), "it failed or was dropped");
        store.drain().await;
        assert_eq!(open_uploads(&store), 0);
        assert_eq!(store.inner().log.parts_at_abort.load(Ordering::Relaxed), 0);
    }
    Ok(())
}

#[tokio::test]
async fn conditions_hold_for_large_writes_too() -> Result<()> {
    let store = ranged(Faulty::new())?;
    store.put_bytes("k", "old").await?;
    let create = PutOptions::new().mode(PutMode::Create);
    let error = store.put(&"k".into(), data(300 * KIB).into(), create).await.expect_err("exists");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(open_uploads(&store), 0);
    assert_eq!(store.get_bytes("k").await?, "old");
    Ok(())
}

#[tokio::test]
async fn uploads_by_hand_are_retried_too() -> Result<()> {
    let script = |call| if call == 0 { Fault::Fail(ErrorKind::Service) } else { Fault::None };
    let store = ranged(Faulty::new().on_part(script))?;
    let upload = store.start_multipart(&"k".into(), PutOptions::new()).await?;
    let second = upload.put_part(PartSpec { number: 2, offset: 3 }, "def".into()).await?;
    let first = upload.put_part(PartSpec { number: 1, offset: 0 }, "abc".into()).await?;
    upload.complete(vec![first, second]).await?;
    assert_eq!(store.get_bytes("k").await?, "abcdef");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_copy_may_take_as_long_as_it_takes() -> Result<()> {
    let store = ranged(Faulty::new().copy_time(Duration::from_hours(5)))?;
    store.inner().memory().put_bytes("k", "abc").await?;
    store.copy(&"k".into(), &"copy".into(), CopyOptions::new()).await?;
    assert_eq!((store.get_bytes("copy").await?, store.stats().retries), ("abc".into(), 0));
    Ok(())
}
