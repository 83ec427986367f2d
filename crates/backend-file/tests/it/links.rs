//! Keys and links that would lead elsewhere, through the public door.

use std::os::unix::fs::symlink;

use futures::TryStreamExt;
use rangeway_core::{
    CopyOptions, ErrorKind, GetOptions, HeadOptions, ListOptions, PutOptions, Result, Store, StoreExt,
};

use crate::{files, kind, store};

#[tokio::test]
async fn no_operation_takes_a_key_that_leaves_the_root() -> Result<()> {
    let (folder, store) = store();
    store.put_bytes("a", "1").await?;
    for key in ["..", "../x", "a/../../x", "/etc/hostname", "x/", "x//y", ".", "./x", "x\0", ""] {
        let key = key.into();
        let refused = Err(ErrorKind::InvalidInput);
        assert_eq!(kind(store.get(&key, GetOptions::new()).await).map(drop), refused, "get {key:?}");
        assert_eq!(kind(store.head(&key, HeadOptions::new()).await).map(drop), refused, "head {key:?}");
        assert_eq!(kind(store.put_bytes(&key, "2").await).map(drop), refused, "put {key:?}");
        assert_eq!(kind(store.start_multipart(&key, PutOptions::new()).await).map(drop), refused, "{key:?}");
        assert_eq!(kind(store.delete_one(&key).await), refused, "delete {key:?}");
        let a = "a".into();
        assert_eq!(kind(store.copy(&a, &key, CopyOptions::new()).await).map(drop), refused, "to {key:?}");
        assert_eq!(kind(store.copy(&key, &a, CopyOptions::new()).await).map(drop), refused, "from {key:?}");
    }
    assert_eq!(files(folder.path()).len(), 1);
    Ok(())
}

#[tokio::test]
async fn links_that_leave_the_root_are_neither_read_nor_written_through() -> Result<()> {
    let (folder, store) = store();
    let outside = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(outside.path().join("secret"), "secret").expect("written");
    symlink(outside.path(), folder.path().join("door")).expect("linked");
    symlink(outside.path().join("secret"), folder.path().join("window")).expect("linked");
    for key in ["door/secret", "window"] {
        let error = store.get(&key.into(), GetOptions::new()).await.map(drop).expect_err(key);
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("root"), "{error}");
    }
    assert_eq!(kind(store.put_bytes("door/new", "x").await).map(drop), Err(ErrorKind::InvalidInput));
    assert_eq!(kind(store.delete_one("door/secret").await), Err(ErrorKind::InvalidInput));
    store.put_bytes("window", "mine").await?;
    assert_eq!(store.get_bytes("window").await?, "mine", "the link was replaced");
    assert_eq!(files(outside.path()).len(), 1);
    assert_eq!(std::fs::read(outside.path().join("secret")).expect("there"), b"secret");
    Ok(())
}

#[tokio::test]
async fn listings_follow_links_to_files_and_not_into_folders() -> Result<()> {
    let (folder, store) = store();
    store.put_bytes("real/file", "12345").await?;
    for (target, link) in [
        ("real/file", "link"),
        ("real", "linked-folder"),
        ("..", "real/up"),
        ("nothing", "broken"),
        ("/etc/hostname", "outside"),
        ("self", "self"),
    ] {
        symlink(target, folder.path().join(link)).expect("linked");
    }
    let keys = async |options| -> Result<Vec<String>> {
        store.list(options).map_ok(|entry| entry.name().to_owned()).try_collect().await
    };
    assert_eq!(keys(ListOptions::new()).await?, ["link", "real/file"]);
    assert_eq!(keys(ListOptions::new().delimiter("/")).await?, ["link", "real/"]);
    assert_eq!(keys(ListOptions::new().prefix("linked-folder/")).await?, ["linked-folder/file"]);
    let sizes: Vec<u64> = store.list_prefix("link").map_ok(|meta| meta.size).try_collect().await?;
    assert_eq!(sizes, [5], "the size of what the link leads to");
    Ok(())
}

#[tokio::test]
async fn what_is_no_plain_file_is_not_replaced() -> Result<()> {
    let (folder, store) = store();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).expect("bound");
    symlink("socket", folder.path().join("link")).expect("linked");
    symlink("nothing", folder.path().join("broken")).expect("linked");
    store.put_bytes("a", "1").await?;
    let refused = Err(ErrorKind::Unsupported);
    for key in ["socket", "link"] {
        let key = key.into();
        assert_eq!(kind(store.put_bytes(&key, "2").await).map(drop), refused, "{key}");
        assert_eq!(kind(store.start_multipart(&key, PutOptions::new()).await).map(drop), refused, "{key}");
        assert_eq!(kind(store.copy(&"a".into(), &key, CopyOptions::new()).await).map(drop), refused, "{key}");
    }
    store.put_bytes("broken", "2").await?;
    assert_eq!(store.get_bytes("broken").await?, "2");
    Ok(())
}
