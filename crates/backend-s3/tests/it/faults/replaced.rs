//! Objects that change while they are read.

use rangeway_core::{ErrorKind, GetOptions, Key};
use rangeway_testkit::{Fault, Matcher, RequestKind};

use super::{DATA, OTHER, SIZE, Setup, WAYS, assert_error, bytes, within};
use crate::support::IDENTITY;

/// Somebody replaces the object after the first answer.
fn replace(setup: &Setup) -> rangeway_testkit::Rule {
    setup.on(Matcher::get(), Fault::Replace(bytes(OTHER, SIZE))).after(1).times(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_replaced_midway_is_refused_by_the_service() {
    let error = assert_error(ErrorKind::PreconditionFailed, replace).await;
    assert!(error.to_string().contains("changed while it was being read"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_replaced_midway_is_noticed_where_the_service_ignores_if_match() {
    assert_error(ErrorKind::PreconditionFailed, |setup| {
        setup.on(Matcher::get(), Fault::IgnoreConditions);
        replace(setup)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_another_size_is_noticed_without_etags() {
    assert_error(ErrorKind::PreconditionFailed, |setup| {
        setup.on(Matcher::get(), Fault::WithoutHeader(IDENTITY));
        setup.on(Matcher::get(), Fault::Replace(bytes(OTHER, SIZE + 1))).after(1).times(1)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_deleted_midway_is_an_error() {
    for way in WAYS {
        let setup = Setup::new();
        setup.on(Matcher::get(), Fault::no_such_key()).after(1);
        let error = setup.read(way).await.expect_err("half an object");
        let named = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PreconditionFailed);
        assert!(named, "{way:?}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_replaced_while_a_part_is_resumed_is_an_error() {
    use rangeway_testkit::Ending;
    assert_error(ErrorKind::PreconditionFailed, |setup| {
        setup.on(super::later(), Fault::InBody(100, Ending::Close)).times(1);
        setup.on(Matcher::get(), Fault::Replace(bytes(OTHER, SIZE))).after(4).times(1)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_read_gives_the_new_object() {
    let setup = Setup::new();
    replace(&setup);
    setup.read(super::Way::Bytes).await.expect_err("replaced");
    let body = setup.store.get(&Key::from("k"), GetOptions::new()).await.expect("an answer").body;
    within(OTHER.verify_body(0, SIZE, body)).await.expect("the new bytes");
    assert!(DATA.verify(0, &bytes(OTHER, 64)).is_err());
    let later = setup.server.requests_of(RequestKind::GetObject);
    assert!(later.iter().all(|request| request.range().is_some()));
}
