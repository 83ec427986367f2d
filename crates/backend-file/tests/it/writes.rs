//! Payloads of every kind, and that nothing stays behind when a write fails or nobody waits for it.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt};
use rangeway_backend_file::{FileStore, Policy, open};
use rangeway_core::{
    Attributes, Body, BodySource, CopyOptions, Error, ErrorKind, GetOptions, HeadOptions, PartSpec, Payload,
    Pipe, PutMode, PutOptions, ReadAt, Result, Store, StoreExt, UploadedPart, WriteAt,
};

use crate::{files, kind, store};

const MIB: usize = 1 << 20;

fn data(length: usize) -> Bytes {
    (0..length)
        .map(|at| at.to_le_bytes().iter().fold(7, |sum: u8, byte| sum.wrapping_mul(31) ^ byte))
        .collect()
}

#[derive(Debug)]
struct InMemory(Bytes);

#[async_trait::async_trait]
impl ReadAt for InMemory {
    async fn read_at(&self, offset: u64, length: usize) -> Result<Bytes> {
        let start = usize::try_from(offset).expect("small");
        Ok(self.0.slice(start..(start + length).min(self.0.len())))
    }
}

/// A body whose bytes come through pipes, as from a socket.
struct Piped(Bytes);

#[async_trait::async_trait]
impl BodySource for Piped {
    async fn chunk(&mut self) -> Result<Option<Bytes>> {
        Ok(Some(std::mem::take(&mut self.0)).filter(|bytes| !bytes.is_empty()))
    }

    async fn read(&mut self, buffer: &mut BytesMut) -> Result<usize> {
        let room = (buffer.capacity() - buffer.len()).min(self.0.len());
        buffer.extend_from_slice(&self.0.split_to(room));
        Ok(room)
    }

    async fn write_to(&mut self, target: &Arc<dyn WriteAt>, length: u64) -> Result<()> {
        assert!(target.takes_pipes());
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let mut pipe = Pipe::new(reader, writer);
        // Backwards, so that each offset counts.
        for (at, bytes) in self.0.chunks(60_001).enumerate().collect::<Vec<_>>().into_iter().rev() {
            pipe.writer().write_all(bytes).expect("less than the pipe takes");
            pipe.filled(bytes.len());
            pipe = target.write_pipe(at as u64 * 60_001, pipe).await?;
            assert_eq!(pipe.length(), 0);
        }
        assert_eq!(self.0.len() as u64, length);
        Ok(())
    }
}

fn pieces(whole: &Bytes, size: usize) -> Vec<Result<Bytes>> {
    (0..whole.len()).step_by(size).map(|at| Ok(whole.slice(at..(at + size).min(whole.len())))).collect()
}

#[tokio::test]
async fn every_kind_of_payload_gives_the_same_file() -> Result<()> {
    let (folder, store) = store();
    for length in [0, 1, MIB, MIB + 1, 13 * MIB + 5] {
        let whole = data(length);
        let stream = |announced| {
            let size = (length / 7).clamp(1, 100_000);
            Payload::stream(announced, stream::iter(pieces(&whole, size)))
        };
        let padded: Bytes = [&b"..."[..], &whole, &b"..."[..]].concat().into();
        let payloads = [
            whole.clone().into(),
            stream(Some(length as u64)),
            stream(None),
            Payload::region(Arc::new(InMemory(padded)), 3..3 + length as u64),
            Body::from_bytes(whole.clone()).into(),
            Body::from_stream(length as u64, stream::iter(pieces(&whole, 77_777))).into(),
            Body::new(length as u64, Piped(whole.clone())).into(),
        ];
        for (number, payload) in payloads.into_iter().enumerate() {
            let key = format!("{length}/{number}");
            let put = store.put(&key.as_str().into(), payload, PutOptions::new()).await?;
            assert!(store.get_bytes(&*key).await? == whole, "{key}");
            assert_eq!(put.etag, store.head(&key.into(), HeadOptions::new()).await?.meta.etag);
        }
    }
    assert_eq!(files(folder.path()).len(), 5 * 7);
    Ok(())
}

#[tokio::test]
async fn a_ranged_body_lands_in_a_file_in_parts() -> Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path(), Policy::local().threshold(MIB as u64))?;
    let whole = data(40 * MIB + 3);
    store.put(&"from".into(), whole.clone().into(), PutOptions::new()).await?;
    let body = store.get(&"from".into(), GetOptions::new()).await?.body;
    store.put(&"to".into(), body.into(), PutOptions::new().mode(rangeway_core::PutMode::Create)).await?;
    assert!(store.get_bytes("to").await? == whole);
    assert!(store.stats().peak_in_flight > 1, "{:?}", store.stats());
    assert_eq!(files(folder.path()).len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_failing_source_leaves_the_old_file_and_nothing_else() -> Result<()> {
    let (folder, store) = store();
    let whole = data(10 * MIB);
    let broken = || {
        let mut pieces = pieces(&whole, MIB);
        pieces[7] = Err(Error::new(ErrorKind::Interrupted, "the source broke"));
        stream::iter(pieces)
    };
    let announced = |length| Payload::stream(Some(length), stream::iter(pieces(&whole, MIB)));
    store.put_bytes("old", "old").await?;
    for (payload, expected) in [
        (Payload::stream(None, broken()), ErrorKind::Interrupted),
        (Body::from_stream(whole.len() as u64, broken()).into(), ErrorKind::Interrupted),
        (announced(whole.len() as u64 + 1), ErrorKind::InvalidInput),
        (announced(whole.len() as u64 - 1), ErrorKind::InvalidInput),
        (announced(0), ErrorKind::InvalidInput),
        (Payload::region(Arc::new(InMemory(whole.clone())), 5 << 20..11 << 20), ErrorKind::InvalidInput),
        #[allow(clippy::reversed_empty_ranges, reason = "what is to be refused")]
        (Payload::region(Arc::new(InMemory(whole.clone())), 5..4), ErrorKind::InvalidInput),
    ] {
        let shown = format!("{payload:?}");
        let put = store.put(&"old".into(), payload, PutOptions::new()).await;
        assert_eq!(kind(put).map(drop), Err(expected), "{shown}");
        assert_eq!(files(folder.path()).len(), 1, "{shown}");
        assert_eq!(store.get_bytes("old").await?, "old");
    }
    Ok(())
}

#[tokio::test]
async fn a_dropped_write_leaves_nothing_once_the_store_is_drained() -> Result<()> {
    let (folder, store) = store();
    for polls in 0..6 {
        // After two pieces the source waits for ever.
        let whole = data(9 * MIB);
        let source = stream::iter(pieces(&whole, 4 * MIB)).take(2).chain(stream::pending());
        let (key, payload) = ("deep/new".into(), Payload::stream(None, source));
        let mut put = store.put(&key, payload, PutOptions::new());
        for _ in 0..polls {
            assert!(futures::poll!(put.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
        drop(put);
        store.drain().await;
        assert_eq!(files(folder.path()), Vec::<std::path::PathBuf>::new(), "after {polls} polls");
    }
    // Also when the temporary file certainly was there.
    let key = "new".into();
    let mut put = store.put(&key, Payload::stream(None, stream::pending()), PutOptions::new());
    let until = Instant::now() + Duration::from_secs(20);
    while files(folder.path()).is_empty() {
        assert!(Instant::now() < until, "no temporary file");
        let _ = futures::poll!(put.as_mut());
        tokio::task::yield_now().await;
    }
    drop(put);
    store.drain().await;
    assert!(files(folder.path()).is_empty());
    Ok(())
}

#[test]
fn a_runtime_that_goes_away_takes_its_temporary_files_along() {
    let (folder, store) = store();
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    let task = runtime.spawn({
        let store = store.clone();
        async move {
            let payload = Payload::stream(None, stream::iter([Ok(data(5 * MIB))]).chain(stream::pending()));
            store.put(&"new".into(), payload, PutOptions::new()).await
        }
    });
    let until = Instant::now() + Duration::from_secs(20);
    while files(folder.path()).is_empty() {
        assert!(Instant::now() < until, "no temporary file");
        std::thread::yield_now();
    }
    drop(runtime);
    drop(task);
    assert!(files(folder.path()).is_empty(), "{:?}", files(folder.path()));
}

#[tokio::test]
async fn attributes_and_past_deadlines_are_refused() -> Result<()> {
    let (folder, store) = store();
    let attributes = PutOptions::new().attributes(Attributes::new().content_type("text/plain"));
    let put = store.put(&"a".into(), "1".into(), attributes).await;
    assert_eq!(kind(put).map(drop), Err(ErrorKind::Unsupported));
    for payload in [Payload::from("1"), Payload::stream(None, stream::pending())] {
        let late = PutOptions::new().deadline(Instant::now());
        assert_eq!(kind(store.put(&"a".into(), payload, late).await).map(drop), Err(ErrorKind::Timeout));
    }
    assert!(files(folder.path()).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_file_and_a_folder_of_one_name_exclude_each_other() -> Result<()> {
    let (folder, store) = store();
    store.put_bytes("a", "1").await?;
    let error = store.put_bytes("a/b", "2").await.expect_err("a is a file");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.hint().is_some());
    assert_eq!(kind(store.get_bytes("a/b").await).map(drop), Err(ErrorKind::NotFound));
    store.put_bytes("c/d", "3").await?;
    assert_eq!(kind(store.put_bytes("c", "4").await).map(drop), Err(ErrorKind::InvalidInput));
    assert_eq!(kind(store.delete_one("c").await), Err(ErrorKind::InvalidInput));
    let error = store.get_bytes("c").await.expect_err("a folder");
    assert!(error.is_not_found() && error.hint().is_some());
    assert_eq!(files(folder.path()).len(), 2);
    Ok(())
}

#[tokio::test]
async fn parts_in_any_order_make_one_file() -> Result<()> {
    let (folder, store) = store();
    let whole = data(5 * MIB + 7);
    let spec = |number: u32| PartSpec { number, offset: u64::from(number - 1) << 20 };
    let part = |number: u32| {
        let start = (number as usize - 1) * MIB;
        whole.slice(start..(start + MIB).min(whole.len()))
    };
    let upload = store.start_multipart(&"x/y".into(), PutOptions::new()).await?;
    let mut parts = Vec::new();
    // One is sent twice, first with too many wrong bytes.
    upload.put_part(spec(6), vec![1; 2 * MIB].into()).await?;
    for number in [6, 2, 1, 5, 3, 4] {
        parts.push(upload.put_part(spec(number), part(number).into()).await?);
    }
    assert!(
        store.get_bytes("x/y").await.is_err_and(|error| error.is_not_found()),
        "not before it is complete"
    );
    let put = upload.complete(parts.clone()).await?;
    assert!(store.get_bytes("x/y").await? == whole);
    assert_eq!(put.etag, store.head(&"x/y".into(), HeadOptions::new()).await?.meta.etag);
    assert_eq!(kind(upload.complete(parts).await).map(drop), Err(ErrorKind::NotFound));
    assert_eq!(kind(upload.put_part(spec(1), "x".into()).await).map(drop), Err(ErrorKind::NotFound));
    upload.abort().await?;
    assert!(store.get_bytes("x/y").await? == whole);

    let aborted = store.start_multipart(&"z".into(), PutOptions::new()).await?;
    aborted.put_part(spec(1), part(1).into()).await?;
    aborted.abort().await?;
    let gap = store.start_multipart(&"z".into(), PutOptions::new()).await?;
    let second: UploadedPart = gap.put_part(spec(2), part(2).into()).await?;
    assert_eq!(kind(gap.complete(vec![second]).await).map(drop), Err(ErrorKind::InvalidInput));
    let dropped = store.start_multipart(&"z".into(), PutOptions::new()).await?;
    dropped.put_part(spec(1), part(1).into()).await?;
    drop(dropped);
    store.drain().await;
    assert_eq!(files(folder.path()), [std::path::PathBuf::from("x/y")]);
    Ok(())
}

#[tokio::test]
async fn synced_writes_are_the_same_writes() -> Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = FileStore::new(folder.path())?.sync(true);
    store.put_bytes("a/b/c", "1").await?;
    store.put(&"a/b/d".into(), data(2 * MIB).into(), PutOptions::new()).await?;
    assert_eq!(store.get_bytes("a/b/c").await?, "1");
    Ok(())
}

#[test]
fn a_root_must_be_a_folder_that_exists() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("written");
    assert_eq!(kind(FileStore::new(folder.path().join("none"))).map(drop), Err(ErrorKind::NotFound));
    let error = FileStore::new(file).expect_err("a file");
    assert!(error.hint().is_some(), "{error}");
}

#[tokio::test]
async fn copies_are_counted_and_their_errors_name_the_right_file() -> Result<()> {
    let (_folder, store) = store();
    store.put_bytes("a", "12345").await?;
    store.copy(&"a".into(), &"b".into(), CopyOptions::new()).await?;
    assert_eq!(store.stats().bytes_read, 5);
    for (from, to, at) in [("a", "b/c", "b/c"), ("missing", "c", "missing"), ("a", "a/../x", "a/../x")] {
        let error = store.copy(&from.into(), &to.into(), CopyOptions::new()).await.expect_err(to);
        assert_eq!(error.uri(), Some(store.uri().with_key(at).to_string().as_str()), "{error}");
    }
    let create = CopyOptions::new().mode(PutMode::Create);
    let error = store.copy(&"a".into(), &"b".into(), create).await.expect_err("b exists");
    assert!(error.uri().is_some_and(|uri| uri.ends_with("/b")), "{error}");
    Ok(())
}
