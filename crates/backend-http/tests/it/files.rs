//! Files of a server that knows ranges.

use rangeway_backend_http as _;
use rangeway_core::{ErrorKind, GetOptions, HeadOptions, Key, Registry, Result, Settings, StoreExt};
use rangeway_testkit::{PacingServerOptions, Pattern};

#[tokio::test(flavor = "multi_thread")]
async fn large_files_are_read_in_many_ranges() -> Result<()> {
    let server = PacingServerOptions::new().start().expect("a free port");
    let uri = format!("{}/bucket/20MiB/a%20file", server.endpoint());
    let settings = Settings::default().set("part-size", "4MiB").set("threshold", "4MiB");
    let (store, key) = Registry::linked().open(&uri, &settings)?;
    let bytes = store.get_bytes(&key).await?;
    assert_eq!(bytes.len(), 20 << 20);
    Pattern::new().verify(0, &bytes).expect("the bytes of the file");
    assert_eq!(store.stats().requests, 5);
    let tail = store.get(&key, GetOptions::new().range(20_971_510..20_971_530)).await?;
    assert_eq!(tail.range, 20_971_510..20_971_520);
    assert_eq!(store.head(&key, HeadOptions::new()).await?.meta.size, 20 << 20);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_not_possible_has_its_kind() -> Result<()> {
    let server = PacingServerOptions::new().start().expect("a free port");
    let (store, _) = Registry::linked().open(&server.endpoint(), &Settings::default())?;
    let missing = store.get_bytes("bucket/no-size/x").await.expect_err("no such file");
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    let key = Key::from("bucket/4096/x");
    let beyond = store.get(&key, GetOptions::new().range(4096..5000)).await.expect_err("beyond the end");
    assert_eq!(beyond.kind(), ErrorKind::RangeNotSatisfiable);
    assert_eq!(store.put_bytes("x", "y").await.expect_err("read-only").kind(), ErrorKind::Unsupported);
    Ok(())
}
