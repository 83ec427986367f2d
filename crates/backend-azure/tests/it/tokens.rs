//! Tokens of a service principal: had later, and had anew.

use std::sync::atomic::{AtomicU32, Ordering};

use rangeway_core::{Env, ErrorKind, Settings, StoreExt};
use rangeway_testkit::{Fault, FaultServer, Matcher};

use crate::support::{fault_server, open};
use crate::token_server::TokenServer;

/// What Azure answers where a token is not good.
const REFUSED: Fault = Fault::Status { status: 401, code: "InvalidAuthenticationInfo", retry_after: None };

/// A service whose answers have these statuses, and that one which is 200 the token `1`, the next one `2`, and so on.
async fn tokens(statuses: &'static [u16]) -> TokenServer {
    let (asked, given) = (AtomicU32::new(0), AtomicU32::new(0));
    TokenServer::start(move |_| {
        let index = usize::try_from(asked.fetch_add(1, Ordering::Relaxed)).expect("a small number");
        match statuses.get(index) {
            Some(status) if *status != 200 => (*status, String::new()),
            _ => {
                let number = given.fetch_add(1, Ordering::Relaxed) + 1;
                (200, format!(r#"{{"access_token":"{number}","expires_in":3600,"token_type":"Bearer"}}"#))
            }
        }
    })
    .await
}

fn settings(server: &FaultServer, tokens: &TokenServer) -> Settings {
    Settings::new(Env::empty())
        .set("account", "account")
        .set("endpoint", server.endpoint())
        .set("tenant-id", "tenant")
        .set("client-id", "client")
        .set("client-secret", "secret")
        .set("authority-host", &tokens.url)
        .set("backoff", "1ms")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_had_yet_is_asked_for_again() {
    let (server, tokens) = (fault_server(), tokens(&[503, 500, 429]).await);
    server.put_object("k", "hello");
    let settings = settings(&server, &tokens);
    let error = open(&settings.clone().set("attempts", "2")).get_bytes("k").await.expect_err("too early");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Service, 2), "{error:?}");
    assert_eq!(open(&settings).get_bytes("k").await.expect("a token"), "hello");
    assert_eq!(tokens.asked().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_given_is_asked_for_once() {
    let (server, tokens) = (fault_server(), tokens(&[400, 400]).await);
    let store = open(&settings(&server, &tokens));
    for _ in 0..3 {
        let error = store.get_bytes("k").await.expect_err("no token");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unauthenticated, 1), "{error:?}");
    }
    assert_eq!((tokens.asked().len(), server.counts().total()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_accepted_any_more_is_replaced() {
    let (server, tokens) = (fault_server(), tokens(&[]).await);
    server.put_object("k", "hello");
    let store = open(&settings(&server, &tokens));
    store.get_bytes("k").await.expect("the token is good");
    server.on(Matcher::when(|request| request.header("authorization") == Some("Bearer 1")), REFUSED);
    for _ in 0..3 {
        assert_eq!(store.get_bytes("k").await.expect("the new token is good"), "hello");
    }
    assert_eq!(tokens.asked().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_accepts_no_token_is_believed() {
    let (server, tokens) = (fault_server(), tokens(&[]).await);
    server.on(Matcher::any(), REFUSED);
    let store = open(&settings(&server, &tokens));
    for _ in 0..3 {
        let error = store.get_bytes("k").await.expect_err("a refusal");
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unauthenticated, false), "{error:?}");
    }
    assert_eq!((tokens.asked().len(), server.counts().total()), (2, 4));
}
