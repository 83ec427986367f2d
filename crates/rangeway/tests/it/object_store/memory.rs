//! On `memory://`.

use rangeway::object_store::RangewayStore;

use super::suite;

suite::suite!(run);

async fn run(function: &str) {
    let (store, _) = RangewayStore::open("memory://bucket").expect("opens");
    suite::check("memory", function, suite::passes(function, &store, true).await);
}
