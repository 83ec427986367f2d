//! Transfers of one store that depend on each other, or on a caller who takes his time: none waits for ever.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use futures::channel::mpsc;
use futures::stream::{self, StreamExt};
use futures::{SinkExt, future};
use rangeway_core::{
    ErrorKind, GetOptions, PartSpec, Payload, PutOptions, ReadAt, Result, Store, StoreExt, WriteAt,
};
use rangeway_range_engine::{Policy, Ranged};

use crate::faulty::{Fault, Faulty};
use crate::reads::{data, policy};
use crate::writes::open_uploads;

const KIB: u64 = 1 << 10;

fn narrow() -> Policy {
    policy().in_flight(1).memory_limit(64 * KIB).put_threshold(64 * KIB)
}

async fn bounded<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), future).await.expect("no deadlock")
}

/// Never goes on after `length` bytes.
fn stalling(announced: Option<u64>, length: u64) -> Payload {
    let chunks = if length == 0 { Vec::new() } else { vec![Ok(data(length))] };
    Payload::stream(announced, stream::iter(chunks).chain(stream::pending()))
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writes_can_be_fed_in_turn() -> Result<()> {
    for (announced, length) in [(true, 30 * KIB), (false, 30 * KIB), (true, 200 * KIB), (false, 200 * KIB)] {
        let store = Arc::new(Ranged::new(Faulty::new(), narrow())?);
        let (mut senders, mut writes) = (Vec::new(), Vec::new());
        for name in 0..20 {
            let (sender, receiver) = mpsc::channel(0);
            senders.push(sender);
            let (store, payload) =
                (Arc::clone(&store), Payload::stream(announced.then_some(length), receiver));
            writes.push(tokio::spawn(async move {
                store.put(&name.to_string().into(), payload, PutOptions::new()).await
            }));
        }
        let bytes = data(length);
        for piece in bytes.chunks(10_000).map(Bytes::copy_from_slice) {
            for sender in &mut senders {
                bounded(sender.send(Ok(piece.clone()))).await.expect("somebody reads");
            }
            // Others are served meanwhile.
            bounded(store.put_bytes("other", data(60 * KIB))).await?;
        }
        drop(senders);
        for write in writes {
            bounded(write).await.expect("no panic")?;
        }
        assert_eq!(store.inner().memory().get_bytes("19").await?, bytes);
    }
    Ok(())
}

/// A file that is the object `source` of a store, and writes to the objects named by their offsets.
#[derive(Debug)]
struct Through(Ranged<Faulty>);

#[async_trait]
impl ReadAt for Through {
    async fn read_at(&self, offset: u64, length: usize) -> Result<Bytes> {
        let options = GetOptions::new().range(offset..offset + length as u64);
        self.0.get(&"source".into(), options).await?.body.bytes().await
    }
}

#[async_trait]
impl WriteAt for Through {
    async fn write_at(&self, offset: u64, bytes: Bytes) -> Result<()> {
        self.0.put_bytes(offset.to_string(), bytes).await.map(|_| ())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_may_be_objects_of_the_same_store() -> Result<()> {
    let store = Ranged::new(Faulty::new(), narrow())?;
    let bytes = data(300 * KIB);
    store.inner().memory().put_bytes("source", bytes.clone()).await?;
    let through = Arc::new(Through(store.clone()));
    let payload = Payload::region(Arc::clone(&through) as Arc<dyn ReadAt>, 0..300 * KIB);
    bounded(store.put(&"copy".into(), payload, PutOptions::new())).await?;
    assert_eq!(store.inner().memory().get_bytes("copy").await?, bytes);
    let body = store.get(&"source".into(), GetOptions::new()).await?.body;
    bounded(body.write_to(through)).await?;
    assert!(!store.inner().memory().get_bytes("0").await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_wait_for_their_bytes_keep_nobody_from_sending() -> Result<()> {
    let store = Ranged::new(Faulty::new(), narrow())?;
    let upload = store.start_multipart(&"k".into(), PutOptions::new()).await?;
    let stalled = upload.put_part(PartSpec { number: 1, offset: 0 }, stalling(None, 10));
    let other = bounded(future::select(stalled, Box::pin(store.put_bytes("other", "abc")))).await;
    assert!(matches!(other, future::Either::Right((Ok(_), _))));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_ends_a_write_whose_payload_stands_still() -> Result<()> {
    for (announced, length) in [
        (None, 10 * KIB),
        (None, 64 * KIB),
        (None, 200 * KIB),
        (Some(20 * KIB), 10 * KIB),
        (Some(300 * KIB), 0),
        (Some(300 * KIB), 200 * KIB),
    ] {
        let store = Ranged::new(Faulty::new(), narrow())?;
        let options = PutOptions::new().deadline(Instant::now() + Duration::from_millis(100));
        let key = "k".into();
        let write = store.put(&key, stalling(announced, length), options);
        let error = bounded(write).await.expect_err("the deadline passes");
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, false), "{error:?}");
        assert_eq!(open_uploads(&store), 0);
        assert!(store.inner().memory().is_empty());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_ends_the_wait_for_others() -> Result<()> {
    let store =
        Ranged::new(Faulty::new().on_get(|_| Fault::Hang), narrow().first_byte_timeout(Duration::MAX))?;
    let silent = store.get_bytes("k");
    let options = GetOptions::new().deadline(Instant::now() + Duration::from_millis(100));
    let late = async {
        tokio::task::yield_now().await;
        store.get(&"k".into(), options).await
    };
    let future::Either::Right((outcome, _)) = bounded(future::select(Box::pin(silent), Box::pin(late))).await
    else {
        panic!("the first never ends");
    };
    assert_eq!(outcome.expect_err("the deadline passes").kind(), ErrorKind::Timeout);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_panics_leaves_no_upload() -> Result<()> {
    let store = Ranged::new(Faulty::new(), narrow())?;
    let chunks = stream::iter(0..4).map(|number| {
        assert!(number < 3, "a bug of the caller's");
        Ok(data(50 * KIB))
    });
    let error = store.put(&"k".into(), Payload::stream(Some(200 * KIB), chunks), PutOptions::new()).await;
    assert_eq!(error.expect_err("no payload").kind(), ErrorKind::Cancelled);
    assert_eq!(open_uploads(&store), 0);
    Ok(())
}

#[test]
fn writes_that_are_handed_on_as_they_are_need_no_timer() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let store = Ranged::new(Faulty::new(), Policy::local())?;
    let key = "k".into();
    let payload = Payload::from("abc");
    // The store in memory answers at once; the engine must not ask for the time either.
    runtime.block_on(store.put(&key, payload, PutOptions::new())).map(|_| ())
}
