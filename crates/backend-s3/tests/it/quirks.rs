//! Faults that S3 knows and Azure does not: errors that come with success, and copies in parts.

use rangeway_core::{CopyOptions, ErrorKind, Key, PutMode, PutOptions};
use rangeway_testkit::{Ending, Fault, Matcher, RequestKind};

use crate::faults::writing::{LARGE, TIMES, assert_nothing, assert_written, put};
use crate::faults::{Setup, within};

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_the_body_of_a_completion_is_one() {
    for (times, expected) in [(TIMES, Ok(())), (u64::MAX, Err(ErrorKind::Service))] {
        let setup = Setup::new();
        setup
            .on(Matcher::of(RequestKind::CompleteMultipart), Fault::ErrorInBody("InternalError"))
            .times(times);
        let written = put(&setup, LARGE, PutOptions::new()).await;
        assert_eq!(written.map(|_| ()).map_err(|error| error.kind()), expected);
        match expected {
            Ok(()) => assert_written(&setup, LARGE).await,
            Err(_) => assert_nothing(&setup),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_the_body_of_a_copy_is_one() {
    let setup = Setup::new();
    let copy = async || {
        let (from, to) = (Key::from("k"), Key::from("new"));
        within(setup.store.copy(&from, &to, CopyOptions::new())).await
    };
    let fault = Fault::ErrorInBody("InternalError");
    setup.on(Matcher::of(RequestKind::CopyObject), fault.clone()).times(TIMES);
    copy().await.expect("a copy in the end");
    assert_eq!(setup.server.object("new"), setup.server.object("k"));
    setup.on(Matcher::of(RequestKind::CopyObject), fault);
    assert_eq!(copy().await.expect_err("the fault lasts").kind(), ErrorKind::Service);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_copy_aborts_its_upload() {
    let setup = Setup::new();
    let stalls = setup.on(Matcher::of(RequestKind::UploadPartCopy), Fault::BeforeHead(Ending::Stall));
    let (from, to) = (Key::from("k"), Key::from("new"));
    let copy = setup.store.copy(&from, &to, CopyOptions::new().mode(PutMode::Create));
    let begun = async {
        while stalls.hits() == 0 {
            tokio::task::yield_now().await;
        }
    };
    within(async {
        tokio::select! {
            copied = copy => panic!("the part stands still: {copied:?}"),
            () = begun => {}
        }
    })
    .await;
    within(setup.store.drain()).await;
    assert_nothing(&setup);
}
