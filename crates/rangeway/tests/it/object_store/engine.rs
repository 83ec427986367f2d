//! On the range engine over a store in memory, with limits so small that the functions' objects are split.

use std::sync::Arc;

use rangeway::object_store::RangewayStore;
use rangeway::{MemoryStore, PartSize, Policy, Ranged, Store};

use super::suite::{self, Traits};

suite::suite!(run);

async fn run(function: &str) {
    let policy =
        Policy::network().threshold(1 << 16).put_threshold(1 << 17).part_size(PartSize::Bytes(1 << 16));
    let store = Arc::new(Ranged::new(MemoryStore::new("bucket"), policy).expect("valid"));
    let adapter = RangewayStore::new(Arc::clone(&store) as Arc<dyn Store>);
    assert!(suite::passes(function, &adapter, Traits::MOST).await, "{function} failed: see above");
    assert!(store.stats().requests > 0);
}
