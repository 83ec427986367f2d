//! `Grant`: what tokens are had for, and the requests that ask for them.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rangeway_core::{Error, ErrorKind, Result};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::json;

use super::document::{Document, SubjectSource};

/// Where users' tokens are renewed.
const USER_TOKENS: &str = "https://oauth2.googleapis.com/token";

/// What tokens allow, besides what the roles of the account do not.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// How long a token that we sign ourselves is good for.
pub(super) const LIFETIME: Duration = Duration::from_hours(1);

/// What tokens are had for.
pub(crate) enum Grant {
    /// A key that signs tokens of its own: <https://google.aip.dev/auth/4111>.
    ServiceAccount { email: String, key_id: Option<String>, key: Box<RsaKeyPair> },
    /// What a user signed in with: <https://google.aip.dev/auth/4113>.
    User { url: String, client_id: String, client_secret: String, refresh_token: String },
    /// A token of somebody else's identity provider: <https://google.aip.dev/auth/4117>.
    External { url: String, audience: String, kind: String, subject: Subject },
    /// Another's token, with which a service account's is had, by way of these accounts in turn:
    /// <https://docs.cloud.google.com/iam/docs/create-short-lived-credentials-delegated>.
    Impersonated { url: String, delegates: Vec<String>, other: Box<Grant> },
    /// The machine's own service account: <https://google.aip.dev/auth/4115>.
    Machine { host: String },
}

/// Where the token of an external account is.
pub(crate) enum Subject {
    File { path: String, field: Option<String> },
    Url { url: String, headers: Vec<(String, String)>, field: Option<String> },
}

impl Grant {
    /// The grant of a document that stands at `place`.
    ///
    /// # Errors
    /// `InvalidInput` for a document without what it has to hold; `Unauthenticated` for a kind that is not supported.
    pub(super) fn of(document: Document, place: &str) -> Result<Self> {
        let needed = |field: Option<String>, name: &str| {
            field
                .filter(|field| !field.is_empty())
                .ok_or_else(|| Error::invalid(format!("the credentials in {place} have no {name}")))
        };
        match document.kind.as_str() {
            "service_account" | "" if document.private_key.is_some() => Ok(Self::ServiceAccount {
                email: needed(document.client_email, "client_email")?,
                key_id: document.private_key_id,
                key: Box::new(key_pair(&needed(document.private_key, "private_key")?, place)?),
            }),
            "authorized_user" => Ok(Self::User {
                url: document.token_uri.unwrap_or_else(|| USER_TOKENS.to_owned()),
                client_id: needed(document.client_id, "client_id")?,
                client_secret: needed(document.client_secret, "client_secret")?,
                refresh_token: needed(document.refresh_token, "refresh_token")?,
            }),
            "external_account" => {
                let external = Self::External {
                    url: needed(document.token_url, "token_url")?,
                    audience: needed(document.audience, "audience")?,
                    kind: needed(document.subject_token_type, "subject_token_type")?,
                    subject: Subject::of(document.credential_source.unwrap_or_default(), place)?,
                };
                Ok(match document.service_account_impersonation_url {
                    Some(url) => {
                        let delegates = named(document.delegates);
                        Self::Impersonated { url, delegates, other: Box::new(external) }
                    }
                    None => external,
                })
            }
            "impersonated_service_account" => {
                let other = document.source_credentials.ok_or_else(|| {
                    Error::invalid(format!("the credentials in {place} have no source_credentials"))
                })?;
                let url =
                    needed(document.service_account_impersonation_url, "service_account_impersonation_url")?;
                let delegates = named(document.delegates);
                Ok(Self::Impersonated { url, delegates, other: Box::new(Self::of(*other, place)?) })
            }
            "service_account" | "" => {
                Err(Error::invalid(format!("the credentials in {place} have no private_key")))
            }
            other => Err(unsupported(place, &format!("are of the kind {other:?}"))),
        }
    }
}

impl Subject {
    fn of(source: SubjectSource, place: &str) -> Result<Self> {
        let field = match source.format.kind.as_str() {
            "" | "text" => None,
            "json" => Some(source.format.subject_token_field_name.ok_or_else(|| {
                Error::invalid(format!("the credentials in {place} have no subject_token_field_name"))
            })?),
            other => return Err(unsupported(place, &format!("hold a token in the format {other:?}"))),
        };
        let named = [
            (source.environment_id.is_some(), "environment_id (AWS)"),
            (source.executable.is_some(), "executable"),
            (source.certificate.is_some(), "certificate"),
        ];
        match (source.file, source.url, named.into_iter().find(|(is, _)| *is)) {
            (_, _, Some((_, name))) => {
                Err(unsupported(place, &format!("get their token by a credential_source of the kind {name}")))
            }
            (Some(path), _, _) => Ok(Self::File { path, field }),
            (None, Some(url), _) => {
                Ok(Self::Url { url, headers: source.headers.into_iter().collect(), field })
            }
            (None, None, None) => {
                Err(Error::invalid(format!("the credential_source in {place} has neither a file nor a url")))
            }
        }
    }
}

/// Service accounts as the service wants them named; files may hold the bare address.
///
/// Source: <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>.
fn named(accounts: Option<Vec<String>>) -> Vec<String> {
    let named = |account: String| {
        if account.contains('/') { account } else { format!("projects/-/serviceAccounts/{account}") }
    };
    accounts.unwrap_or_default().into_iter().map(named).collect()
}

fn unsupported(place: &str, why: &str) -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        format!("the credentials in {place} {why}, which is not supported"),
    )
    .with_hint("pass a token that Google's tools fetched: -o bearer-token, or GOOGLE_OAUTH_ACCESS_TOKEN")
}

/// The key of a PEM document.
fn key_pair(pem: &str, place: &str) -> Result<RsaKeyPair> {
    // The causes are not told: they could show a part of the key.
    let unusable = || {
        Error::invalid(format!("the private_key in {place} is no RSA key in PEM"))
            .with_hint("download the key of the service account anew, as JSON")
    };
    let lines = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----"));
    let bytes = BASE64_STANDARD.decode(lines.collect::<String>()).map_err(|_| unusable())?;
    RsaKeyPair::from_pkcs8(&bytes).or_else(|_| RsaKeyPair::from_der(&bytes)).map_err(|_| unusable())
}

/// The token that a service account signs for itself, good from `now` on.
pub(super) fn signed(email: &str, key_id: Option<&str>, key: &RsaKeyPair, now: SystemTime) -> Result<String> {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut header = json!({ "alg": "RS256", "typ": "JWT" });
    if let Some(id) = key_id.filter(|id| !id.is_empty()) {
        header["kid"] = json!(id);
    }
    let claims =
        json!({ "iss": email, "sub": email, "scope": SCOPE, "iat": now, "exp": now + LIFETIME.as_secs() });
    let encoded = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encoded(&header), encoded(&claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
        .map_err(|_| Error::new(ErrorKind::Unauthenticated, "the service account's key does not sign"))?;
    Ok(format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}
