//! The cache, with lookups that are counted.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Finds the same addresses each time after a second, or nothing for names that begin with `no`.
#[derive(Debug, Default, Clone)]
struct Fake(Arc<AtomicUsize>);

impl Lookup for Fake {
    fn addresses(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let missing = name.starts_with("no");
        let found = async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if missing { Err(io::ErrorKind::NotFound.into()) } else { Ok(vec![ip(1), ip(2), ip(3)]) }
        };
        found.boxed()
    }
}

impl Fake {
    fn lookups(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn ip(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

fn first(found: io::Result<Vec<IpAddr>>) -> IpAddr {
    found.expect("found")[0]
}

#[tokio::test(start_paused = true)]
async fn many_at_once_share_a_lookup_and_take_turns() {
    let fake = Fake::default();
    let resolver = Resolver::new(fake.clone());
    let all = futures::future::join_all((0..6).map(|_| resolver.resolve("host"))).await;
    let firsts: Vec<IpAddr> = all.into_iter().map(first).collect();
    assert_eq!((fake.lookups(), firsts), (1, vec![ip(1), ip(2), ip(3), ip(1), ip(2), ip(3)]));
}

#[tokio::test(start_paused = true)]
async fn addresses_are_looked_up_again_after_their_time() {
    let fake = Fake::default();
    let resolver = Resolver::new(fake.clone());
    for (wait, lookups) in [(0, 1), (59, 1), (1, 2), (59, 2)] {
        tokio::time::advance(Duration::from_secs(wait)).await;
        resolver.resolve("host").await.expect("found");
        assert_eq!(fake.lookups(), lookups);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_reaches_all_who_wait_and_nobody_later() {
    let fake = Fake::default();
    let resolver = Resolver::new(fake.clone());
    let all = futures::future::join_all((0..3).map(|_| resolver.resolve("nowhere"))).await;
    assert!(
        all.iter().all(|found| found.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound))
    );
    resolver.resolve("nowhere").await.expect_err("still nowhere");
    assert_eq!(fake.lookups(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_nobody_waits_for_any_more_is_taken_up_by_the_next() {
    let fake = Fake::default();
    let resolver = Resolver::new(fake.clone());
    let given_up = tokio::time::timeout(Duration::from_millis(10), resolver.resolve("host")).await;
    given_up.expect_err("not yet");
    assert_eq!(first(resolver.resolve("host").await), ip(1));
    assert_eq!(fake.lookups(), 1);
}

#[tokio::test(start_paused = true)]
async fn addresses_that_failed_come_last_and_are_looked_up_again_when_all_did() {
    let fake = Fake::default();
    let resolver = Resolver::new(fake.clone());
    let tried = resolver.resolve("host").await.expect("found");
    resolver.learn("host", &tried, Some(ip(2)));
    for expected in [ip(3), ip(2), ip(3)] {
        assert_eq!(first(resolver.resolve("host").await), expected);
    }
    resolver.learn("host", &tried, None);
    resolver.resolve("host").await.expect("found");
    assert_eq!(fake.lookups(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_names_are_bounded() {
    let fake = Fake::default();
    let resolver = Resolver::new(fake.clone());
    for number in 0..3 * NAMES {
        resolver.resolve(&format!("host{number}")).await.expect("found");
        assert!(resolver.names().len() <= NAMES);
    }
}
