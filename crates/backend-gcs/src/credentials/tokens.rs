//! `Tokens`: tokens fetched for a grant, and held on to until they are about to end.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use object_store::CredentialProvider;
use rangeway_core::{Error, ErrorKind, Result};
use rangeway_transport::{
    CREDENTIALS_TIMEOUT, Client, HeaderName, HeaderValue, Method, Refusal, Request, Rest, Service, Uri,
    encode, header, headers, kind_of_status,
};
use serde::Deserialize;
use serde_json::json;

use super::bearer;
use super::grant::{Grant, LIFETIME, SCOPE, Subject, signed};

/// How long before its end a token is renewed; a short one after three quarters of its time.
const MARGIN: Duration = Duration::from_mins(5);

/// How long a token is taken to be good for where the service does not say it.
const UNSAID: Duration = Duration::from_mins(10);

/// No token is taken to be good for longer, whatever its service says.
const LONGEST: Duration = Duration::from_hours(24);

/// How long a token that could not be renewed is used on before that is tried again.
const AGAIN: Duration = Duration::from_secs(10);

const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");

/// A token, as the header that shows it. `Debug` does not.
pub(super) struct Bearer(pub(super) HeaderValue);

impl std::fmt::Debug for Bearer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bearer")
    }
}

/// A token, and how long it is good for.
struct Token {
    text: String,
    lifetime: Duration,
}

/// The services that give tokens: they want to know who asks from the body of the request.
#[derive(Debug)]
struct TokenService;

#[async_trait]
impl Service for TokenService {
    async fn authorize(&self, _: &mut Request) -> Result<()> {
        Ok(())
    }

    /// The codes of [RFC 6749 section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
    fn refuse(&self, refusal: Refusal) -> Error {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Said {
            error: serde_json::Value,
            error_description: String,
        }
        let said: Said = serde_json::from_slice(&refusal.body).unwrap_or_default();
        let code = said.error.as_str().or_else(|| said.error["status"].as_str()).unwrap_or_default();
        let status = refusal.status.as_u16();
        let kind = match kind_of_status(status) {
            kind @ (ErrorKind::RateLimited | ErrorKind::Service | ErrorKind::Timeout) => kind,
            _ => ErrorKind::Unauthenticated,
        };
        let words = [code, said.error_description.as_str()].join(" ");
        Error::new(kind, format!("the service that gives tokens answered {status} {}", words.trim()))
            .with_retry_after(refusal.retry_after(SystemTime::now()))
    }
}

/// Tokens for a grant.
pub(super) struct Tokens {
    rest: Rest<TokenService>,
    grant: Arc<Grant>,
    last: tokio::sync::Mutex<Option<Held>>,
}

/// A token that is held on to.
struct Held {
    bearer: Arc<Bearer>,
    /// When the next one is to be had.
    renewed: Instant,
    /// When this one is of no use any more.
    end: Instant,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    pub(super) fn new(grant: Arc<Grant>, client: Client) -> Self {
        Self { rest: Rest::new(client, TokenService), grant, last: tokio::sync::Mutex::default() }
    }

    async fn get(&self) -> Result<Arc<Bearer>> {
        let mut last = self.last.lock().await;
        if let Some(held) = &*last
            && Instant::now() < held.renewed
        {
            return Ok(Arc::clone(&held.bearer));
        }
        let late =
            |_| Error::new(ErrorKind::Timeout, format!("no token came within {CREDENTIALS_TIMEOUT:?}"));
        let fetched = tokio::time::timeout(CREDENTIALS_TIMEOUT, self.fetch(&self.grant)).await;
        let now = Instant::now();
        match (fetched.map_err(late).flatten(), &mut *last) {
            (Err(error), Some(held)) if now < held.end => {
                tracing::warn!(%error, "a token could not be renewed; the last one is used on");
                held.renewed = (now + AGAIN).min(held.end);
                Ok(Arc::clone(&held.bearer))
            }
            (token, last) => {
                let token = token?;
                let bearer = Arc::new(Bearer(bearer(&token.text)?));
                let usable = token.lifetime.saturating_sub(MARGIN.min(token.lifetime / 4));
                let (renewed, end) = (now + usable, now + token.lifetime);
                *last = Some(Held { bearer: Arc::clone(&bearer), renewed, end });
                Ok(bearer)
            }
        }
    }

    async fn fetch(&self, grant: &Grant) -> Result<Token> {
        match grant {
            Grant::ServiceAccount { email, key_id, key } => {
                let text = signed(email, key_id.as_deref(), key, SystemTime::now())?;
                Ok(Token { text, lifetime: LIFETIME })
            }
            Grant::User { url, client_id, client_secret, refresh_token } => {
                let form = [
                    ("grant_type", "refresh_token"),
                    ("client_id", client_id),
                    ("client_secret", client_secret),
                    ("refresh_token", refresh_token),
                ];
                self.answered(post(url, &form)?).await
            }
            Grant::External { url, audience, kind, subject } => {
                let subject = self.subject(subject).await?;
                let form = [
                    ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                    ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                    ("audience", audience),
                    ("scope", SCOPE),
                    ("subject_token_type", kind),
                    ("subject_token", subject.trim()),
                ];
                self.answered(post(url, &form)?).await
            }
            Grant::Impersonated { url, delegates, other } => {
                let token = Box::pin(self.fetch(other)).await?;
                self.impersonated(url, delegates, &token).await
            }
            Grant::Machine { host } => {
                let path = "computeMetadata/v1/instance/service-accounts/default/token";
                let request = Request::new(Method::GET, uri(&format!("http://{host}/{path}"))?);
                self.answered(request.header(FLAVOR, HeaderValue::from_static("Google"))).await
            }
        }
    }

    /// The token in an answer as OAuth has it.
    async fn answered(&self, request: Request) -> Result<Token> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: String,
            /// Not every service says it.
            expires_in: Option<u64>,
        }
        let (_, body) = self.rest.send_whole(request).await?;
        // The cause is not told: it could show a part of a token.
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| no_token())?;
        let lifetime = answer.expires_in.map_or(UNSAID, Duration::from_secs).min(LONGEST);
        Ok(Token { text: answer.access_token, lifetime })
    }

    /// The token of a service account, had with another's.
    async fn impersonated(&self, url: &str, delegates: &[String], other: &Token) -> Result<Token> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer {
            access_token: String,
        }
        let lifetime = format!("{}s", LIFETIME.as_secs());
        let document = json!({ "delegates": delegates, "scope": [SCOPE], "lifetime": lifetime });
        let request = Request::new(Method::POST, uri(url)?)
            .document(HeaderValue::from_static("application/json"), document.to_string())
            .header(header::AUTHORIZATION, bearer(&other.text)?);
        let (_, body) = self.rest.send_whole(request).await?;
        let answer: Answer = serde_json::from_slice(&body).map_err(|_| no_token())?;
        Ok(Token { text: answer.access_token, lifetime: LIFETIME })
    }

    /// The token of an external account's identity provider.
    async fn subject(&self, subject: &Subject) -> Result<String> {
        let (text, field) = match subject {
            // Small, and local: Kubernetes keeps it in memory.
            Subject::File { path, field } => (
                std::fs::read(path)
                    .map_err(|error| Error::io(format!("the token in {path} cannot be read"), error))?,
                field,
            ),
            Subject::Url { url, headers: extra, field } => {
                let mut request = Request::new(Method::GET, uri(url)?);
                for (name, text) in extra {
                    let mut value = headers::value(name, text)?;
                    value.set_sensitive(true);
                    let name = HeaderName::from_bytes(name.as_bytes())
                        .map_err(|_| Error::invalid("a header of the credential_source has no valid name"))?;
                    request.headers.insert(name, value);
                }
                (self.rest.send_whole(request).await?.1.to_vec(), field)
            }
        };
        let Some(field) = field else { return String::from_utf8(text).map_err(|_| no_token()) };
        let document: serde_json::Value = serde_json::from_slice(&text).map_err(|_| no_token())?;
        document[field].as_str().map(str::to_owned).ok_or_else(no_token)
    }
}

fn no_token() -> Error {
    Error::new(ErrorKind::Unauthenticated, "an answer that should hold a token holds none")
}

fn uri(url: &str) -> Result<Uri> {
    url.parse().map_err(|_| Error::invalid("a URL in the credentials is none"))
}

fn post(url: &str, form: &[(&str, &str)]) -> Result<Request> {
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    Ok(Request::new(Method::POST, uri(url)?).document(kind, encode::query(form)))
}

#[async_trait]
impl CredentialProvider for Tokens {
    type Credential = Bearer;

    async fn get_credential(&self) -> object_store::Result<Arc<Bearer>> {
        let wrapped = |error: Error| object_store::Error::Generic { store: "gs", source: error.into() };
        self.get().await.map_err(wrapped)
    }
}
