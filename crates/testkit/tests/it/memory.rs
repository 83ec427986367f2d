//! The suite on `MemoryStore`, the reference model; and what the suite itself promises.

use std::panic::catch_unwind;
use std::sync::Arc;

use rangeway_core::{MemoryStore, Store};
use rangeway_testkit::conformance::{CASES, Fixture, Gap, run};

async fn memory() -> impl Fixture {
    Arc::new(MemoryStore::new("suite")) as Arc<dyn Store>
}

mod conformance {
    rangeway_testkit::conformance!(super::memory);
}

struct WithGap(&'static [Gap]);

impl Fixture for WithGap {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(MemoryStore::new("gap"))
    }

    fn gaps(&self) -> &[Gap] {
        self.0
    }
}

#[test]
fn a_gap_hides_a_failure_and_a_closed_one_is_one() {
    const GAPS: &[Gap] = &[Gap::new("case", "a test"), Gap::sometimes("flaky", "a test")];
    let case = |name: &'static str, fails: bool| {
        catch_unwind(|| run(name, async || WithGap(GAPS), |_| Box::pin(async move { assert!(!fails) })))
    };
    case("case", true).expect("the gap is declared");
    case("case", false).expect_err("the gap has closed");
    case("flaky", true).expect("the gap is declared");
    case("flaky", false).expect("the gap is there now and then");
    case("other", true).expect_err("no gap is declared");
}

#[test]
fn names_are_unique() {
    let mut names = CASES.to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), CASES.len());
}
