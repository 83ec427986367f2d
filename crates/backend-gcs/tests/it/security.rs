//! Secrets are shown to the services that they belong to, and to nobody else.

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};

use rangeway_core::{ErrorKind, Settings, StoreExt};
use rangeway_testkit::{Fault, Matcher};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::credentials::{KEY, TokenServer, with_document};
use crate::support::{fault_server, open};

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Everything that `settings` and a store with them show of themselves while they work, and while they are refused.
async fn shown(server: &rangeway_testkit::FaultServer, settings: &Settings) -> String {
    server.put_object("k", "hello");
    let store = open(settings);
    assert_eq!(store.get_bytes("k").await.expect("the object"), "hello");
    store.put_bytes("new", "x").await.expect("a write");
    store.delete_one("new").await.expect("a deletion");
    let mut shown = format!("{store:?} {settings:?}");
    for (status, code) in [(401, "AuthenticationRequired"), (403, "AccessDenied"), (400, "InvalidArgument")] {
        server.on(Matcher::any(), Fault::Status { status, code, retry_after: None }).times(1);
        let error = store.get_bytes("k").await.expect_err("a refusal");
        let _ = write!(shown, "{error} {error:?} {:?}", error.hint());
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            let _ = write!(shown, "{error} {error:?}");
            cause = error.source();
        }
    }
    shown
}

/// On one thread, so that the log of this test has all of it.
#[tokio::test]
async fn no_secret_is_logged_or_shown() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let answer = json!({ "access_token": "hunter2-fetched", "expires_in": 3600 }).to_string();
    let tokens = TokenServer::start(move |_| (200, answer.clone())).await;
    let user = json!({ "type": "authorized_user", "client_id": "c", "client_secret": "hunter2-secret",
        "refresh_token": "hunter2-refresh", "token_uri": tokens.url });
    let account = json!({ "type": "service_account", "client_email": "me@p.iam", "private_key_id": "id",
        "private_key": KEY });
    let server = fault_server();
    let with_token =
        Settings::default().set("endpoint", server.endpoint()).set("bearer-token", "hunter2-token");
    let mut all = String::new();
    for settings in [with_token, with_document(&server, &user), with_document(&server, &account)] {
        all.push_str(&shown(&server, &settings).await);
    }
    let logged = String::from_utf8(log.0.lock().expect("not poisoned").clone()).expect("UTF-8");
    assert!(logged.contains("answer"), "nothing is logged, so nothing is proven: {logged}");
    // The tokens that the account signed for itself begin like every one of its kind.
    let line = KEY.lines().nth(1).expect("a line of the key");
    for secret in ["hunter2", line, "eyJ"] {
        for (place, text) in [("the log", &logged), ("what is shown", &all)] {
            assert!(!text.contains(secret), "{secret} stands in {place}: {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anonymous_requests_show_nothing_and_say_what_to_do() {
    let server = fault_server();
    let settings = Settings::default()
        .set("endpoint", server.endpoint())
        .set("anonymous", "true")
        .set("bearer-token", "t");
    server.on(Matcher::any(), Fault::access_denied());
    let error = open(&settings).get_bytes("k").await.expect_err("a refusal");
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.hint().expect("a hint").contains("not public"), "{error:?}");
    assert_eq!(server.requests()[0].header("authorization"), None);
}
