//! Reads and writes past the page cache, at every offset and length: the same bytes as ever.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use rangeway_backend_file::{FileStore, PageCache, Policy};
use rangeway_core::{GetOptions, PartSpec, Payload, PutOptions, Result, Store, StoreExt, WriteAt};
use rangeway_range_engine::{PartSize, Ranged};
use rangeway_testkit::{MemoryTarget, Seeded};
use tempfile::TempDir;

const MIB: usize = 1 << 20;
const SEED: Seeded = Seeded::new(11);

fn ranged(store: FileStore, part: u64) -> Result<Arc<dyn Store>> {
    let policy = Policy::disk().threshold(part).put_threshold(part).part_size(PartSize::Bytes(part));
    Ok(Arc::new(Ranged::new(store, policy)?))
}

/// Both sizes of parts: whole disk blocks, and not.
fn stores() -> Result<(TempDir, Vec<Arc<dyn Store>>)> {
    let (folder, store) = crate::uncached(PageCache::Bypass);
    let stores = vec![
        Arc::new(store.clone()) as Arc<dyn Store>,
        ranged(store.clone(), 1 << 20)?,
        ranged(store, 333_333)?,
    ];
    Ok((folder, stores))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_odd_size_is_written_and_read() -> Result<()> {
    let (folder, stores) = stores()?;
    for size in [0, 1, 511, 512, 513, 4095, 4096, 4097, 65_535, 65_537, MIB - 1, MIB, MIB + 1, 9 * MIB + 77] {
        let data = SEED.bytes(0, size);
        let pieces = |length: usize| data.chunks(length).map(Bytes::copy_from_slice).collect::<Vec<_>>();
        for (number, store) in stores.iter().enumerate() {
            for (kind, payload) in [
                Payload::from(data.clone()),
                Payload::Rope(pieces(10_007)),
                Payload::Rope(pieces(3 * MIB + 1)),
                Payload::stream(None, SEED.stream(size as u64, 70_001)),
                Payload::stream(Some(size as u64), SEED.stream(size as u64, MIB)),
                Payload::region(SEED.object(size as u64), 0..size as u64),
            ]
            .into_iter()
            .enumerate()
            {
                let key = format!("{number}/{kind}/{size}");
                store.put(&key.as_str().into(), payload, PutOptions::new()).await?;
                let file = std::fs::read(folder.path().join(&key)).expect("a plain file");
                assert!(file == data, "{key}: written");
                assert!(store.get_bytes(&*key).await? == data, "{key}: read");
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_share_a_page_do_not_harm_each_other() -> Result<()> {
    let (folder, store) = crate::uncached(PageCache::Bypass);
    let size = 4 * MIB as u64 + 5;
    let whole = SEED.bytes(0, 4 * MIB + 5);
    for part in [4097, 70_001, 1_000_003] {
        let upload: Arc<dyn rangeway_core::MultipartUpload> =
            store.start_multipart(&"parts".into(), PutOptions::new()).await?.into();
        let sent = (0..size).step_by(part).zip(1..).map(|(offset, number)| {
            let (upload, whole) = (Arc::clone(&upload), whole.clone());
            tokio::spawn(async move {
                let start = usize::try_from(offset).expect("small");
                let bytes = whole.slice(start..(start + part).min(whole.len()));
                upload.put_part(PartSpec { number, offset }, bytes.into()).await
            })
        });
        let mut parts = Vec::new();
        for sent in sent.collect::<Vec<_>>() {
            parts.push(sent.await.expect("not stopped")?);
        }
        upload.complete(parts).await?;
        assert!(std::fs::read(folder.path().join("parts")).expect("a plain file") == whole, "{part}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_range_has_the_bytes_of_the_file(
        start in prop_oneof![0..5u64 << 20, (0..10_000u64).prop_map(|block| block * 512)],
        length in prop_oneof![1..3_000u64, 1..5u64 << 20, (1..8_000u64).prop_map(|block| block * 512)],
        before in 0..40usize,
        store in 0..3usize,
    ) {
        thread_local! {
            static STORES: (TempDir, Vec<Arc<dyn Store>>, tokio::runtime::Runtime) = {
                let (folder, stores) = stores().expect("stores");
                std::fs::write(folder.path().join("x"), SEED.bytes(0, 5 * MIB + 777)).expect("written");
                (folder, stores, tokio::runtime::Runtime::new().expect("a runtime"))
            };
        }
        STORES.with(|(_, stores, runtime)| runtime.block_on(async {
            let get = async || {
                stores[store].get(&"x".into(), GetOptions::new().range(start..start + length)).await
            };
            let response = get().await?;
            let start = response.range.start;
            let bytes = response.body.bytes().await?;
            prop_assert_eq!(bytes.len() as u64, length.min((5 * MIB + 777) as u64 - start));
            prop_assert!(SEED.verify(start, &bytes).is_ok());
            // Into memory of any phase, in chunks, and to a target.
            let mut buffer = BytesMut::zeroed(before);
            buffer.reserve(bytes.len());
            get().await?.body.read_into(&mut buffer).await?;
            prop_assert!(buffer[before..] == bytes);
            let mut chunks = BytesMut::new();
            let mut body = get().await?.body;
            while let Some(chunk) = body.chunk().await? {
                chunks.extend_from_slice(&chunk);
            }
            prop_assert!(chunks == bytes);
            let target = MemoryTarget::default();
            get().await?.body.write_to(Arc::new(target.clone()) as Arc<dyn WriteAt>).await?;
            prop_assert!(target.bytes() == bytes);
            Ok(())
        }))?;
    }
}
