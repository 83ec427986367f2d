//! Servers without ranges, redirects, queries.

use rangeway_core::{ErrorKind, GetOptions, Registry, Result, Settings, StoreExt};

use crate::server::{Server, answer};

async fn read(url: &str) -> Result<bytes::Bytes> {
    let (store, key) = Registry::linked().open(url, &Settings::default())?;
    store.get_bytes(&key).await
}

#[tokio::test]
async fn a_server_without_ranges_is_read_in_one_piece() -> Result<()> {
    let server = Server::start(|_, _| answer("200 OK", "", "all of it"));
    let (store, key) = Registry::linked().open(&server.url("/f"), &Settings::default())?;
    assert_eq!(store.get_bytes(&key).await?, "all of it");
    let some = store.get(&key, GetOptions::new().range(4..6)).await?;
    assert_eq!(some.body.bytes().await?, "of");
    Ok(())
}

#[tokio::test]
async fn queries_and_escapes_are_sent_as_they_stand_and_never_shown() -> Result<()> {
    let server = Server::start(|number, _| match number {
        0 => answer("200 OK", "", "x"),
        _ => answer("403 Forbidden", "", ""),
    });
    let url = server.url("/a%20b/c d?sig=x%2By&flag");
    assert_eq!(read(&url).await?, "x");
    assert_eq!(server.asked(), ["GET /a%20b/c%20d?sig=x%2By&flag"]);
    let error = read(&url).await.expect_err("forbidden");
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(!format!("{error:?} {error}").contains("sig"), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn redirects_are_followed_and_remembered() -> Result<()> {
    let server = Server::start(|_, target| match target {
        "GET /old" => answer("302 Found", "Location: /new?token=t\r\n", ""),
        _ => answer("200 OK", "ETag: \"e\"\r\n", "here"),
    });
    let (store, key) = Registry::linked().open(&server.url("/old"), &Settings::default())?;
    assert_eq!(store.get_bytes(&key).await?, "here");
    assert_eq!(store.get_bytes(&key).await?, "here");
    assert_eq!(server.asked(), ["GET /old", "GET /new?token=t", "GET /new?token=t"]);
    Ok(())
}

#[tokio::test]
async fn a_way_that_has_ended_is_asked_for_again() -> Result<()> {
    let server = Server::start(|number, _| match number {
        0 | 3 => answer("302 Found", "Location: /new\r\n", ""),
        2 => answer("404 Not Found", "", ""),
        _ => answer("200 OK", "", "here"),
    });
    let (store, key) = Registry::linked().open(&server.url("/old"), &Settings::default())?;
    assert_eq!(store.get_bytes(&key).await?, "here");
    assert!(store.get_bytes(&key).await.expect_err("gone").is_not_found());
    assert_eq!(store.get_bytes(&key).await?, "here");
    assert_eq!(server.asked()[3], "GET /old");
    Ok(())
}

#[tokio::test]
async fn a_circle_of_redirects_is_an_error() {
    let server = Server::start(|_, _| answer("302 Found", "Location: /x\r\n", ""));
    let (store, key) =
        Registry::linked().open(&server.url("/x"), &Settings::default().set("attempts", "1")).expect("a URL");
    let error = store.get_bytes(&key).await.expect_err("a circle");
    assert_eq!(error.kind(), ErrorKind::Service);
}
