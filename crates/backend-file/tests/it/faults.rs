//! What the system of the tests has to be made to do: a full disk, a folder that may not be read.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use futures::{StreamExt, TryStreamExt, stream};
use rangeway_backend_file::FileStore;
use rangeway_core::{
    Body, CopyOptions, Env, ErrorKind, ListEntry, ListOptions, Payload, PutOptions, Result, Store, StoreExt,
};

use crate::files;

/// In mount and user namespaces of its own, where it may mount and where nothing of it remains.
const NAMESPACE: &[&str] = &["unshare", "--user", "--map-root-user", "--mount"];

/// Without the right to read every folder, which root has.
const NO_RIGHTS: &[&str] = &["setpriv", "--bounding-set=-all", "--inh-caps=-all"];

/// Set in the environment of a test that runs as it should.
const WRAPPED: &str = "WRAPPED_TEST";

/// Runs a test of this program once more by way of `wrapper`, unless this is that run: then true.
#[allow(clippy::print_stderr, reason = "a test that cannot run says so")]
fn is_wrapped(wrapper: &[&str], test: &str) -> bool {
    if Env::process().get(WRAPPED).is_some() {
        return true;
    }
    let program = std::env::current_exe().expect("this program");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).arg(&program).args(arguments).env(WRAPPED, "1").output()
    };
    if !run(&["--list"]).is_ok_and(|output| output.status.success()) {
        eprintln!("{test} did not run: this system does not allow {wrapper:?}");
        return false;
    }
    let output = run(&["--exact", test]).expect("it ran a moment ago");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
    false
}

#[tokio::test]
async fn a_full_disk_is_an_error_with_a_hint_and_leaves_nothing() -> Result<()> {
    if !is_wrapped(NAMESPACE, "faults::a_full_disk_is_an_error_with_a_hint_and_leaves_nothing") {
        return Ok(());
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mount =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(folder.path()).status();
    assert!(mount.is_ok_and(|status| status.success()));
    let store = FileStore::new(folder.path())?;
    let rest = || stream::iter((0..8).map(|_| Ok(vec![1; 1 << 20].into())));
    for payload in [
        Payload::from(vec![1; 8 << 20]),
        Payload::stream(None, rest()),
        Payload::stream(Some(8 << 20), rest()),
        Body::from_stream(8 << 20, rest()).into(),
    ] {
        let shown = format!("{payload:?}");
        let error = store.put(&"big".into(), payload, PutOptions::new()).await.expect_err("no room");
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        assert!(error.hint().is_some_and(|hint| hint.contains("disk is full")), "{error:?}");
        assert!(!error.is_retryable());
        assert!(files(folder.path()).is_empty(), "{shown}");
    }
    store.put_bytes("small", "fits").await?;
    assert_eq!(store.get_bytes("small").await?, "fits");
    store.put_bytes("half", vec![1; 3 << 20]).await?;
    let copy = store.copy(&"half".into(), &"big".into(), CopyOptions::new()).await;
    let error = copy.expect_err("no room for another");
    assert!(error.hint().is_some_and(|hint| hint.contains("disk is full")), "{error:?}");
    assert_eq!(files(folder.path()).len(), 2);
    let status = Command::new("umount").arg("--lazy").arg(folder.path()).status();
    assert!(status.is_ok_and(|status| status.success()));
    Ok(())
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_is_an_error_and_not_the_end() -> Result<()> {
    let (folder, store) = crate::store();
    for key in ["a", "locked/x", "z"] {
        store.put_bytes(key, "").await?;
    }
    let locked = folder.path().join("locked");
    let set = |mode| std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(mode)).expect("set");
    set(0o000);
    if std::fs::read_dir(&locked).is_ok()
        && !is_wrapped(NO_RIGHTS, "faults::a_folder_that_cannot_be_read_is_an_error_and_not_the_end")
    {
        return Ok(());
    }
    let entries: Vec<Result<ListEntry>> = store.list(ListOptions::new()).collect().await;
    let groups = store.list(ListOptions::new().delimiter("/"));
    let groups: Result<Vec<_>> = groups.map_ok(|entry| entry.name().to_owned()).try_collect().await;
    let get = store.get_bytes("locked/x").await;
    let put = store.put_bytes("locked/y", "").await;
    set(0o755);
    let shown: Vec<_> = entries.iter().map(|entry| entry.as_ref().map(ListEntry::name).ok()).collect();
    assert_eq!(shown, [Some("a"), None, Some("z")]);
    let error = entries.into_iter().nth(1).and_then(Result::err).expect("an error for the folder");
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.uri().is_some_and(|uri| uri.ends_with("/locked/")), "{error}");
    assert_eq!(groups?, ["a", "locked/", "z"], "it may hold keys");
    for denied in [get.map(drop), put.map(drop)] {
        assert_eq!(denied.map_err(|error| error.kind()), Err(ErrorKind::PermissionDenied));
    }
    Ok(())
}
