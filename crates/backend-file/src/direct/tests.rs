//! How it is seen that the page cache has to be gone through, and that the bytes are the same then.

use std::sync::atomic::AtomicUsize;

use bytes::Bytes;
use rangeway_core::{GetOptions, MultipartUpload, PartSpec, Payload, PutOptions, Store, StoreExt};
use rangeway_testkit::Seeded;
use tracing::{Event, Level, Metadata, Subscriber, span};

use super::*;
use crate::FileStore;
use crate::page_cache::Caching;

/// Counts warnings.
struct Warnings(Arc<AtomicUsize>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[cfg(target_os = "linux")]
#[test]
fn one_warning_says_that_files_in_memory_have_no_other_way() {
    let memory = std::path::Path::new("/dev/shm");
    if !memory.is_dir() {
        return;
    }
    let file = tempfile::tempfile_in(memory).expect("a temporary file");
    let warnings = Arc::new(AtomicUsize::new(0));
    tracing::subscriber::with_default(Warnings(Arc::clone(&warnings)), || {
        let store = Arc::new(Direct::default());
        assert!(store.pass(&file).is_none() && store.pass(&file).is_none());
        assert_eq!(warnings.load(Ordering::Relaxed), 1);
        assert!(Arc::new(Direct::default()).pass(&file).is_none());
        assert_eq!(warnings.load(Ordering::Relaxed), 2, "another store");
    });
}

#[test]
fn gathering_takes_what_is_asked_for() {
    let slices = [&b"ab"[..], b"", b"cde", b"f"].map(IoSlice::new);
    for (length, expected) in [(0, &b""[..]), (1, b"a"), (3, b"abc"), (6, b"abcdef")] {
        let mut buffer = BytesMut::new();
        gather(&slices, length, &mut buffer);
        assert_eq!(buffer, expected);
    }
}

/// On the disk that programs are built on: `/tmp` may be in memory.
#[cfg(target_os = "linux")]
fn folder() -> tempfile::TempDir {
    let program = std::env::current_exe().expect("a program");
    tempfile::tempdir_in(program.parent().expect("a folder")).expect("a temporary folder")
}

#[cfg(target_os = "linux")]
#[test]
fn one_warning_says_that_reads_and_writes_are_refused() {
    let folder = folder();
    let warnings = Arc::new(AtomicUsize::new(0));
    tracing::subscriber::with_default(Warnings(Arc::clone(&warnings)), || {
        let store = Arc::new(Direct::over(Calls::refusing()));
        for _ in 0..2 {
            let file = tempfile::tempfile_in(folder.path()).expect("a temporary file");
            let Some(pass) = store.pass(&file) else { return };
            let slices = [IoSlice::new(&[7; 4096])];
            assert_eq!(pass.write(pass.step(0, &slices), &file, 0, &slices), Ok(4096));
            let slices = [IoSlice::new(&[8; 5])];
            assert_eq!(pass.write(pass.step(4096, &slices), &file, 4096, &slices), Ok(5));
            let mut buffer = BytesMut::with_capacity(8192);
            assert_eq!(pass.append(&file, 1, 8192, &mut buffer), Ok(4100));
            assert!(buffer[..4095].iter().all(|byte| *byte == 7) && buffer[4095..] == [8; 5]);
        }
        assert_eq!(warnings.load(Ordering::Relaxed), 1);
    });
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_system_that_refuses_late_has_the_same_bytes() -> rangeway_core::Result<()> {
    const SEED: Seeded = Seeded::new(3);
    let folder = folder();
    let store = || {
        let caching = Caching::over(Calls::refusing());
        FileStore::new(folder.path()).expect("a store").caching(caching)
    };
    for size in [0, 5, 4096, 4097, 70_001, (9 << 20) + 77] {
        let data = SEED.bytes(0, size);
        let pieces = data.chunks(10_007).map(Bytes::copy_from_slice).collect();
        for payload in [Payload::from(data.clone()), Payload::Rope(pieces)] {
            let store = store();
            store.put(&"x".into(), payload, PutOptions::new()).await?;
            assert!(std::fs::read(folder.path().join("x")).expect("a plain file") == data, "{size}: written");
            assert!(store.get_bytes("x").await? == data, "{size}: read");
        }
    }
    let range = store().get(&"x".into(), GetOptions::new().range(4095..5 << 20)).await?;
    assert!(SEED.verify(4095, &range.body.bytes().await?).is_ok());

    // All parts find out at the same time; some share a page.
    let data = SEED.bytes(0, 4 << 20);
    let upload: Arc<dyn MultipartUpload> =
        store().start_multipart(&"parts".into(), PutOptions::new()).await?.into();
    let sent = data.chunks(70_001).zip(0..).map(|(bytes, part)| {
        let (upload, bytes) = (Arc::clone(&upload), Bytes::copy_from_slice(bytes));
        let part = PartSpec { number: part + 1, offset: u64::from(part) * 70_001 };
        tokio::spawn(async move { upload.put_part(part, bytes.into()).await })
    });
    let mut parts = Vec::new();
    for sent in sent.collect::<Vec<_>>() {
        parts.push(sent.await.expect("not stopped")?);
    }
    upload.complete(parts).await?;
    assert!(std::fs::read(folder.path().join("parts")).expect("a plain file") == data);
    Ok(())
}
