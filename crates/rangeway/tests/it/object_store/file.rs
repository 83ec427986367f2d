//! On `file://`, beside `object_store`'s own store of files, each in a folder of its own.

use object_store::local::LocalFileSystem;
use rangeway::object_store::RangewayStore;
use rangeway::{Policy, file};

use super::suite::{self, Traits};

suite::suite!(run);

async fn run(function: &str) {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let ours = file::open(folders[0].path(), Policy::local()).expect("the folder exists");
    let bare = LocalFileSystem::new_with_prefix(folders[1].path()).expect("the folder exists");
    let traits = |supports_update| Traits { supports_update, ..Traits::MOST };
    let supports_update = ours.capabilities().put_if_match;
    let ours = (RangewayStore::new(ours), traits(supports_update));
    suite::compare("file", function, ours, (bare, traits(false))).await;
}
