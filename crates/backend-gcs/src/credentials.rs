//! Where credentials come from, and what requests are authorised with.

mod document;
mod grant;
mod tokens;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rangeway_core::{Env, Error, ErrorKind, Result, Setting, Settings};
use rangeway_transport::{Client, Fetched, HeaderValue, Provider, Refusal, Request, StatusCode, header};

use crate::settings::{ANONYMOUS, BEARER_TOKEN, CREDENTIALS_FILE, CREDENTIALS_JSON};
use document::Document;
use grant::Grant;
use tokens::{Bearer, Tokens};

/// Where the machine's own service account is, on Google's machines.
const METADATA_HOST: &str = "metadata.google.internal";

/// Where credentials come from. `Debug` shows no secrets.
pub(crate) enum Source {
    /// Nowhere: requests are not authorised.
    Anonymous,
    /// A token that somebody else fetched.
    Token(String),
    /// Tokens that are fetched, or signed, with what a document holds.
    Grant(Grant),
    /// Tokens of the machine's own service account, from this host.
    Machine(String),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Token(_) => "Token",
            Self::Grant(_) => "Grant",
            Self::Machine(_) => "Machine",
        })
    }
}

/// A source, and what else stands beside the credentials.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) source: Source,
    pub(crate) endpoint: Option<String>,
    pub(crate) project: Option<String>,
}

impl From<Source> for Found {
    fn from(source: Source) -> Self {
        Self { source, endpoint: None, project: None }
    }
}

impl Source {
    /// The first of: nothing when so asked; a token, a document or a file that is given with the store; nothing for an
    /// emulator; a token, a document or a file that the environment names; what `gcloud` left; the machine's own service
    /// account.
    ///
    /// Source: <https://cloud.google.com/docs/authentication/application-default-credentials>.
    ///
    /// # Errors
    /// `InvalidInput` for a document that cannot be read; `Unauthenticated` for one that cannot be used.
    pub(crate) fn find(settings: &Settings, is_emulated: bool) -> Result<Found> {
        let explicit = [&BEARER_TOKEN, &CREDENTIALS_JSON, &CREDENTIALS_FILE]
            .iter()
            .any(|setting| settings.is_explicit(setting));
        let anonymous = settings.flag(&ANONYMOUS)?.unwrap_or(false);
        if anonymous && (settings.is_explicit(&ANONYMOUS) || !explicit) {
            return Ok(Self::Anonymous.into());
        }
        if explicit && let Some(found) = Self::given(settings, |setting| settings.is_explicit(setting))? {
            return Ok(found);
        }
        if is_emulated {
            // Whatever listens there is not to be shown what was meant for Google.
            return Ok(Self::Anonymous.into());
        }
        if let Some(found) = Self::given(settings, |_| true)? {
            return Ok(found);
        }
        let environment = settings.environment();
        if let Some(path) = well_known(environment).filter(|path| path.exists()) {
            return Self::of_file(&path);
        }
        let host = environment.get("GCE_METADATA_HOST").unwrap_or(METADATA_HOST);
        Ok(Self::Machine(host.to_owned()).into())
    }

    /// The credentials that one of those settings gives which `counts` is true of.
    fn given(settings: &Settings, counts: impl Fn(&Setting) -> bool) -> Result<Option<Found>> {
        let text = |setting: &Setting| settings.text(setting).filter(|_| counts(setting));
        if let Some(token) = text(&BEARER_TOKEN) {
            return Ok(Some(Self::Token(token).into()));
        }
        if let Some(document) = text(&CREDENTIALS_JSON) {
            return Self::of_document(document.as_bytes(), "credentials-json").map(Some);
        }
        text(&CREDENTIALS_FILE).map(|path| Self::of_file(Path::new(&path))).transpose()
    }

    fn of_file(path: &Path) -> Result<Found> {
        let shown = path.display().to_string();
        let text = std::fs::read(path).map_err(|error| unreadable(&shown).with_source(error))?;
        Self::of_document(&text, &shown)
    }

    /// The credentials of a document that stands at `place`.
    fn of_document(text: &[u8], place: &str) -> Result<Found> {
        let document = Document::read(text, place)?;
        let endpoint = document.gcs_base_url.clone();
        let project = document.project_id.clone().or_else(|| document.quota_project_id.clone());
        let source =
            if document.disable_oauth { Self::Anonymous } else { Self::Grant(Grant::of(document, place)?) };
        Ok(Found { source, endpoint, project })
    }
}

/// Not that something was not found: that would be said of objects.
fn unreadable(path: &str) -> Error {
    Error::new(ErrorKind::Unauthenticated, format!("the credentials file {path} cannot be read"))
}

/// The file that `gcloud auth application-default login` writes.
fn well_known(environment: &Env) -> Option<PathBuf> {
    let folder = environment.get("CLOUDSDK_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| Some(environment.home()?.join(".config").join("gcloud")))?;
    Some(folder.join("application_default_credentials.json"))
}

/// What requests are authorised with. Tokens are renewed when they are about to end.
#[derive(Debug)]
pub(crate) struct Credentials(Kind);

enum Kind {
    Anonymous,
    Token(HeaderValue),
    Fetched(Fetched<Bearer>),
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kind")
    }
}

impl Credentials {
    /// The credentials that `source` gives; tokens are fetched through `client` when first needed.
    pub(crate) fn new(source: Source, client: Client) -> Result<Self> {
        let (grant, none_found, is_guess): (_, fn() -> Error, _) = match source {
            Source::Anonymous => return Ok(Self(Kind::Anonymous)),
            Source::Token(token) => return Ok(Self(Kind::Token(bearer(&token)?))),
            Source::Grant(grant) => (grant, refused, false),
            Source::Machine(host) => (Grant::Machine { host }, none_found, true),
        };
        let grant = Arc::new(grant);
        let make = move || -> Result<Provider<Bearer>> {
            Ok(Arc::new(Tokens::new(Arc::clone(&grant), client.clone())))
        };
        Ok(Self(Kind::Fetched(Fetched::new(make, none_found)?.guessed(is_guess))))
    }

    /// Whether requests show no credentials.
    pub(crate) fn are_anonymous(&self) -> bool {
        matches!(self.0, Kind::Anonymous)
    }

    /// Whether another attempt will show another token than the one that was refused.
    pub(crate) fn are_replaced(&self, refusal: &Refusal) -> bool {
        match (&self.0, &refusal.authorization) {
            (Kind::Fetched(fetched), Some(shown)) if refusal.status == StatusCode::UNAUTHORIZED => {
                fetched.refused(|bearer| bearer.0 == shown)
            }
            _ => false,
        }
    }

    /// Adds to `request` what shows who asks.
    ///
    /// # Errors
    /// `Unauthenticated` when there are no credentials.
    pub(crate) async fn authorize(&self, request: &mut Request) -> Result<()> {
        let value = match &self.0 {
            Kind::Anonymous => return Ok(()),
            Kind::Token(token) => token.clone(),
            Kind::Fetched(fetched) => fetched.get().await?.0.clone(),
        };
        request.headers.insert(header::AUTHORIZATION, value);
        Ok(())
    }
}

/// The header that shows a token, marked as secret.
fn bearer(token: &str) -> Result<HeaderValue> {
    let value = HeaderValue::from_str(&format!("Bearer {}", token.trim()));
    let mut value = value.map_err(|_| {
        Error::new(ErrorKind::Unauthenticated, "the token holds characters that cannot be sent")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn none_found() -> Error {
    Error::new(ErrorKind::Unauthenticated, "no credentials found").with_hint(
        "sign in with gcloud auth application-default login, set GOOGLE_APPLICATION_CREDENTIALS to a file with \
         credentials, or read a public bucket with -o anonymous=true",
    )
}

fn refused() -> Error {
    Error::new(ErrorKind::Unauthenticated, "the credentials give no token")
        .with_hint("sign in again with gcloud auth application-default login, or check the credentials file")
}

#[cfg(test)]
mod tests;
