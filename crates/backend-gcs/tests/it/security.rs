//! Secrets are shown to the services that they belong to, and to nobody else.

use rangeway_core::{ErrorKind, Settings, StoreExt};
use rangeway_testkit::{Fault, FaultServer, Matcher, RequestKind, SecretWatch};
use serde_json::json;

use crate::credentials::{KEY, with_document};
use crate::support::{fault_server, open};
use crate::token_server::TokenServer;

/// Notes everything that `settings` and a store with them show of themselves while they work, and while they are refused.
async fn use_server(server: &FaultServer, settings: &Settings, watch: &SecretWatch) {
    server.put_object("k", "hello");
    let store = open(&settings.clone().set("attempts", "2").set("backoff", "1ms"));
    watch.note(settings);
    watch.note(&store);
    let work = async || {
        watch.note_result(&store.put_bytes("new", "x").await);
        watch.note_result(&store.get_bytes("k").await);
        watch.note_result(&store.delete_one("new").await);
    };
    watch.under_faults(server, &[(401, "AuthenticationRequired"), (403, "AccessDenied")], work).await;
}

/// On one thread, so that all that is logged is noted.
#[tokio::test]
async fn no_secret_is_logged_or_shown() {
    // The tokens that the account signs for itself begin like every one of its kind.
    let line = KEY.lines().nth(1).expect("a line of the key");
    let watch = SecretWatch::new(["hunter2", line, "eyJ"]);
    let answer = json!({ "access_token": "hunter2-fetched", "expires_in": 3600 }).to_string();
    let tokens = TokenServer::start(move |_| (200, answer.clone())).await;
    let user = json!({ "type": "authorized_user", "client_id": "c", "client_secret": "hunter2-secret",
        "refresh_token": "hunter2-refresh", "token_uri": tokens.url });
    let account = json!({ "type": "service_account", "client_email": "me@p.iam", "private_key_id": "id",
        "private_key": KEY });
    let server = fault_server();
    let with_token =
        Settings::default().set("endpoint", server.endpoint()).set("bearer-token", "hunter2-token");
    for settings in [with_token, with_document(&server, &user), with_document(&server, &account)] {
        use_server(&server, &settings, &watch).await;
    }
    let shown: Vec<_> = server
        .requests_of(RequestKind::GetObject)
        .iter()
        .filter_map(|request| request.header("authorization").map(str::to_owned))
        .collect();
    for beginning in ["Bearer hunter2-token", "Bearer hunter2-fetched", "Bearer eyJ"] {
        assert!(shown.iter().any(|value| value.starts_with(beginning)), "{beginning} was in use");
    }
    assert!(watch.has_seen("trying again"), "this was watched");
    watch.assert_no_secret();
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
