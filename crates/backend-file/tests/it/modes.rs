//! Create-only and compare-and-replace writes, one at a time and against each other.

use std::os::unix::fs::PermissionsExt;

use futures::future::join_all;
use rangeway_core::{
    CopyOptions, ErrorKind, GetOptions, HeadOptions, Payload, PutMode, PutOptions, Result, Store, StoreExt,
};

use crate::{files, kind, store};

fn create() -> PutOptions {
    PutOptions::new().mode(PutMode::Create)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_creators_one_wins_and_its_bytes_are_there() -> Result<()> {
    let (folder, store) = store();
    for round in 0..20 {
        let key = format!("round/{round}").into();
        let (store, key) = (&store, &key);
        // Some small enough to be written at once, some not.
        let tries = (0..8_u8).map(|writer| async move {
            let size = if writer % 2 == 0 { 100 } else { (2 << 20) + 1 };
            let written = store.put(key, vec![writer; size].into(), create()).await;
            written.map(|_| (writer, size))
        });
        let results = join_all(tries).await;
        let won: Vec<_> = results.iter().filter_map(|result| result.as_ref().ok()).collect();
        assert_eq!(won.len(), 1, "{results:?}");
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
        }
        let (writer, size) = *won[0];
        assert!(store.get_bytes(key).await? == vec![writer; size]);
    }
    assert_eq!(files(folder.path()).len(), 20, "no temporary file is left");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn compare_and_replace_loses_no_update() -> Result<()> {
    let (_folder, store) = store();
    let key = "counter".into();
    store.put_bytes(&key, "0").await?;
    let (store, key) = (&store, &key);
    let add_fifty = |_| async move {
        let mut added = 0;
        while added < 50 {
            let response = store.get(key, GetOptions::new()).await?;
            let etag = response.meta.etag.expect("files have etags");
            let count: u32 =
                String::from_utf8_lossy(&response.body.bytes().await?).parse().expect("a number");
            let put = store.put(
                key,
                (count + 1).to_string().into(),
                PutOptions::new().mode(PutMode::IfMatch(etag)),
            );
            match kind(put.await) {
                Ok(_) => added += 1,
                Err(kind) => assert_eq!(kind, ErrorKind::PreconditionFailed),
            }
        }
        Ok(())
    };
    join_all((0..8).map(add_fifty)).await.into_iter().collect::<Result<()>>()?;
    assert_eq!(store.get_bytes(key).await?, "400");
    Ok(())
}

#[tokio::test]
async fn etags_change_with_every_write_and_stay_otherwise() -> Result<()> {
    let (_folder, store) = store();
    let mut seen = Vec::new();
    for _ in 0..50 {
        let put = store.put_bytes("a", "same").await?;
        let head = store.head(&"a".into(), HeadOptions::new()).await?;
        assert_eq!(put.etag, head.meta.etag);
        seen.push(put.etag);
        store.delete_one("a").await?;
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 50, "the same name, size and perhaps inode, and yet another etag");
    Ok(())
}

#[tokio::test]
async fn if_match_wants_the_object_there() -> Result<()> {
    let (folder, store) = store();
    let options = |etag: &str| PutOptions::new().mode(PutMode::IfMatch(etag.into()));
    for etag in ["*", "\"x\""] {
        let put = store.put(&"a".into(), "1".into(), options(etag)).await;
        assert_eq!(kind(put), Err(ErrorKind::PreconditionFailed));
    }
    store.put_bytes("a", "1").await?;
    assert_eq!(
        kind(store.put(&"a".into(), "2".into(), options("\"x\"")).await),
        Err(ErrorKind::PreconditionFailed)
    );
    store.put(&"a".into(), "2".into(), options("*")).await?;
    assert_eq!(store.get_bytes("a").await?, "2");
    assert_eq!(files(folder.path()).len(), 1);
    Ok(())
}

#[tokio::test]
async fn permissions_are_those_of_cp() -> Result<()> {
    let (folder, store) = store();
    let bits = |name: &str| {
        std::fs::metadata(folder.path().join(name)).expect("there").permissions().mode() & 0o7777
    };
    let set = |name: &str, mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(folder.path().join(name), permissions).expect("set");
    };
    std::fs::write(folder.path().join("plain"), "").expect("written");
    store.put_bytes("new", "1").await?;
    assert_eq!(bits("new"), bits("plain"), "the umask decides");
    assert_ne!(bits("new"), 0o600);
    set("new", 0o4750);
    store.put_bytes("new", "2").await?;
    assert_eq!(bits("new"), 0o750, "kept, but no set-user-id for other bytes");
    set("new", 0o600);
    store.put(&"new".into(), vec![0; 3 << 20].into(), PutOptions::new()).await?;
    assert_eq!(bits("new"), 0o600, "a secret stays one");
    set("new", 0o755);
    store.copy(&"new".into(), &"script".into(), CopyOptions::new()).await?;
    assert_eq!(bits("script"), bits("plain") | 0o111 & !umask(bits("plain")), "a copied script can be run");
    Ok(())
}

/// The umask that made a plain file have these permissions.
fn umask(plain: u32) -> u32 {
    (0o666 & !plain) | ((0o666 & !plain) >> 2 & 0o111)
}

#[tokio::test]
async fn copies_honour_their_mode() -> Result<()> {
    let (folder, store) = store();
    let big = vec![5; 70 << 20];
    store.put(&"from".into(), big.clone().into(), PutOptions::new()).await?;
    let create = || CopyOptions::new().mode(PutMode::Create);
    store.copy(&"from".into(), &"deep/to".into(), create()).await?;
    assert!(store.get_bytes("deep/to").await? == big);
    let again = store.copy(&"from".into(), &"deep/to".into(), create()).await;
    assert_eq!(kind(again), Err(ErrorKind::AlreadyExists));
    let missing = store.copy(&"nothing".into(), &"to".into(), CopyOptions::new()).await;
    assert_eq!(kind(missing), Err(ErrorKind::NotFound));
    store.copy(&"from".into(), &"from".into(), CopyOptions::new()).await?;
    assert!(store.get_bytes("from").await? == big);
    assert_eq!(files(folder.path()).len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_payload_larger_than_one_call_is_written_in_order() -> Result<()> {
    let (_folder, store) = store();
    // More slices than one call takes, empty ones among them, of odd sizes.
    let chunks: Vec<_> =
        (0..5000_u32).map(|n| vec![n.to_le_bytes()[0]; (n % 1500) as usize].into()).collect();
    let whole: Vec<u8> = chunks.iter().flat_map(|chunk: &bytes::Bytes| chunk.to_vec()).collect();
    store.put(&"rope".into(), Payload::Rope(chunks), PutOptions::new()).await?;
    assert!(store.get_bytes("rope").await? == whole);
    Ok(())
}
