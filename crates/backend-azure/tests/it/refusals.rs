//! Azure's own refusals, from the wire to the error that the user sees.

use std::time::Duration;

use rangeway_core::{ErrorKind, GetOptions, Key, PutMode, PutOptions};
use rangeway_testkit::{Ending, Fault, Matcher, RequestKind};

use crate::faults::writing::{LARGE, TIMES, assert_nothing, assert_written, put};
use crate::faults::{Setup, within};

const fn refusal(status: u16, code: &'static str, retry_after: Option<u64>) -> Fault {
    Fault::Status { status, code, retry_after }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_reads_row_by_row() {
    for (fault, kind, attempts, retry_after) in [
        (refusal(503, "ServerBusy", Some(1)), ErrorKind::RateLimited, 3, Some(1)),
        (refusal(429, "TooManyRequests", None), ErrorKind::RateLimited, 3, None),
        (refusal(500, "InternalError", None), ErrorKind::Service, 3, None),
        (refusal(500, "OperationTimedOut", None), ErrorKind::Timeout, 3, None),
        (refusal(403, "AuthenticationFailed", None), ErrorKind::Unauthenticated, 1, None),
        (refusal(403, "AuthorizationPermissionMismatch", None), ErrorKind::PermissionDenied, 1, None),
        (refusal(404, "ContainerNotFound", None), ErrorKind::NotFound, 1, None),
        (refusal(409, "BlobArchived", None), ErrorKind::PreconditionFailed, 1, None),
    ] {
        let setup = Setup::new();
        let rule = setup.on(Matcher::get(), fault.clone());
        let error = within(setup.store.get(&Key::from("k"), GetOptions::new())).await.expect_err("a refusal");
        assert_eq!((error.kind(), error.attempts()), (kind, attempts), "{fault:?}: {error:?}");
        assert_eq!(rule.hits(), u64::from(attempts), "{fault:?}");
        assert_eq!(error.retry_after(), retry_after.map(Duration::from_secs), "{fault:?}: {error:?}");
        assert!(!error.is_retryable(), "{fault:?}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_is_refused_is_one_that_holds_nothing() {
    let setup = Setup::new();
    let (key, options) = (Key::from("k"), GetOptions::new().range(1 << 30..(1 << 30) + 5));
    let error = within(setup.store.get(&key, options)).await.expect_err("beyond the end");
    assert_eq!(error.kind(), ErrorKind::RangeNotSatisfiable, "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_fails_for_good_leaves_nothing_committed() {
    for fault in [refusal(503, "ServerBusy", None), refusal(403, "AuthenticationFailed", None)] {
        let setup = Setup::new();
        setup.on(Matcher::of(RequestKind::UploadPart), fault.clone()).after(1);
        put(&setup, LARGE, PutOptions::new()).await.expect_err("the fault lasts");
        assert_nothing(&setup);
        assert_eq!(setup.server.counts().of(RequestKind::CompleteMultipart), 0, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_blocks_whose_answer_is_lost_is_committed_again() {
    for mode in [PutMode::Overwrite, PutMode::Create] {
        let setup = Setup::new();
        let lost = Fault::BeforeHead(Ending::Reset);
        let rule = setup.on(Matcher::of(RequestKind::CompleteMultipart), lost).times(TIMES);
        put(&setup, LARGE, PutOptions::new().mode(mode.clone())).await.expect("the blob is there");
        assert_eq!(rule.hits(), TIMES, "{mode:?}");
        assert_written(&setup, LARGE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_blob_is_not_taken_for_ours() {
    let setup = Setup::new();
    let lost = Fault::BeforeHead(Ending::Reset);
    setup.on(Matcher::of(RequestKind::CompleteMultipart), lost).times(1);
    let theirs = Fault::Replace("somebody else's".into());
    setup.on(Matcher::of(RequestKind::CompleteMultipart), theirs).after(1).times(1);
    let error = put(&setup, LARGE, PutOptions::new().mode(PutMode::Create)).await.expect_err("it exists");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error:?}");
    assert_eq!(setup.server.object("new").as_deref(), Some(&b"somebody else's"[..]));
}
