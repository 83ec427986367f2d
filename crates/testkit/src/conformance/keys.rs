//! Odd keys, one by one: each round-trips exactly, or is refused by name, and never lands in another place.

use std::sync::Arc;

use rangeway_core::{
    CopyOptions, ErrorKind, GetOptions, HeadOptions, Key, ListOptions, PutOptions, Store, StoreExt,
};

use super::Fixture;
use super::run::say;
use super::support::{assert_missing, content, get_kind, kind, names, put};

/// Asserts that `key` round-trips or, on a store that does not take every key, is refused; and that nothing
/// appears at `others`, where a store that cleans keys up would put it.
async fn assert_key(fixture: &dyn Fixture, key: &str, others: &[&str]) {
    let store = fixture.store();
    let written = store.put_bytes(key, "content").await;
    if let Err(error) = written {
        let kind = error.kind();
        let refusal = kind == ErrorKind::InvalidInput && !store.capabilities().any_key;
        assert!(refusal, "{key:?} is neither stored nor refused by name: {error:?}");
        say(&format!("{}: {key:?} is refused with InvalidInput, as its capabilities say", store.uri()));
        return assert_refused(&store, key).await;
    }
    for other in others {
        let found = get_kind(&store, other, GetOptions::new()).await;
        let missing = matches!(found, ErrorKind::NotFound | ErrorKind::InvalidInput);
        assert!(missing, "{key:?} was written and {other:?} is {found}");
    }
    assert_eq!(content(&store, key).await, "content");
    let head = store.head(&Key::from(key), HeadOptions::new()).await.expect("it exists");
    assert_eq!((head.meta.key.as_str(), head.meta.size), (key, 7));
    assert_eq!(names(&store, ListOptions::new()).await, [key]);
    assert_eq!(names(&store, ListOptions::new().prefix(key)).await, [key]);
    assert_eq!(names(&store, ListOptions::new().start_after(key)).await, Vec::<String>::new());

    store.copy(&Key::from(key), &Key::from("plain"), CopyOptions::new()).await.expect("a copy from it");
    assert_eq!(content(&store, "plain").await, "content");
    store.delete_one(key).await.expect("a deletion");
    assert_missing(&store, key).await;
    put(&store, "plain", "copied").await;
    store.copy(&Key::from("plain"), &Key::from(key), CopyOptions::new()).await.expect("a copy to it");
    assert_eq!(content(&store, key).await, "copied");
}

/// Asserts that nothing can be done with a key that the store refuses.
async fn assert_refused(store: &Arc<dyn Store>, key: &str) {
    assert_eq!(names(store, ListOptions::new()).await, Vec::<String>::new());
    let refused = |kind| matches!(kind, ErrorKind::InvalidInput | ErrorKind::NotFound);
    assert!(refused(get_kind(store, key, GetOptions::new()).await), "get {key:?}");
    assert!(refused(kind(store.head(&Key::from(key), HeadOptions::new()).await)), "head {key:?}");
    let upload = async { store.start_multipart(&Key::from(key), PutOptions::new()).await };
    assert_eq!(kind(upload.await), ErrorKind::InvalidInput, "start_multipart {key:?}");
    put(store, "plain", "x").await;
    let copied = store.copy(&Key::from("plain"), &Key::from(key), CopyOptions::new()).await;
    assert_eq!(kind(copied), ErrorKind::InvalidInput, "copy to {key:?}");
    let copied = store.copy(&Key::from(key), &Key::from("other"), CopyOptions::new()).await;
    assert!(refused(kind(copied)), "copy from {key:?}");
    if let Err(error) = store.delete_one(key).await {
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "delete {key:?}");
    }
    assert_eq!(names(store, ListOptions::new()).await, ["plain"]);
}

/// The empty key names the container and is `InvalidInput` everywhere.
pub async fn key_empty_is_refused(fixture: &dyn Fixture) {
    let store = fixture.store();
    assert_eq!(kind(store.put_bytes("", "x").await), ErrorKind::InvalidInput);
    assert_refused(&store, "").await;
    assert_eq!(kind(store.delete_one("").await), ErrorKind::InvalidInput);
    assert_eq!(get_kind(&store, "", GetOptions::new()).await, ErrorKind::InvalidInput);
}

/// A key can lie below another, or is refused because of it.
pub async fn key_below_another(fixture: &dyn Fixture) {
    let store = fixture.store();
    put(&store, "a", "short").await;
    let written = store.put_bytes("a/b", "long").await;
    // Stores that refuse some keys need not refuse these.
    if store.capabilities().any_key || written.is_ok() {
        written.expect("every key is valid");
        assert_eq!(names(&store, ListOptions::new()).await, ["a", "a/b"]);
        assert_eq!(names(&store, ListOptions::new().delimiter("/")).await, ["a", "a/"]);
        assert_eq!(content(&store, "a/b").await, "long");
    } else {
        assert_eq!(kind(written), ErrorKind::InvalidInput);
    }
    assert_eq!(content(&store, "a").await, "short");

    put(&store, "b/c", "long").await;
    let written = store.put_bytes("b", "short").await;
    if store.capabilities().any_key || written.is_ok() {
        written.expect("every key is valid");
    } else {
        assert_eq!(kind(written), ErrorKind::InvalidInput);
    }
    assert_eq!(content(&store, "b/c").await, "long");
}

macro_rules! odd_keys {
    ($($case:ident: $key:expr, $others:expr;)+) => {$(
        #[doc = concat!("The key `", stringify!($key), "` round-trips exactly, or is refused by name.")]
        pub async fn $case(fixture: &dyn Fixture) {
            assert_key(fixture, $key, &$others).await;
        }
    )+};
}

odd_keys! {
    key_double_slash: "a//b", ["a/b", "a/", "a"];
    key_trailing_slash: "a/", ["a", "a//"];
    key_leading_slash: "/a", ["a", "//a"];
    key_dot: ".", ["./", "/"];
    key_dot_dot: "..", ["../", "../..", "/"];
    key_dot_dot_inside: "a/../b", ["b", "a/b", "a"];
    key_dot_inside: "a/./b", ["a/b", "a"];
    key_percent: "a%2Fb %41", ["a/b %41", "a%2Fb A", "a%252Fb%20%2541", "a/b A"];
    key_plus: "a+b", ["a b", "a%2Bb"];
    key_space: "a b", ["a+b", "a%20b", "a"];
    key_leading_space: " a", ["a", "+a", "%20a"];
    key_trailing_space: "a ", ["a", "a+", "a%20"];
    key_quotes: "\"a'b`", ["%22a%27b%60", "a'b`"];
    key_xml: "<a>&amp;&b]]></a>", ["<a>&&b]]></a>", "<a>&amp;&amp;b]]></a>", "a"];
    key_emoji: "\u{1f980}/\u{1f1e9}\u{1f1ea}", ["%F0%9F%A6%80/%F0%9F%87%A9%F0%9F%87%AA"];
    key_combining: "e\u{301}", ["\u{e9}", "e"];
    key_backslash: "a\\b", ["a/b", "b"];
    key_question_mark: "a?b=c", ["a", "a%3Fb=c"];
    key_hash: "a#b", ["a", "a%23b"];
    key_asterisk: "*?[a]{b,c}~!$@(),;=", ["*"];
    key_colon: "c:d", ["d", "c%3Ad"];
    key_newline: "a\nb\r\nc\td", ["a", "a%0Ab%0D%0Ac%09d", "a b c d"];
    key_control: "a\u{1}\u{7f}b", ["ab"];
    key_of_1024_bytes: &"k".repeat(1024), ["k"];
    key_of_many_segments: &"abcdefg/".repeat(128)[..1023], ["abcdefg"];
}
