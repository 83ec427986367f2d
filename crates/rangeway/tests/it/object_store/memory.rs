//! On `memory://`, beside `object_store`'s own store in memory.

use object_store::memory::InMemory;
use rangeway::object_store::RangewayStore;

use super::suite::{self, Traits};

suite::suite!(run);

async fn run(function: &str) {
    let (ours, _) = RangewayStore::open("memory://bucket").expect("opens");
    suite::compare("memory", function, (ours, Traits::MOST), (InMemory::new(), Traits::MOST)).await;
}
