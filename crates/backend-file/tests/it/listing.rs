//! Listings against the reference model, and what only file systems have.

use std::os::unix::ffi::OsStrExt;

use futures::{StreamExt, TryStreamExt};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use rangeway_core::{ListEntry, ListOptions, MemoryStore, Result, Store, StoreExt};

use crate::store;

async fn names(store: &impl Store, options: ListOptions) -> Result<Vec<String>> {
    let shown = |entry: ListEntry| match entry {
        ListEntry::Object(meta) => format!("{} ({})", meta.key, meta.size),
        ListEntry::Prefix(prefix) => format!("{prefix}..."),
    };
    store.list(options).map_ok(shown).try_collect().await
}

/// A few characters around `/` in byte order, and one beyond ASCII.
fn segment() -> impl Strategy<Value = String> {
    vec(prop_oneof!["a", "b", "-", "0", "é", "\\."], 1..3).prop_map(|characters| characters.concat())
}

fn key() -> impl Strategy<Value = String> {
    vec(segment(), 1..4).prop_map(|segments| segments.join("/"))
}

/// Anything that looks a little like a key, slashes anywhere.
fn fragment() -> impl Strategy<Value = String> {
    vec(prop_oneof!["a", "b", "-", "0", "é", "\\.", "/"], 0..5).prop_map(|characters| characters.concat())
}

fn possible(key: &str, keys: &std::collections::BTreeSet<String>) -> bool {
    let names_a_folder =
        keys.iter().any(|other| other.strip_prefix(key).is_some_and(|rest| rest.starts_with('/')));
    !names_a_folder && key.split('/').all(|segment| segment != "." && segment != "..")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn listings_are_those_of_the_reference_model(
        keys in btree_set(key(), 0..25),
        questions in vec(
            (fragment(), proptest::option::of(fragment()), proptest::option::of("/|-|a|a/b|/b|é"), any::<bool>()),
            30,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (_folder, files) = store();
            let memory = MemoryStore::new("model");
            for key in keys.iter().filter(|key| possible(key, &keys)) {
                let bytes = vec![0; key.len()];
                files.put_bytes(key.as_str(), bytes.clone()).await.expect("put");
                memory.put_bytes(key.as_str(), bytes).await.expect("put");
            }
            let from_a_key = |text: String, cut: bool| match keys.iter().nth(text.len()) {
                Some(key) if cut => key.chars().take(text.len() + 1).collect(),
                _ => text,
            };
            for (prefix, start_after, delimiter, cut) in questions {
                let mut options = ListOptions::new().prefix(from_a_key(prefix, cut));
                options.start_after = start_after.map(|after| from_a_key(after, cut));
                options.delimiter = delimiter;
                let found = names(&files, options.clone()).await.expect("listed");
                let expected = names(&memory, options.clone()).await.expect("listed");
                assert_eq!(found, expected, "{options:?}");
            }
        });
    }
}

#[tokio::test]
async fn siblings_sort_as_keys_and_not_as_names() -> Result<()> {
    let (_folder, store) = store();
    for key in ["a0", "a/b", "a-b", "a.c/d", "a/0/x", "B"] {
        store.put_bytes(key, "").await?;
    }
    let keys: Vec<String> = store.list_prefix("").map_ok(|meta| meta.key.to_string()).try_collect().await?;
    assert_eq!(keys, ["B", "a-b", "a.c/d", "a/0/x", "a/b", "a0"]);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_a_key_is_not_listed() -> Result<()> {
    let (folder, store) = store();
    store.put_bytes("a/file", "1").await?;
    std::fs::create_dir_all(folder.path().join("empty/deep")).expect("made");
    std::fs::write(folder.path().join("a/.file.rangeway-0123456789abcdef"), "x").expect("written");
    std::fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"\xff\xfe")), "x").expect("written");
    std::fs::create_dir(folder.path().join(std::ffi::OsStr::from_bytes(b"\xfd"))).expect("made");
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).expect("bound");
    assert_eq!(names(&store, ListOptions::new()).await?, ["a/file (1)"]);
    assert_eq!(store.stats().left_out, 2);
    assert_eq!(names(&store, ListOptions::new().delimiter("/")).await?, ["a/..."]);
    for prefix in ["..", "../", "/", "//", "a//", "./", "a/../", "no/such", "a/file/", "a\0/b"] {
        assert_eq!(names(&store, ListOptions::new().prefix(prefix)).await?, [""; 0], "{prefix:?}");
    }
    let long = "n".repeat(300) + "/";
    assert_eq!(names(&store, ListOptions::new().prefix(long)).await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn what_is_left_out_is_counted_where_it_was_asked_for() -> Result<()> {
    let (folder, store) = store();
    store.put_bytes("a/file", "1").await?;
    let odd = |place: &str| {
        let path = folder.path().join(place);
        std::fs::create_dir_all(&path).expect("made");
        std::fs::write(path.join(std::ffi::OsStr::from_bytes(b"x\xff")), "x").expect("written");
        path
    };
    odd("a");
    let sub = odd("odd/sub");
    let socket = sub.join(std::ffi::OsStr::from_bytes(b"\xfe"));
    let _socket = std::os::unix::net::UnixListener::bind(socket).expect("bound");
    let mut before = 0;
    for (options, left_out) in [
        (ListOptions::new(), 2),
        (ListOptions::new().prefix("a/"), 1),
        (ListOptions::new().prefix("a/x"), 1),
        (ListOptions::new().prefix("a/f"), 0),
        (ListOptions::new().start_after("odd/sub/y"), 0),
        // The folder `a` is shown, and what is in it was not asked for; `odd` holds nothing that could be shown.
        (ListOptions::new().delimiter("/"), 1),
    ] {
        names(&store, options.clone()).await?;
        let counted = store.stats().left_out;
        assert_eq!(counted - before, left_out, "{options:?}");
        before = counted;
    }
    Ok(())
}

#[tokio::test]
async fn many_names_come_in_batches_and_start_where_asked() -> Result<()> {
    let (folder, store) = store();
    for group in 0..5 {
        let path = folder.path().join(format!("g{group}"));
        std::fs::create_dir(&path).expect("made");
        for file in 0..1500 {
            std::fs::write(path.join(format!("{file:04}")), "").expect("written");
        }
    }
    let all: Vec<_> = store.list_prefix("").try_collect().await?;
    assert_eq!(all.len(), 7500);
    assert!(all.is_sorted_by(|left, right| left.key < right.key));
    let mut late = store.list(ListOptions::new().start_after("g4/1498"));
    assert_eq!(late.next().await.expect("one").expect("listed").name(), "g4/1499");
    assert!(late.next().await.is_none());
    // Nobody asks for more: the walk does not go on.
    assert!(store.list(ListOptions::new()).next().await.is_some());
    store.drain().await;
    Ok(())
}
