//! What stays in the page cache of files that are written and read, in each of its modes.

use std::fs::File;
use std::io::IoSliceMut;
use std::path::Path;

use rangeway_backend_file::{PageCache, Policy};
use rangeway_core::{Body, CopyOptions, GetOptions, PutOptions, Result, Store, StoreExt};
use rangeway_range_engine::Ranged;
use rangeway_testkit::Seeded;
use rustix::fs::Advice;
use rustix::io::{Errno, ReadWriteFlags, preadv2};

const PAGE: u64 = 4096;
const SIZE: usize = 20 << 20;
const PAGES: usize = SIZE / 4096;

/// How many pages of a file the page cache has. To be asked once: what it does not have it begins to read then.
fn cached_pages(path: &Path) -> usize {
    let file = File::open(path).expect("opened");
    rustix::fs::fadvise(&file, 0, None, Advice::Random).expect("advised");
    let pages = file.metadata().expect("facts").len().div_ceil(PAGE);
    let is_cached = |page: &u64| {
        let mut byte = [0];
        match preadv2(&file, &mut [IoSliceMut::new(&mut byte)], page * PAGE, ReadWriteFlags::NOWAIT) {
            Ok(_) => true,
            Err(Errno::AGAIN) => false,
            Err(error) => panic!("{error}"),
        }
    };
    (0..pages).rev().filter(is_cached).count()
}

/// How many pages are cached of a file after it was written, after it was read whole and in part, and of a copy.
async fn after_each(page_cache: PageCache) -> Result<[usize; 4]> {
    let (folder, store) = crate::uncached(page_cache);
    let store = Ranged::new(store, Policy::disk())?;
    let data = Seeded::new(7).bytes(0, SIZE);
    for key in ["written", "whole", "part"] {
        store.put(&key.into(), Body::from_bytes(data.clone()).into(), PutOptions::new()).await?;
    }
    assert!(store.get_bytes("whole").await? == data);
    let range = 5..SIZE as u64 - 5;
    let mut body = store.get(&"part".into(), GetOptions::new().range(range)).await?.body;
    while body.chunk().await?.is_some() {}
    store.copy(&"whole".into(), &"copy".into(), CopyOptions::new()).await?;
    Ok(["written", "whole", "part", "copy"].map(|key| cached_pages(&folder.path().join(key))))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_there() -> Result<()> {
    assert_eq!(after_each(PageCache::Keep).await?, [PAGES; 4]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_and_what_went_past_is_not() -> Result<()> {
    for page_cache in [PageCache::Drop, PageCache::Bypass] {
        let pages = after_each(page_cache).await?;
        // What shares a page with bytes that were not asked for may stay.
        assert!(pages.iter().all(|pages| *pages <= PAGES / 100), "{page_cache:?}: {pages:?}");
    }
    Ok(())
}
