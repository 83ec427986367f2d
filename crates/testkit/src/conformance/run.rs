//! Running one case: a runtime, a time limit, and gaps that are said aloud.

use std::io::Write;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use tokio::time::timeout;

use super::{CASES, Fixture, Gap};

/// How long one case may take, on a slow machine with debug code too.
const LIMIT: Duration = Duration::from_mins(3);

/// Runs one case on a fresh fixture, on a multi-threaded runtime of its own.
///
/// # Panics
/// When the store does not do what the case says, when the case takes too long, and when a declared gap has closed.
pub fn run<F, Made>(name: &str, make: F, case: impl for<'a> FnOnce(&'a dyn Fixture) -> LocalBoxFuture<'a, ()>)
where
    F: AsyncFnOnce() -> Made,
    Made: Fixture,
{
    let runtime = runtime();
    let gap = runtime.block_on(async {
        let fixture = make().await;
        let gap = fixture.gaps().iter().find(|gap| gap.case == name).copied();
        let outcome = AssertUnwindSafe(timeout(LIMIT, case(&fixture))).catch_unwind().await;
        let outcome = outcome.map(|in_time| assert!(in_time.is_ok(), "{name} took longer than {LIMIT:?}"));
        (gap, outcome)
    });
    match gap {
        (Some(gap), Err(_)) => say(&format!("gap: {name} fails: {}", gap.reason)),
        (Some(gap), Ok(())) => {
            assert!(!gap.always, "{name} is declared as a gap ({}) and passes: remove the gap", gap.reason);
            say(&format!("gap: {name} passed this time: {}", gap.reason));
        }
        (None, Err(panic)) => resume_unwind(panic),
        (None, Ok(())) => {}
    }
}

/// Says how many cases are declared as gaps, and that each is the name of a case.
///
/// # Panics
/// When a gap names no case, or two name the same.
pub fn summary<F, Made>(make: F)
where
    F: AsyncFnOnce() -> Made,
    Made: Fixture,
{
    let fixture = runtime().block_on(make());
    let gaps = fixture.gaps();
    for (i, Gap { case, .. }) in gaps.iter().enumerate() {
        assert!(CASES.contains(case), "the gap {case} is no case");
        assert!(!gaps[..i].iter().any(|gap| gap.case == *case), "the gap {case} is declared twice");
    }
    say(&format!("{}: {} cases, {} declared gaps", fixture.store().uri(), CASES.len(), gaps.len()));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a test process may start threads")
}

/// Writes a line past the test harness, which captures what `println!` prints and shows it for failures only.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
