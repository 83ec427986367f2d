//! Listing.

use futures::StreamExt;
use rangeway_core::{ErrorKind, HeadOptions, Key, ListEntry, ListOptions, StoreExt};

use super::Fixture;
use super::support::{kind, names, put, put_all};

/// More than two pages of S3, which gives 1,000 keys at a time.
const MANY: usize = 2_500;

fn owned(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

async fn assert_list(fixture: &dyn Fixture, keys: &[&str], rows: &[(ListOptions, &[&str])]) {
    let store = fixture.store();
    put_all(&store, owned(keys)).await;
    for (options, expected) in rows {
        assert_eq!(names(&store, options.clone()).await, *expected, "{options:?}");
    }
}

/// A store without objects lists nothing, whatever is asked.
pub async fn list_empty(fixture: &dyn Fixture) {
    let options = [ListOptions::new(), ListOptions::new().prefix("a/"), ListOptions::new().delimiter("/")];
    let rows = options.map(|options| (options, [].as_slice()));
    assert_list(fixture, &[], &rows).await;
}

/// Keys come in the order of their bytes: not of words, case or UTF-16.
pub async fn list_in_byte_order(fixture: &dyn Fixture) {
    let sorted = ["A", "Z", "a-b", "a/b", "a/c/d", "a0", "b", "b-", "b.c", "z", "é", "\u{fffd}", "\u{1f980}"];
    let mut shuffled = sorted;
    shuffled.rotate_left(5);
    shuffled.swap(0, 7);
    assert_list(fixture, &shuffled, &[(ListOptions::new(), &sorted)]).await;
}

/// A listing says of an object what head says: its size and time, and its etag where the service lists etags.
pub async fn list_reports_what_head_reports(fixture: &dyn Fixture) {
    let store = fixture.store();
    put(&store, "a/b", "hello").await;
    let mut entries = store.list(ListOptions::new());
    let Some(Ok(ListEntry::Object(listed))) = entries.next().await else { panic!("there is one object") };
    assert!(entries.next().await.is_none(), "there is one object only");
    let head = store.head(&Key::from("a/b"), HeadOptions::new()).await.expect("it exists").meta;
    assert_eq!((listed.key.as_str(), listed.size), ("a/b", 5));
    if listed.etag.is_some() {
        assert_eq!(listed.etag, head.etag);
    }
    let seconds = |time: Option<std::time::SystemTime>| {
        let time = time.expect("an object has a time");
        time.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()
    };
    assert_eq!(seconds(listed.last_modified), seconds(head.last_modified));
}

/// A prefix is bytes, not a folder.
pub async fn list_prefix_within_a_name(fixture: &dyn Fixture) {
    let keys = ["a", "ab/c", "ab/cd", "ab/ce/f", "abc", "b"];
    let rows: [(ListOptions, &[&str]); 5] = [
        (ListOptions::new().prefix("ab"), &["ab/c", "ab/cd", "ab/ce/f", "abc"]),
        (ListOptions::new().prefix("ab/"), &["ab/c", "ab/cd", "ab/ce/f"]),
        (ListOptions::new().prefix("ab/c"), &["ab/c", "ab/cd", "ab/ce/f"]),
        (ListOptions::new().prefix("ab/ce"), &["ab/ce/f"]),
        (ListOptions::new().prefix("c"), &[]),
    ];
    assert_list(fixture, &keys, &rows).await;
}

/// A prefix that is itself a key is listed with what follows it.
pub async fn list_prefix_that_is_a_key(fixture: &dyn Fixture) {
    let rows: [(ListOptions, &[&str]); 2] = [
        (ListOptions::new().prefix("p/k"), &["p/k", "p/k1", "p/kk"]),
        (ListOptions::new().prefix("p/kk"), &["p/kk"]),
    ];
    assert_list(fixture, &["p/kk", "p/k", "p/k1", "p/j", "p/l"], &rows).await;
}

/// A delimiter groups what lies deeper, once, among the keys in order.
pub async fn list_delimiter(fixture: &dyn Fixture) {
    let keys = ["a/1", "a/2", "a/b/3", "a/b/4", "a/c", "b", "c/5"];
    let slash = || ListOptions::new().delimiter("/");
    let rows: [(ListOptions, &[&str]); 5] = [
        (slash(), &["a/", "b", "c/"]),
        (slash().prefix("a/"), &["a/1", "a/2", "a/b/", "a/c"]),
        (slash().prefix("a"), &["a/"]),
        (slash().prefix("a/b/"), &["a/b/3", "a/b/4"]),
        (slash().prefix("b"), &["b"]),
    ];
    assert_list(fixture, &keys, &rows).await;
    let store = fixture.store();
    let mut entries = store.list(slash());
    let first = entries.next().await.expect("an entry").expect("a listing");
    assert_eq!(first, ListEntry::Prefix("a/".into()));
}

/// Any character can be a delimiter.
pub async fn list_delimiter_other_than_slash(fixture: &dyn Fixture) {
    let dash = || ListOptions::new().delimiter("-");
    let rows: [(ListOptions, &[&str]); 3] = [
        (dash(), &["a-", "a/x-", "b"]),
        (dash().prefix("a-"), &["a-1", "a-2-"]),
        (dash().prefix("a/"), &["a/x-"]),
    ];
    assert_list(fixture, &["a-1", "a-2-3", "a/x-1", "a/x-2", "b"], &rows).await;
}

/// A delimiter can have more than one character.
pub async fn list_delimiter_of_two_characters(fixture: &dyn Fixture) {
    let double = || ListOptions::new().delimiter("--");
    let rows: [(ListOptions, &[&str]); 2] =
        [(double(), &["a--", "a-1", "b"]), (double().prefix("a-"), &["a--2", "a--3--", "a-1"])];
    assert_list(fixture, &["a--2", "a--3--4", "a-1", "b"], &rows).await;
}

/// A listing can start after any key, whether it exists or not.
pub async fn list_start_after(fixture: &dyn Fixture) {
    let after = |key: &str| ListOptions::new().start_after(key);
    let rows: [(ListOptions, &[&str]); 6] = [
        (after(""), &["a", "b/1", "b/2", "c"]),
        (after("a"), &["b/1", "b/2", "c"]),
        (after("b"), &["b/1", "b/2", "c"]),
        (after("b/1"), &["b/2", "c"]),
        (after("bb"), &["c"]),
        (after("c"), &[]),
    ];
    assert_list(fixture, &["a", "b/1", "b/2", "c"], &rows).await;
}

/// Prefix and start hold together, wherever the start lies.
pub async fn list_start_after_with_prefix(fixture: &dyn Fixture) {
    let after = |key: &str| ListOptions::new().prefix("b/").start_after(key);
    let rows: [(ListOptions, &[&str]); 4] =
        [(after("a"), &["b/1", "b/2"]), (after("b/1"), &["b/2"]), (after("b/2"), &[]), (after("c"), &[])];
    assert_list(fixture, &["a", "b/1", "b/2", "c"], &rows).await;
}

/// Grouping comes after the start: a group with one key after the start is listed.
pub async fn list_start_after_with_delimiter(fixture: &dyn Fixture) {
    let after = |key: &str| ListOptions::new().delimiter("/").start_after(key);
    let rows: [(ListOptions, &[&str]); 3] =
        [(after("a/1"), &["a/", "b/", "c"]), (after("a/2"), &["b/", "c"]), (after("b/"), &["b/", "c"])];
    assert_list(fixture, &["a/1", "a/2", "b/1", "c"], &rows).await;
}

/// A listing goes on for more keys than a page holds, each once and in order.
pub async fn list_more_than_one_page(fixture: &dyn Fixture) {
    let store = fixture.store();
    let keys: Vec<String> = (0..MANY).map(|number| format!("many/{:02}/{number:05}", number % 7)).collect();
    put_all(&store, keys.clone()).await;
    let mut sorted = keys;
    sorted.sort();
    assert_eq!(names(&store, ListOptions::new()).await, sorted);
    assert_eq!(names(&store, ListOptions::new().prefix("many/03/")).await.len(), MANY / 7);
    let groups = names(&store, ListOptions::new().prefix("many/").delimiter("/")).await;
    assert_eq!(groups, (0..7).map(|group| format!("many/{group:02}/")).collect::<Vec<_>>());
    let middle = &sorted[MANY / 2];
    let rest = names(&store, ListOptions::new().start_after(middle)).await;
    assert_eq!(rest, sorted[MANY / 2 + 1..]);
}

/// A listing that is not read to its end does no harm, and the store goes on.
pub async fn list_dropped_early(fixture: &dyn Fixture) {
    let store = fixture.store();
    put_all(&store, owned(&["a", "b", "c"])).await;
    let mut entries = store.list(ListOptions::new());
    assert_eq!(entries.next().await.expect("an entry").expect("a listing").name(), "a");
    drop(entries);
    store.delete_one("a").await.expect("a deletion");
    assert_eq!(names(&store, ListOptions::new()).await, ["b", "c"]);
    assert_eq!(kind(store.head(&Key::from("a"), HeadOptions::new()).await), ErrorKind::NotFound);
}
