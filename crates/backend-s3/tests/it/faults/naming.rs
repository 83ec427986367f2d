//! What an error says besides its kind: the operation and the object.

use futures::stream::{self, StreamExt};
use rangeway_core::{
    CopyOptions, Error, GetOptions, HeadOptions, Key, ListOptions, Operation, PutOptions, Result,
};
use rangeway_testkit::{Fault, Matcher};

use super::writing::LARGE;
use super::{OTHER, Setup, bytes, within};

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_the_operation_and_the_object() {
    let setup = Setup::new();
    setup.on(Matcher::any(), Fault::access_denied());
    let Setup { store, .. } = &setup;
    let (key, other) = (Key::from("k"), Key::from("other"));
    let named = |result: Result<()>, operation, key: &Key| {
        let error: Error = result.expect_err("it is refused");
        let uri = store.uri().with_key(key).to_string();
        assert_eq!((error.operation(), error.uri()), (Some(operation), Some(uri.as_str())), "{error:?}");
    };
    let work = async {
        named(store.head(&key, HeadOptions::new()).await.map(drop), Operation::Head, &key);
        named(store.get(&key, GetOptions::new()).await.map(drop), Operation::Get, &key);
        named(store.put(&key, "x".into(), PutOptions::new()).await.map(drop), Operation::Put, &key);
        named(store.copy(&key, &other, CopyOptions::new()).await.map(drop), Operation::Copy, &key);
        let large = store.put(&key, bytes(OTHER, LARGE).into(), PutOptions::new()).await;
        named(large.map(drop), Operation::Multipart, &key);
        let mut listed = store.list(ListOptions::new().prefix("k"));
        named(listed.next().await.expect("an error").map(drop), Operation::List, &key);
        let mut deleted = store.delete(stream::iter([key.clone()]).boxed());
        named(deleted.next().await.expect("an answer").result, Operation::Delete, &key);
    };
    within(work).await;
}
