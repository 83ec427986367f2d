//! What the adapter does beyond `object_store`'s own functions.

use std::error::Error as _;
use std::sync::Arc;

use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{
    Error, GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt, PutOptions, PutPayload, TagSet,
};
use rangeway::object_store::RangewayStore;
use rangeway::{ErrorKind, MemoryStore, Store, StoreExt};

fn store() -> RangewayStore {
    RangewayStore::new(Arc::new(MemoryStore::new("bucket")))
}

async fn names(store: &RangewayStore, prefix: Option<&Path>) -> Vec<String> {
    let listed = store.list(prefix).map_ok(|meta| meta.location.to_string()).try_collect().await;
    listed.expect("the listing does not fail")
}

#[tokio::test]
async fn keys_without_a_path_are_left_out_of_listings() {
    let store = store();
    for key in ["a/1", "a//2", "a/", "/b", "c/..", "d\n", "a/z"] {
        store.inner().put_bytes(key, "x").await.expect("memory takes any key");
    }
    assert_eq!(names(&store, None).await, ["a/1", "a/z"]);
    assert_eq!(names(&store, Some(&Path::from("a"))).await, ["a/1", "a/z"]);
    let level = store.list_with_delimiter(Some(&Path::from("a"))).await.expect("lists");
    assert_eq!(level.objects.len(), 2);
    assert!(level.common_prefixes.is_empty());
    let top = store.list_with_delimiter(None).await.expect("lists");
    assert_eq!(top.common_prefixes, [Path::from("a"), Path::from("c")]);
}

#[tokio::test]
async fn errors_carry_ours_as_their_source() {
    let error = store().get(&Path::from("nothing")).await.expect_err("not there");
    assert!(matches!(&error, Error::NotFound { path, .. } if path == "nothing"), "{error}");
    let source = error.source().and_then(|source| source.downcast_ref::<rangeway::Error>());
    assert_eq!(source.map(rangeway::Error::kind), Some(ErrorKind::NotFound));
    assert_eq!(source.and_then(rangeway::Error::uri), Some("memory://bucket/nothing"));
}

#[tokio::test]
async fn ranges_are_read_together_and_given_apart() {
    let store = store();
    let path = Path::from("numbers");
    let bytes: Vec<u8> = (0..=u8::MAX).collect();
    store.put(&path, bytes.clone().into()).await.expect("written");
    let ranges = [200..210, 0..3, 1..2, 250..300];
    let found = store.get_ranges(&path, &ranges).await.expect("read");
    for (range, found) in ranges.into_iter().zip(found) {
        let range = usize::try_from(range.start).expect("small")..usize::try_from(range.end).expect("small");
        assert_eq!(found, bytes[range.start..range.end.min(bytes.len())]);
    }
    assert!(store.get_ranges(&path, &[0..1, 300..301]).await.is_err());
    assert!(store.get_ranges(&path, &[]).await.expect("nothing asked").is_empty());
}

#[tokio::test]
async fn a_head_has_the_range_and_no_bytes() {
    let store = store();
    let path = Path::from("ten");
    store.put(&path, "0123456789".into()).await.expect("written");
    let options = GetOptions::new().with_head(true).with_range(Some(GetRange::Suffix(3)));
    let head = store.get_opts(&path, options).await.expect("there");
    assert_eq!((head.meta.size, head.range.clone()), (10, 7..10));
    assert!(head.bytes().await.expect("no bytes").is_empty());
}

#[tokio::test]
async fn parts_keep_the_order_of_their_calls_at_any_size() {
    let store = store();
    let path = Path::from("parts");
    let mut upload = store.put_multipart(&path).await.expect("begun");
    let parts = ["a", "bcd", "", "efgh"].map(|part| upload.put_part(part.into()));
    for part in parts.into_iter().rev() {
        part.await.expect("sent");
    }
    upload.complete().await.expect("whole");
    assert_eq!(store.get(&path).await.expect("there").bytes().await.expect("read"), "abcdefgh");
}

#[tokio::test]
async fn an_upload_without_parts_is_an_empty_object() {
    let store = store();
    let path = Path::from("empty");
    store.put_multipart(&path).await.expect("begun").complete().await.expect("whole");
    assert_eq!(store.head(&path).await.expect("there").size, 0);
}

#[tokio::test]
async fn an_upload_with_a_part_missing_is_never_completed() {
    let store = store();
    let path = Path::from("hole");
    let mut upload = store.put_multipart(&path).await.expect("begun");
    upload.put_part("a".into()).await.expect("sent");
    drop(upload.put_part("b".into()));
    assert!(upload.complete().await.is_err());
    upload.abort().await.expect("aborted");
    assert!(matches!(store.head(&path).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn renaming_an_object_to_itself_keeps_it() {
    let store = store();
    let path = Path::from("same");
    store.put(&path, "kept".into()).await.expect("written");
    store.rename(&path, &path).await.expect("nothing to do");
    let error = store.rename_if_not_exists(&path, &path).await.expect_err("it exists");
    assert!(matches!(error, Error::AlreadyExists { .. }), "{error}");
    assert_eq!(store.get(&path).await.expect("there").bytes().await.expect("read"), "kept");
    let missing = Path::from("missing");
    assert!(matches!(store.rename(&missing, &missing).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn tags_are_refused_by_name() {
    let mut tags = TagSet::default();
    tags.push("team", "a");
    let options: PutOptions = tags.into();
    let error = store().put_opts(&Path::from("x"), PutPayload::new(), options).await.expect_err("no tags");
    assert!(matches!(error, Error::NotImplemented { .. }), "{error}");
}

#[tokio::test]
async fn deletions_answer_in_the_order_of_their_paths() {
    let store = store();
    let paths: Vec<_> = (0..2500).rev().map(|number| Path::from(format!("n/{number}"))).collect();
    for path in &paths {
        store.put(path, "x".into()).await.expect("written");
    }
    let locations = futures::stream::iter(paths.clone().into_iter().map(Ok));
    let deleted: Vec<_> = store.delete_stream(Box::pin(locations)).try_collect().await.expect("deleted");
    assert_eq!(deleted, paths);
    assert!(names(&store, None).await.is_empty());
}

#[test]
fn a_uri_opens_the_container_and_names_the_path() {
    for (uri, container, path) in [
        ("memory://b", "memory://b", ""),
        ("memory://b/", "memory://b", ""),
        ("memory://b/a/c.parquet", "memory://b", "a/c.parquet"),
        ("memory://b/table/", "memory://b", "table"),
    ] {
        let (store, found) = RangewayStore::open(uri).expect(uri);
        assert_eq!((store.inner().uri().to_string().as_str(), found.as_ref()), (container, path), "{uri}");
        assert_eq!(store.to_string(), format!("RangewayStore({container})"));
    }
    let error = RangewayStore::open("memory://b/a//c").expect_err("no path");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
