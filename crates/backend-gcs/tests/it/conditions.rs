//! Uploads in parts that have a condition: the service takes none, and what they are made of has another name meanwhile.

use rangeway_core::{
    Attributes, ErrorKind, HeadOptions, Key, PutMode, PutOptions, PutResponse, Result, Settings,
};
use rangeway_testkit::{Ending, Fault, Matcher, RequestKind, Seeded};

use crate::faults::writing::LARGE;
use crate::faults::{Setup, within};

const DATA: Seeded = Seeded::new(40);

fn attributes() -> Attributes {
    Attributes::new().content_type("text/plain").metadata("a", "b")
}

async fn put(setup: &Setup, mode: PutMode) -> Result<PutResponse> {
    put_with(setup, mode, attributes()).await
}

async fn put_with(setup: &Setup, mode: PutMode, attributes: Attributes) -> Result<PutResponse> {
    let options = PutOptions::new().mode(mode).attributes(attributes);
    let bytes = DATA.bytes(0, usize::try_from(LARGE).expect("small enough"));
    within(setup.store.put(&Key::from("new"), bytes.into(), options)).await
}

/// Asserts that `new` is what was written, and nothing is beside it.
async fn assert_alone(setup: &Setup, written: &PutResponse) {
    setup.server.behave();
    let head = setup.store.head(&Key::from("new"), HeadOptions::new()).await.expect("it is there");
    assert_eq!((head.meta.size, &head.meta.etag), (LARGE, &written.etag));
    assert_eq!(head.attributes.content_type.as_deref(), Some("text/plain"));
    assert_eq!(head.attributes.metadata["a"], "b");
    let object = setup.server.object("new").expect("it is there");
    assert_eq!(DATA.verify(0, &object), Ok(()));
    assert_nothing_else(setup).await;
}

async fn assert_nothing_else(setup: &Setup) {
    use futures::TryStreamExt;
    use rangeway_core::StoreExt;
    let names: Vec<_> = setup.store.list_prefix("new").try_collect().await.expect("a listing");
    let others: Vec<_> = names.iter().filter(|entry| entry.key.as_str() != "new").collect();
    assert!(others.is_empty(), "{others:?}");
    let mut old = setup.server.old_versions();
    old.retain(|key| key != "new");
    assert!(old.is_empty(), "{old:?}");
    assert_eq!(setup.server.open_uploads(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_holds_makes_the_object() {
    let setup = Setup::new();
    let created = put(&setup, PutMode::Create).await.expect("nothing is there");
    assert_alone(&setup, &created).await;
    let old = created.etag.clone().expect("an etag");
    let replaced = put(&setup, PutMode::IfMatch(old.clone())).await.expect("the object is that one");
    assert_ne!(replaced.etag, created.etag);
    assert_alone(&setup, &replaced).await;
    let error = put(&setup, PutMode::IfMatch(old)).await.expect_err("it is another one");
    assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
    assert_alone(&setup, &replaced).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_storage_class_is_that_of_any_write() {
    let in_class = |class: &str| {
        let mut attributes = attributes();
        attributes.storage_class = Some(class.to_owned());
        attributes
    };
    let of_settings = |settings: Settings| settings.set("storage-class", "NEARLINE");
    for (setup, attributes, class) in [
        (Setup::new(), attributes(), None),
        (Setup::new(), in_class("COLDLINE"), Some("COLDLINE")),
        (Setup::with(of_settings), attributes(), Some("NEARLINE")),
        (Setup::with(of_settings), in_class("COLDLINE"), Some("COLDLINE")),
    ] {
        let written = put_with(&setup, PutMode::Create, attributes).await.expect("nothing is there");
        assert_alone(&setup, &written).await;
        let head = setup.store.head(&Key::from("new"), HeadOptions::new()).await.expect("it is there");
        assert_eq!(head.attributes.storage_class.as_deref(), class);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_been_copied_is_not_copied_again() {
    let setup = Setup::new();
    let second_step =
        Matcher::of(RequestKind::CopyObject).and(|step| step.parameter("rewriteToken").is_some());
    let rule = setup.on(second_step, Fault::slow_down(None)).times(2);
    let written = put(&setup, PutMode::Create).await.expect("it passes");
    assert_eq!(rule.hits(), 2);
    let steps = setup.server.requests_of(RequestKind::CopyObject);
    assert_eq!(steps.iter().filter(|step| step.parameter("rewriteToken").is_none()).count(), 1);
    assert_alone(&setup, &written).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_that_does_not_hold_leaves_nothing_behind() {
    let setup = Setup::new();
    setup.server.put_object("new", "somebody else's");
    for (mode, kind) in [
        (PutMode::Create, ErrorKind::AlreadyExists),
        (PutMode::IfMatch("\"1\"".into()), ErrorKind::PreconditionFailed),
        (PutMode::IfMatch("\"no generation\"".into()), ErrorKind::PreconditionFailed),
    ] {
        assert_eq!(put(&setup, mode).await.expect_err("the condition").kind(), kind);
        assert_eq!(setup.server.object("new").as_deref(), Some(&b"somebody else's"[..]));
        assert_nothing_else(&setup).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_at_any_step_is_a_success() {
    for kind in [RequestKind::CompleteMultipart, RequestKind::CopyObject, RequestKind::DeleteObject] {
        for after in [0, 1] {
            let setup = Setup::new();
            setup.on(Matcher::of(kind), Fault::BeforeHead(Ending::Reset)).after(after).times(1);
            let written = put(&setup, PutMode::Create).await;
            let written = written.unwrap_or_else(|error| panic!("{kind:?} after {after}: {error:?}"));
            assert_alone(&setup, &written).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_without_an_answer_is_found_and_deleted() {
    let setup = Setup::new();
    setup.on(Matcher::of(RequestKind::CompleteMultipart), Fault::BeforeHead(Ending::Reset));
    // Where the answers do not say the bytes of the parts, the object is not known to be this upload's.
    setup.on(Matcher::of(RequestKind::UploadPart), Fault::WithoutHeader("x-goog-hash"));
    put(&setup, PutMode::Create).await.expect_err("no answer");
    setup.store.drain().await;
    setup.server.behave();
    assert_nothing_else(&setup).await;
    assert_eq!(setup.server.object("new"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_for_good_leaves_nothing_behind() {
    for kind in [RequestKind::CompleteMultipart, RequestKind::CopyObject] {
        let setup = Setup::new();
        setup.on(Matcher::of(kind), Fault::access_denied());
        let error = put(&setup, PutMode::Create).await.expect_err("a refusal");
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{kind:?}: {error:?}");
        setup.server.behave();
        assert_eq!(setup.server.object("new"), None);
        assert_nothing_else(&setup).await;
    }
}
