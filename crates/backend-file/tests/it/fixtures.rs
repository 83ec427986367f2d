//! The conformance suite on a folder: once call by call, once behind the range engine.

use std::sync::Arc;

use rangeway_backend_file::{FileStore, PageCache, Policy, open};
use rangeway_core::Store;
use rangeway_range_engine::{PartSize, Ranged};
use rangeway_testkit::conformance::Fixture;
use tempfile::TempDir;

struct Folder {
    store: Arc<dyn Store>,
    folder: TempDir,
}

impl Fixture for Folder {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }
}

impl Drop for Folder {
    /// Whatever a case did, no temporary file is left behind once the store is drained.
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if !std::thread::panicking() {
            tokio::task::block_in_place(|| runtime.block_on(self.store.drain()));
            for file in crate::files(self.folder.path()) {
                assert!(!file.to_string_lossy().contains(".rangeway-"), "{}", file.display());
            }
        }
    }
}

async fn raw() -> impl Fixture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Folder { store: Arc::new(FileStore::new(folder.path()).expect("a store")), folder }
}

async fn ranged() -> impl Fixture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Folder { store: open(folder.path(), Policy::local()).expect("a store"), folder }
}

async fn uncached() -> impl Fixture {
    let (folder, store) = crate::uncached(PageCache::Drop);
    Folder { store: Arc::new(store), folder }
}

async fn direct() -> impl Fixture {
    let (folder, store) = crate::uncached(PageCache::Bypass);
    Folder { store: Arc::new(store), folder }
}

/// Parts that begin and end in the middle of disk blocks.
async fn direct_ranged() -> impl Fixture {
    let (folder, store) = crate::uncached(PageCache::Bypass);
    let policy = Policy::disk().threshold(100_001).put_threshold(100_003).part_size(PartSize::Bytes(100_007));
    Folder { store: Arc::new(Ranged::new(store, policy).expect("a valid policy")), folder }
}

/// Where there is no way past the page cache.
async fn direct_in_memory() -> impl Fixture {
    let (folder, store) = crate::in_memory();
    Folder { store: Arc::new(Ranged::new(store, Policy::disk()).expect("a valid policy")), folder }
}

mod call_by_call {
    rangeway_testkit::conformance!(super::raw);
}

mod behind_the_engine {
    rangeway_testkit::conformance!(super::ranged);
}

mod forgotten {
    rangeway_testkit::conformance!(super::uncached);
}

mod direct_call_by_call {
    rangeway_testkit::conformance!(super::direct);
}

mod direct_behind_the_engine {
    rangeway_testkit::conformance!(super::direct_ranged);
}

mod direct_without_a_disk {
    rangeway_testkit::conformance!(super::direct_in_memory);
}
