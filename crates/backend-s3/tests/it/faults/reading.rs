//! Faults of single answers to reads.

use std::time::Duration;

use rangeway_core::{ErrorKind, GetOptions, Key};
use rangeway_testkit::{Ending, Fault, Matcher, RequestKind};

use super::{ATTEMPTS, DATA, PART, SIZE, Setup, WAYS, Way, assert_error, assert_right, bytes, later, within};
use crate::support::{CONDITION, EMPTY, open, settings_of};

/// Fails a few times on each place, then no more: the bytes are right.
async fn assert_passing(fault: Fault) {
    let times = u64::from(ATTEMPTS) - 1;
    assert_right(|setup| setup.on(Matcher::get(), fault.clone()).times(times)).await;
    assert_right(|setup| setup.on(later(), fault.clone()).times(times)).await;
    // One part only, which is tried again while others go on.
    let last = || Matcher::get().from_byte(3 * PART);
    assert_right(|setup| setup.on(last(), fault.clone()).times(times)).await;
}

/// Fails for good on the first request, or on all later ones: an error of this kind.
async fn assert_lasting(kind: ErrorKind, fault: Fault) {
    let error = assert_error(kind, |setup| setup.on(Matcher::get(), fault.clone())).await;
    assert_eq!(error.attempts(), ATTEMPTS, "{error:?}");
    assert_error(kind, |setup| setup.on(later(), fault.clone())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_down() {
    assert_passing(Fault::slow_down(None)).await;
    assert_lasting(ErrorKind::RateLimited, Fault::slow_down(None)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_down_with_retry_after() {
    assert_right(|setup| setup.on(Matcher::get(), Fault::slow_down(Some(1))).times(1)).await;
    let error =
        assert_error(ErrorKind::RateLimited, |setup| setup.on(Matcher::get(), Fault::slow_down(Some(1))));
    assert_eq!(error.await.retry_after(), Some(Duration::from_secs(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_requests() {
    assert_passing(Fault::too_many_requests()).await;
    assert_lasting(ErrorKind::RateLimited, Fault::too_many_requests()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn internal_error() {
    assert_passing(Fault::internal_error()).await;
    assert_lasting(ErrorKind::Service, Fault::internal_error()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reset_before_headers() {
    assert_passing(Fault::BeforeHead(Ending::Reset)).await;
    assert_lasting(ErrorKind::Interrupted, Fault::BeforeHead(Ending::Reset)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_before_headers() {
    assert_passing(Fault::BeforeHead(Ending::Close)).await;
    assert_lasting(ErrorKind::Interrupted, Fault::BeforeHead(Ending::Close)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reset_in_the_body() {
    assert_passing(Fault::InBody(1_000, Ending::Reset)).await;
    assert_lasting(ErrorKind::Interrupted, Fault::InBody(0, Ending::Reset)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn short_body() {
    assert_passing(Fault::InBody(1_000, Ending::Close)).await;
    assert_lasting(ErrorKind::Interrupted, Fault::InBody(0, Ending::Close)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_part_goes_on_from_its_last_byte() {
    for way in WAYS {
        let setup = Setup::new();
        setup.on(Matcher::get().from_byte(3 * PART), Fault::InBody(1_000, Ending::Close)).times(1);
        let read = setup.read(way).await.expect("the part is resumed");
        assert_eq!(DATA.verify(0, &read), Ok(()));
        let requests = setup.server.requests_of(RequestKind::GetObject);
        let ranges: Vec<_> = requests.iter().filter_map(|request| request.range()).collect();
        let rest = format!("bytes={}-{}", 3 * PART + 1_000, SIZE - 1);
        assert_eq!(ranges.iter().filter(|range| **range == rest).count(), 1, "{way:?}: {ranges:?}");
        assert_eq!(ranges.len(), 5, "{way:?}: {ranges:?}");
        assert!(requests[1..].iter().all(|request| request.header(CONDITION).is_some()), "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_always_break_after_some_progress_still_bring_everything() {
    // A large single request, broken again and again: progress starts the counting of attempts anew.
    let setup = Setup::new();
    let size = 3 << 20;
    setup.server.put_object("k", bytes(DATA, size));
    let settings = settings_of(&setup.server).set("attempts", ATTEMPTS.to_string()).set("backoff", "1ms");
    let store = open(&settings);
    let rule = setup.on(Matcher::get(), Fault::InBody(300 << 10, Ending::Close));
    let body = within(store.get(&Key::from("k"), GetOptions::new())).await.expect("an answer").body;
    within(DATA.verify_body(0, size, body)).await.expect("the right bytes in the end");
    assert!(rule.hits() > u64::from(ATTEMPTS), "{} requests", rule.hits());
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_before_headers() {
    assert_right(|setup| setup.on(Matcher::get(), Fault::BeforeHead(Ending::Stall)).times(1)).await;
    assert_right(|setup| setup.on(later(), Fault::BeforeHead(Ending::Stall)).times(1)).await;
    assert_lasting(ErrorKind::Timeout, Fault::BeforeHead(Ending::Stall)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_in_the_body() {
    assert_right(|setup| setup.on(Matcher::get(), Fault::InBody(1_000, Ending::Stall)).times(1)).await;
    assert_right(|setup| setup.on(later(), Fault::InBody(1_000, Ending::Stall)).times(1)).await;
    assert_lasting(ErrorKind::Timeout, Fault::InBody(0, Ending::Stall)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_less_than_was_asked_for() {
    assert_right(|setup| setup.on(Matcher::get(), Fault::ShorterRange(10_000))).await;
    assert_right(|setup| setup.on(later(), Fault::ShorterRange(10_000))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_length_that_contradicts_the_range() {
    for matcher in [Matcher::get, later] {
        assert_error(ErrorKind::Integrity, |setup| setup.on(matcher(), Fault::ShorterLength(10_000))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_for_another_range() {
    for matcher in [Matcher::get, later] {
        assert_error(ErrorKind::Integrity, |setup| setup.on(matcher(), Fault::ShiftedRange(100))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_says_another_size() {
    // Of the first answer nobody can know; every later one contradicts it.
    let fault = || Fault::OtherTotal(SIZE + 1);
    assert_error(ErrorKind::PreconditionFailed, |setup| setup.on(Matcher::get(), fault()).times(1)).await;
    assert_error(ErrorKind::PreconditionFailed, |setup| setup.on(later(), fault())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_object_in_answer_to_a_range() {
    assert_right(|setup| setup.on(Matcher::get(), Fault::IgnoreRange)).await;
    assert_right(|setup| setup.on(later(), Fault::IgnoreRange)).await;
    let setup = Setup::new();
    setup.on(Matcher::get(), Fault::IgnoreRange);
    let body = setup.store.get(&Key::from("k"), GetOptions::new().range(70_000..90_000)).await;
    let body = body.expect("an answer").body;
    within(DATA.verify_body(70_000, 20_000, body)).await.expect("the bytes of the range");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_object_refuses_every_range() {
    for way in WAYS {
        let setup = Setup::new();
        setup.server.put_object("k", "");
        assert_eq!(setup.read(way).await.expect("an empty object"), b"");
        assert_eq!(setup.server.counts().total(), EMPTY);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_range_of_an_object_that_is_not_empty() {
    let refused = Fault::Unsatisfiable { size: SIZE };
    assert_error(ErrorKind::Integrity, |setup| setup.on(Matcher::get(), refused.clone())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_range_without_a_size_is_no_empty_object() {
    let refused = Fault::Status { status: 416, code: "InvalidRange", retry_after: None };
    assert_error(ErrorKind::Integrity, |setup| setup.on(Matcher::get(), refused.clone())).await;
    let setup = Setup::new();
    setup.server.put_object("k", "");
    setup.on(Matcher::get(), refused);
    assert_eq!(setup.read(Way::Bytes).await.expect("an empty object"), b"");
    assert_eq!(setup.server.counts().total(), 2, "one more request tells that it is empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_not_tried_again() {
    for (fault, kind) in [
        (Fault::access_denied(), ErrorKind::PermissionDenied),
        (Fault::no_such_key(), ErrorKind::NotFound),
        (Fault::Status { status: 400, code: "ExpiredToken", retry_after: None }, ErrorKind::Unauthenticated),
        (Fault::Status { status: 501, code: "NotImplemented", retry_after: None }, ErrorKind::Unsupported),
    ] {
        let setup = Setup::new();
        let rule = setup.on(Matcher::get(), fault);
        let error = setup.read(Way::Bytes).await.expect_err("a refusal");
        assert_eq!((error.kind(), rule.hits(), error.attempts()), (kind, 1, 1), "{error:?}");
    }
    // The right to read was lost on the way.
    assert_error(ErrorKind::PermissionDenied, |setup| setup.on(later(), Fault::access_denied())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_errors_and_carry_no_credentials_elsewhere() {
    for status in [301, 307] {
        let elsewhere = Setup::new();
        let location = format!("{}/data/k", elsewhere.server.endpoint());
        assert_error(ErrorKind::InvalidInput, |setup| {
            setup.on(Matcher::get(), Fault::Redirect { status, location: location.clone() })
        })
        .await;
        assert_eq!(elsewhere.server.counts().total(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_not_http() {
    assert_passing(Fault::NotHttp).await;
    let setup = Setup::new();
    setup.on(Matcher::get(), Fault::NotHttp);
    let error = setup.read(Way::Bytes).await.expect_err("no HTTP");
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error:?}");
}

/// S3 tells the checksum of an object to those who read it whole and ask for it with `x-amz-checksum-mode`, and of no
/// range. Reads are ranges, so over plain HTTP nothing protects their bytes but TCP's own checksum; over HTTPS a
/// changed byte breaks the connection. This test says so: when reads verify checksums, it has to change.
#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_byte_over_plain_http_is_not_noticed() {
    for way in WAYS {
        let setup = Setup::new();
        let place = 2 * PART + 77;
        setup.on(Matcher::get(), Fault::CorruptByte(place));
        let read = setup.read(way).await.expect("nothing tells the client");
        let wrong = DATA.verify(0, &read).expect_err("a corrupt byte");
        assert_eq!(wrong.offset, place);
        let after = usize::try_from(place + 1).expect("small enough");
        assert_eq!(DATA.verify(place + 1, &read[after..]), Ok(()), "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_whose_words_never_end() {
    let setup = Setup::new();
    setup.on(Matcher::get(), Fault::internal_error()).times(1);
    setup.on(Matcher::get(), Fault::InBody(5, Ending::Stall)).times(1);
    assert_eq!(DATA.verify(0, &setup.read(Way::Bytes).await.expect("the object")), Ok(()));
}
