//! Faults of what Azure does otherwise: uploads that begin and are aborted, and batches that have no other way.
//!
//! The tests of the gcs backend include this file too.

use futures::stream::{self, StreamExt};
use rangeway_core::{ErrorKind, Key, PutOptions};
use rangeway_testkit::{Fault, Matcher, RequestKind};

use crate::faults::listing::{self, KEYS, keys, list, with_keys};
use crate::faults::writing::{LARGE, TIMES, assert_nothing, assert_written, put, quick_faults};
use crate::faults::{Setup, within};

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_fails_for_good_aborts_the_upload() {
    for (fault, kind) in quick_faults() {
        let setup = Setup::new();
        let second =
            |request: &rangeway_testkit::SeenRequest| request.parameter("partNumber").as_deref() == Some("2");
        setup.on(Matcher::of(RequestKind::UploadPart).and(second), fault.clone());
        let error = put(&setup, LARGE, PutOptions::new()).await.expect_err("the fault lasts");
        assert_eq!(error.kind(), kind, "{fault:?}: {error:?}");
        assert_nothing(&setup);
        assert_eq!(setup.server.counts().of(RequestKind::AbortMultipart), 1, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_beginning_of_an_upload_is_tried_again() {
    let setup = Setup::new();
    setup.on(Matcher::of(RequestKind::CreateMultipart), Fault::slow_down(None)).times(TIMES);
    put(&setup, LARGE, PutOptions::new()).await.expect("an object");
    assert_written(&setup, LARGE).await;

    let setup = Setup::new();
    setup.on(Matcher::of(RequestKind::CreateMultipart), Fault::access_denied());
    let error = put(&setup, LARGE, PutOptions::new()).await.expect_err("a refusal");
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_nothing(&setup);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_tried_again_and_every_key_is_reported() {
    for (fault, kind) in listing::faults() {
        let setup = with_keys();
        let delete = async || {
            let keys = stream::iter(keys()).map(Key::from).boxed();
            within(setup.store.delete(keys).collect::<Vec<_>>()).await
        };
        setup.on(Matcher::of(RequestKind::DeleteObjects), fault.clone()).times(TIMES);
        let results = delete().await;
        assert_eq!(results.len(), KEYS, "{fault:?}");
        for deleted in results {
            deleted.result.unwrap_or_else(|error| panic!("{fault:?}: {:?}: {error:?}", deleted.key));
        }
        assert_eq!(list(&setup).await.expect("a listing"), Vec::<String>::new());

        setup.on(Matcher::of(RequestKind::DeleteObjects), fault.clone());
        let results = delete().await;
        assert_eq!(results.len(), KEYS, "{fault:?}");
        for deleted in results {
            assert_eq!(deleted.result.expect_err("the fault lasts").kind(), kind, "{fault:?}");
        }
    }
}
