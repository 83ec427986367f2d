//! Faults of listings.

use futures::stream::{StreamExt, TryStreamExt};
use rangeway_core::{ErrorKind, ListOptions, Result};
use rangeway_testkit::{Ending, Fault, Matcher, RequestKind};

use super::{ATTEMPTS, Setup, within};

/// Two pages and a bit.
pub(crate) const KEYS: usize = 2_100;

pub(crate) fn keys() -> Vec<String> {
    (0..KEYS).map(|number| format!("many/{number:05}")).collect()
}

pub(crate) fn with_keys() -> Setup {
    let setup = Setup::new();
    for key in keys() {
        setup.server.put_object(&key, "");
    }
    setup
}

pub(crate) async fn list(setup: &Setup) -> Result<Vec<String>> {
    let entries = setup.store.list(ListOptions::new().prefix("many/"));
    within(entries.map_ok(|entry| entry.name().to_owned()).try_collect()).await
}

pub(crate) fn faults() -> [(Fault, ErrorKind); 6] {
    [
        (Fault::slow_down(None), ErrorKind::RateLimited),
        (Fault::internal_error(), ErrorKind::Service),
        (Fault::BeforeHead(Ending::Reset), ErrorKind::Interrupted),
        (Fault::InBody(20, Ending::Reset), ErrorKind::Interrupted),
        (Fault::InBody(20, Ending::Close), ErrorKind::Interrupted),
        (Fault::NotHttp, ErrorKind::Interrupted),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_tried_again_and_no_key_comes_twice() {
    for (fault, kind) in faults() {
        for page in 0..3 {
            let setup = with_keys();
            let matcher = || Matcher::of(RequestKind::ListObjects);
            let times = u64::from(ATTEMPTS) - 1;
            setup.on(matcher(), fault.clone()).after(page).times(times);
            let listed = list(&setup).await.unwrap_or_else(|error| panic!("{fault:?} of {page}: {error:?}"));
            assert_eq!(listed, keys(), "{fault:?} of page {page}");
            assert_eq!(setup.server.counts().of(RequestKind::ListObjects), 3 + times);

            setup.on(matcher(), fault.clone()).after(page);
            let error = list(&setup).await.expect_err("the fault lasts");
            assert_eq!(error.kind(), kind, "{fault:?} of page {page}: {error:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_never_comes_is_a_timeout() {
    let setup = with_keys();
    setup.on(Matcher::of(RequestKind::ListObjects), Fault::InBody(20, Ending::Stall)).times(1);
    assert_eq!(list(&setup).await.expect("the next attempt succeeds"), keys());
    setup.on(Matcher::of(RequestKind::ListObjects), Fault::BeforeHead(Ending::Stall));
    assert_eq!(list(&setup).await.expect_err("silence").kind(), ErrorKind::Timeout);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_listed_before_an_error_stays() {
    let setup = with_keys();
    setup.on(Matcher::of(RequestKind::ListObjects), Fault::access_denied()).after(1);
    let mut entries = setup.store.list(ListOptions::new().prefix("many/"));
    let mut seen = 0;
    let error = within(async {
        loop {
            match entries.next().await.expect("an error before the end") {
                Ok(_) => seen += 1,
                Err(error) => break error,
            }
        }
    })
    .await;
    assert_eq!((seen, error.kind()), (1_000, ErrorKind::PermissionDenied));
    assert!(within(entries.next()).await.is_none(), "the listing ends with its error");
}
