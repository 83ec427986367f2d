//! Faults of writes and copies: the whole new object, or the old state and nothing left behind.

use std::collections::BTreeSet;

use futures::future::join_all;
use rangeway_core::{
    CopyOptions, ErrorKind, GetOptions, HeadOptions, Key, Payload, PutMode, PutOptions, PutResponse, Result,
};
use rangeway_testkit::{Ending, Fault, Matcher, RequestKind};

use super::{ATTEMPTS, OTHER, SIZE, Setup, bytes, within};

/// Three parts: the smallest that S3 takes is 5 MiB.
pub(crate) const LARGE: u64 = (11 << 20) + 7;

/// How often a fault strikes that passes.
pub(crate) const TIMES: u64 = ATTEMPTS as u64 - 1;

pub(crate) async fn put(setup: &Setup, size: u64, options: PutOptions) -> Result<PutResponse> {
    within(setup.store.put(&Key::from("new"), bytes(OTHER, size).into(), options)).await
}

pub(crate) async fn assert_written(setup: &Setup, size: u64) {
    setup.server.behave();
    let body = setup.store.get(&Key::from("new"), GetOptions::new()).await.expect("it is there").body;
    within(OTHER.verify_body(0, size, body)).await.expect("the bytes that were written");
    assert_eq!(setup.server.open_uploads(), Vec::<String>::new());
}

pub(crate) fn assert_nothing(setup: &Setup) {
    assert_eq!(setup.server.object("new"), None);
    assert_eq!(setup.server.open_uploads(), Vec::<String>::new());
}

/// What passes, and what kind of error it is when it lasts.
fn faults() -> [(Fault, ErrorKind); 7] {
    [
        (Fault::slow_down(None), ErrorKind::RateLimited),
        (Fault::too_many_requests(), ErrorKind::RateLimited),
        (Fault::internal_error(), ErrorKind::Service),
        (Fault::BeforeHead(Ending::Reset), ErrorKind::Interrupted),
        (Fault::BeforeHead(Ending::Close), ErrorKind::Interrupted),
        (Fault::BeforeHead(Ending::Stall), ErrorKind::Timeout),
        (Fault::NotHttp, ErrorKind::Interrupted),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn small_writes_are_tried_again() {
    let writes = faults().map(async |(fault, kind)| {
        let setup = Setup::new();
        let rule = setup.on(Matcher::of(RequestKind::PutObject), fault.clone()).times(TIMES);
        put(&setup, SIZE, PutOptions::new()).await.unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
        assert_eq!(rule.hits(), TIMES, "{fault:?}");
        assert_written(&setup, SIZE).await;

        let setup = Setup::new();
        let rule = setup.on(Matcher::of(RequestKind::PutObject), fault.clone());
        let error = put(&setup, SIZE, PutOptions::new()).await.expect_err("the fault lasts");
        assert_eq!(
            (error.kind(), error.attempts(), rule.hits()),
            (kind, ATTEMPTS, 3),
            "{fault:?}: {error:?}"
        );
    });
    join_all(writes).await;
}

/// Those that show at once for large bodies too: a part may take as long as it does on a slow line, so silence after
/// it is no fault for more than a minute.
pub(crate) fn quick_faults() -> impl Iterator<Item = (Fault, ErrorKind)> {
    faults().into_iter().filter(|(fault, _)| *fault != Fault::BeforeHead(Ending::Stall))
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_are_tried_again() {
    for (fault, _) in quick_faults() {
        let setup = Setup::new();
        let rule = setup.on(Matcher::of(RequestKind::UploadPart), fault.clone()).times(TIMES);
        put(&setup, LARGE, PutOptions::new()).await.unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
        assert_eq!(rule.hits(), TIMES, "{fault:?}");
        assert_written(&setup, LARGE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_parts_are_not_tried_again() {
    let setup = Setup::new();
    setup.on(Matcher::of(RequestKind::UploadPart), Fault::access_denied());
    let error = put(&setup, LARGE, PutOptions::new()).await.expect_err("a refusal");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::PermissionDenied, 1), "{error:?}");
    let sent = setup.server.requests_of(RequestKind::UploadPart);
    let parts: BTreeSet<_> = sent.iter().map(|request| request.query.as_str()).collect();
    assert_eq!(parts.len(), sent.len(), "each part is sent once");
    assert_nothing(&setup);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completion_whose_answer_is_lost_is_a_success() {
    for ending in [Ending::Reset, Ending::Close] {
        let setup = Setup::new();
        setup.on(Matcher::of(RequestKind::CompleteMultipart), Fault::BeforeHead(ending)).times(1);
        put(&setup, LARGE, PutOptions::new()).await.expect("the object is there");
        assert_written(&setup, LARGE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_loses_a_race_aborts() {
    let setup = Setup::new();
    setup.server.put_object("new", "somebody else's");
    let create = PutOptions::new().mode(PutMode::Create);
    for size in [SIZE, LARGE] {
        let error = put(&setup, size, create.clone()).await.expect_err("it exists");
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert_eq!(setup.server.object("new").as_deref(), Some(&b"somebody else's"[..]));
        assert_eq!(setup.server.open_uploads(), Vec::<String>::new());
    }
}

/// S3 has no way to tell whose object it is that stands in the way of the second attempt: the caller must look.
#[tokio::test(flavor = "multi_thread")]
async fn a_create_only_write_whose_answer_is_lost_finds_its_own_object() {
    let setup = Setup::new();
    setup.on(Matcher::of(RequestKind::PutObject), Fault::BeforeHead(Ending::Reset)).times(1);
    let error = put(&setup, SIZE, PutOptions::new().mode(PutMode::Create)).await.expect_err("it exists");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_written(&setup, SIZE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_breaks_leaves_nothing() {
    use futures::{StreamExt, stream};
    use rangeway_core::Error;
    for length in [None, Some(LARGE)] {
        let setup = Setup::new();
        let broken = stream::iter([Err(Error::new(ErrorKind::Io, "the disk is gone"))]);
        let payload = Payload::stream(length, OTHER.stream(LARGE - 1, 1 << 20).chain(broken));
        let key = Key::from("new");
        let put = setup.store.put(&key, payload, PutOptions::new());
        assert_eq!(within(put).await.expect_err("a broken payload").kind(), ErrorKind::Io);
        assert_nothing(&setup);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_write_aborts_its_upload() {
    let setup = Setup::new();
    // The first part never gets its answer, so the write is surely under way when it is dropped.
    setup.on(Matcher::of(RequestKind::UploadPart), Fault::BeforeHead(Ending::Stall));
    let begun = async {
        while setup.server.counts().of(RequestKind::UploadPart) == 0 {
            tokio::task::yield_now().await;
        }
    };
    let writing = put(&setup, LARGE, PutOptions::new());
    within(async {
        tokio::select! {
            written = writing => panic!("the write ended: {written:?}"),
            () = begun => {}
        }
    })
    .await;
    within(setup.store.drain()).await;
    assert_nothing(&setup);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_tried_again_and_their_errors_seen() {
    let copy = async |setup: &Setup| {
        let (from, to) = (Key::from("k"), Key::from("new"));
        within(setup.store.copy(&from, &to, CopyOptions::new())).await.map_err(|error| error.kind())
    };
    // A service may take minutes for a copy too.
    for (fault, kind) in quick_faults() {
        let setup = Setup::new();
        setup.on(Matcher::of(RequestKind::CopyObject), fault.clone()).times(TIMES);
        copy(&setup).await.unwrap_or_else(|error| panic!("{fault:?}: {error:?}"));
        assert_eq!(setup.server.object("new"), setup.server.object("k"));
        setup.on(Matcher::of(RequestKind::CopyObject), fault.clone());
        assert_eq!(copy(&setup).await.expect_err("the fault lasts"), kind, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_tried_again() {
    for (fault, kind) in faults() {
        let setup = Setup::new();
        let head = async || within(setup.store.head(&Key::from("k"), HeadOptions::new())).await;
        setup.on(Matcher::of(RequestKind::HeadObject), fault.clone()).times(TIMES);
        assert_eq!(head().await.unwrap_or_else(|error| panic!("{fault:?}: {error:?}")).meta.size, SIZE);
        setup.on(Matcher::of(RequestKind::HeadObject), fault.clone());
        assert_eq!(head().await.expect_err("the fault lasts").kind(), kind, "{fault:?}");
    }
}
