//! Where tokens come from: each kind of credentials against a service of its own.

use std::sync::{Arc, Mutex};

use rangeway_core::{Env, ErrorKind, Settings, StoreExt};
use rangeway_testkit::{FaultServer, RequestKind};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{fault_server, open};

/// An RSA key that was made for this test and opens nothing: it says so in place of `PRIVATE`.
pub(crate) const KEY: &str = include_str!("key.pem");

/// A service that answers every request by its head and body; what it was asked, in order.
pub(crate) struct TokenServer {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl TokenServer {
    pub(crate) async fn start(answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                tokio::spawn(async move {
                    let _ = serve(socket, answer.as_ref(), &log).await;
                });
            }
        });
        Self { url, asked }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("not poisoned").clone()
    }
}

async fn serve(
    mut socket: TcpStream,
    answer: impl Fn(&str) -> (u16, String),
    log: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut text = Vec::new();
    let end = loop {
        if let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if socket.read_buf(&mut text).await? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8_lossy(&text[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    while text.len() < end + length.unwrap_or(0) {
        socket.read_buf(&mut text).await?;
    }
    let request = String::from_utf8_lossy(&text).into_owned();
    let (status, body) = answer(&request);
    log.lock().expect("not poisoned").push(request);
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    socket.write_all(answer.as_bytes()).await
}

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
        "source_credentials": { "type": "authorized_user", "client_id": "c", "client_secret": "s",
            "refresh_token": "r", "token_uri": tokens.url } });
    assert_eq!(shown(&server, &with_document(&server, &document)).await, "Bearer second");
    assert_eq!(tokens.asked().len(), 2);
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
