//! The conformance suite on a folder: once call by call, once behind the range engine.

use std::sync::Arc;

use rangeway_backend_file::{FileStore, Policy, open};
use rangeway_core::Store;
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

mod call_by_call {
    rangeway_testkit::conformance!(super::raw);
}

mod behind_the_engine {
    rangeway_testkit::conformance!(super::ranged);
}
