//! On `file://`, in a folder of its own.

use rangeway::object_store::RangewayStore;
use rangeway::{Policy, file};

use super::suite;

suite::suite!(run);

async fn run(function: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = RangewayStore::new(file::open(folder.path(), Policy::local()).expect("the folder exists"));
    let supports_update = store.inner().capabilities().put_if_match;
    suite::check("file", function, suite::passes(function, &store, supports_update).await);
}
