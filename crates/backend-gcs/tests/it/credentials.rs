//! Where tokens come from: each kind of credentials against a service of its own.

use std::sync::atomic::{AtomicU32, Ordering};

use rangeway_core::{Env, ErrorKind, Settings, StoreExt};
use rangeway_testkit::{Fault, FaultServer, Matcher, RequestKind};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{fault_server, open};
use crate::token_server::TokenServer;

/// An RSA key that was made for this test and opens nothing: it says so in place of `PRIVATE`.
pub(crate) const KEY: &str = include_str!("key.pem");

/// Settings that lead to `server`, with this document as the credentials.
pub(crate) fn with_document(server: &FaultServer, document: &Value) -> Settings {
    Settings::default().set("endpoint", server.endpoint()).set("credentials-json", document.to_string())
}

/// What the requests of a read show.
async fn shown(server: &FaultServer, settings: &Settings) -> String {
    server.put_object("k", "hello");
    let store = open(settings);
    for _ in 0..3 {
        assert_eq!(store.get_bytes("k").await.expect("the object"), "hello");
    }
    let requests = server.requests_of(RequestKind::GetObject);
    let values: Vec<_> = requests.iter().map(|request| request.header("authorization")).collect();
    assert!(values.windows(2).all(|pair| pair[0] == pair[1]), "{values:?}");
    values[0].expect("credentials are shown").to_owned()
}

fn token(text: &str) -> (u16, String) {
    (200, json!({ "access_token": text, "expires_in": 3599, "token_type": "Bearer" }).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_signs_for_itself() {
    let server = fault_server();
    let document = json!({ "type": "service_account", "client_email": "me@p.iam", "private_key_id": "id",
        "private_key": KEY, "project_id": "p" });
    let shown = shown(&server, &with_document(&server, &document)).await;
    let parts: Vec<&str> = shown.strip_prefix("Bearer ").expect("a token").split('.').collect();
    let decoded = |text: &str| -> Value {
        use base64::Engine;
        let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(text).expect("base64");
        serde_json::from_slice(&bytes).expect("JSON")
    };
    assert_eq!(parts.len(), 3);
    assert_eq!(decoded(parts[0]), json!({ "alg": "RS256", "typ": "JWT", "kid": "id" }));
    let claims = decoded(parts[1]);
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!("me@p.iam"), &json!("me@p.iam")));
    assert_eq!(claims["scope"], "https://www.googleapis.com/auth/cloud-platform");
    let lasts = claims["exp"].as_u64().expect("a number") - claims["iat"].as_u64().expect("a number");
    assert_eq!(lasts, 3600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_renews_a_token_once() {
    let server = fault_server();
    let tokens = TokenServer::start(|_| token("renewed")).await;
    let document = json!({ "type": "authorized_user", "client_id": "c", "client_secret": "s+/",
        "refresh_token": "r", "token_uri": tokens.url });
    assert_eq!(shown(&server, &with_document(&server, &document)).await, "Bearer renewed");
    let asked = tokens.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].ends_with("client_id=c&client_secret=s%2B%2F&grant_type=refresh_token&refresh_token=r"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_about_to_end_is_renewed() {
    let server = fault_server();
    let tokens =
        TokenServer::start(|_| (200, json!({ "access_token": "t", "expires_in": 0 }).to_string())).await;
    let document = json!({ "type": "authorized_user", "client_id": "c", "client_secret": "s",
        "refresh_token": "r", "token_uri": tokens.url });
    shown(&server, &with_document(&server, &document)).await;
    assert_eq!(tokens.asked().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_may_be_said_to_last_for_ever() {
    let server = fault_server();
    let answer = json!({ "access_token": "t", "expires_in": u64::MAX }).to_string();
    let tokens = TokenServer::start(move |_| (200, answer.clone())).await;
    assert_eq!(shown(&server, &with_document(&server, &user(&tokens))).await, "Bearer t");
    assert_eq!(tokens.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_external_account_exchanges_its_token() {
    let tokens = TokenServer::start(|request| match request.split(' ').nth(1) {
        Some("/subject") => (200, json!({ "value": "of the provider" }).to_string()),
        Some("/sts") => token("exchanged"),
        Some("/impersonate") => (200, json!({ "accessToken": "of the account" }).to_string()),
        _ => (404, String::new()),
    })
    .await;
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "of the file\n").expect("a file");
    let by_file = json!({ "file": file });
    let by_url = json!({ "url": format!("{}/subject", tokens.url), "headers": { "X-Secret": "hunter2" },
        "format": { "type": "json", "subject_token_field_name": "value" } });
    for (source, impersonates, subject, expected) in [
        (&by_file, false, "of%20the%20file", "Bearer exchanged"),
        (&by_url, false, "of%20the%20provider", "Bearer exchanged"),
        (&by_url, true, "of%20the%20provider", "Bearer of the account"),
    ] {
        let server = fault_server();
        let mut document = json!({ "type": "external_account", "audience": "//iam/pool", "token_url": format!("{}/sts", tokens.url),
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "credential_source": source });
        if impersonates {
            document["service_account_impersonation_url"] = json!(format!("{}/impersonate", tokens.url));
        }
        assert_eq!(shown(&server, &with_document(&server, &document)).await, expected);
        let asked = tokens.asked();
        let exchange = asked.iter().rfind(|request| request.starts_with("POST /sts")).expect("an exchange");
        assert!(exchange.contains(&format!("subject_token={subject}&")), "{exchange}");
        assert!(exchange.contains("audience=%2F%2Fiam%2Fpool&"), "{exchange}");
    }
    let asked = tokens.asked();
    let last = asked.last().expect("requests").to_lowercase();
    assert!(
        last.starts_with("post /impersonate") && last.contains("authorization: bearer exchanged"),
        "{last}"
    );
    assert!(asked.iter().any(|request| request.to_lowercase().contains("x-secret: hunter2")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_impersonated_account_is_had_with_anothers_token() {
    let server = fault_server();
    let tokens = TokenServer::start(|request| {
        if request.starts_with("POST /other") {
            (200, json!({ "accessToken": "second" }).to_string())
        } else {
            token("first")
        }
    })
    .await;
    let document = json!({ "type": "impersonated_service_account",
        "service_account_impersonation_url": format!("{}/other", tokens.url),
        "delegates": ["one@p.iam", "projects/-/serviceAccounts/two@p.iam"],
        "source_credentials": { "type": "authorized_user", "client_id": "c", "client_secret": "s",
            "refresh_token": "r", "token_uri": tokens.url } });
    assert_eq!(shown(&server, &with_document(&server, &document)).await, "Bearer second");
    let asked = tokens.asked();
    assert_eq!(asked.len(), 2);
    let (_, body) = asked[1].split_once("\r\n\r\n").expect("a body");
    let body: Value = serde_json::from_str(body).expect("JSON");
    let delegates = ["projects/-/serviceAccounts/one@p.iam", "projects/-/serviceAccounts/two@p.iam"];
    assert_eq!(body["delegates"], json!(delegates));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_has_an_account_of_its_own() {
    let server = fault_server();
    let tokens = TokenServer::start(|_| token("of the machine")).await;
    let host = tokens.url.strip_prefix("http://").expect("a URL");
    let environment: Env = [("GCE_METADATA_HOST", host)].into_iter().collect();
    let settings = Settings::new(environment).set("endpoint", server.endpoint());
    assert_eq!(shown(&server, &settings).await, "Bearer of the machine");
    let asked = tokens.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("GET /computeMetadata/v1/instance/service-accounts/default/token "));
    assert!(asked[0].to_lowercase().contains("metadata-flavor: google\r\n"), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emulator_is_shown_no_token_of_the_environment() {
    let server = fault_server();
    server.put_object("k", "hello");
    let environment: Env =
        [("STORAGE_EMULATOR_HOST", server.endpoint()), ("GOOGLE_OAUTH_ACCESS_TOKEN", "t".to_owned())]
            .into_iter()
            .collect();
    let settings = Settings::new(environment);
    for (settings, expected) in
        [(settings.clone(), None), (settings.set("bearer-token", "given"), Some("Bearer given"))]
    {
        server.reset_counts();
        open(&settings).get_bytes("k").await.expect("the object");
        assert_eq!(server.requests()[0].header("authorization"), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_is_unauthenticated() {
    let server = fault_server();
    let said = json!({ "error": "invalid_grant", "error_description": "Token has been expired or revoked." });
    let tokens = TokenServer::start(move |_| (400, said.to_string())).await;
    let document = json!({ "type": "authorized_user", "client_id": "c", "client_secret": "hunter2",
        "refresh_token": "hunter2", "token_uri": tokens.url });
    let error = open(&with_document(&server, &document)).get_bytes("k").await.expect_err("no token");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unauthenticated, 1), "{error:?}");
    let shown = format!("{error:?}");
    assert!(
        shown.contains("invalid_grant") && shown.contains("revoked") && !shown.contains("hunter2"),
        "{shown}"
    );
    assert!(error.hint().expect("a hint").contains("gcloud auth"), "{error:?}");
    assert_eq!(server.counts().total(), 0);
}

fn user(tokens: &TokenServer) -> Value {
    json!({ "type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r",
        "token_uri": tokens.url })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_had_yet_is_asked_for_again() {
    let (server, asked) = (fault_server(), AtomicU32::new(0));
    server.put_object("k", "hello");
    let tokens = TokenServer::start(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => (503, String::new()),
        1 => (429, String::new()),
        _ => token("late"),
    })
    .await;
    let settings = with_document(&server, &user(&tokens)).set("backoff", "1ms");
    let error = open(&settings.clone().set("attempts", "2")).get_bytes("k").await.expect_err("too early");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimited, 2), "{error:?}");
    assert_eq!(open(&settings).get_bytes("k").await.expect("a token"), "hello");
    assert_eq!(tokens.asked().len(), 3);
}

/// A service that gives another token each time: `1`, `2`, and so on.
async fn numbered() -> TokenServer {
    let given = AtomicU32::new(0);
    TokenServer::start(move |_| token(&(given.fetch_add(1, Ordering::Relaxed) + 1).to_string())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_accepted_any_more_is_replaced() {
    let (server, tokens) = (fault_server(), numbered().await);
    server.put_object("k", "hello");
    let store = open(&with_document(&server, &user(&tokens)).set("backoff", "1ms"));
    store.get_bytes("k").await.expect("the token is good");
    let revoked = Matcher::when(|request| request.header("authorization") == Some("Bearer 1"));
    server.on(revoked, Fault::Status { status: 401, code: "AuthenticationRequired", retry_after: None });
    let all = futures::future::join_all((0..8).map(|_| store.get_bytes("k"))).await;
    assert!(all.iter().all(|one| one.as_ref().is_ok_and(|bytes| bytes == "hello")), "{all:?}");
    store.put_bytes("k", "changed").await.expect("the new token is good");
    assert_eq!(tokens.asked().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_accepts_no_token_is_believed() {
    let (server, tokens) = (fault_server(), numbered().await);
    let store = open(&with_document(&server, &user(&tokens)).set("backoff", "1ms"));
    server
        .on(Matcher::any(), Fault::Status { status: 401, code: "AuthenticationRequired", retry_after: None });
    for _ in 0..3 {
        let error = store.get_bytes("k").await.expect_err("a refusal");
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unauthenticated, false), "{error:?}");
    }
    assert_eq!((tokens.asked().len(), server.counts().total()), (2, 4));
}
