//! `Document`: the JSON that credentials come in.

use std::collections::BTreeMap;

use rangeway_core::{Error, Result};
use serde::Deserialize;

/// What the files of all kinds of credentials may hold; `kind` says what it is.
///
/// Source: <https://google.aip.dev/auth/4112> (service accounts), 4113 (users), 4117 (external accounts).
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Document {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) project_id: Option<String>,
    pub(super) quota_project_id: Option<String>,
    pub(super) private_key: Option<String>,
    pub(super) private_key_id: Option<String>,
    pub(super) client_email: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<String>,
    pub(super) refresh_token: Option<String>,
    pub(super) token_uri: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) subject_token_type: Option<String>,
    pub(super) token_url: Option<String>,
    pub(super) service_account_impersonation_url: Option<String>,
    /// The accounts between whoever asks and the one that is impersonated.
    pub(super) delegates: Option<Vec<String>>,
    pub(super) credential_source: Option<SubjectSource>,
    pub(super) source_credentials: Option<Box<Document>>,
    /// Emulators want no token.
    pub(super) disable_oauth: bool,
    /// Where the emulator is.
    pub(super) gcs_base_url: Option<String>,
}

/// Where the token of an external account is.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub(super) struct SubjectSource {
    pub(super) file: Option<String>,
    pub(super) url: Option<String>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) format: Format,
    pub(super) environment_id: Option<String>,
    pub(super) executable: Option<serde::de::IgnoredAny>,
    pub(super) certificate: Option<serde::de::IgnoredAny>,
}

/// What the token is wrapped in.
#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub(super) struct Format {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) subject_token_field_name: Option<String>,
}

impl Document {
    /// Reads a document that stands at `place`.
    ///
    /// # Errors
    /// `InvalidInput`; the cause is not told, for it could show a part of a secret.
    pub(super) fn read(text: &[u8], place: &str) -> Result<Self> {
        serde_json::from_slice(text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Error::invalid(format!(
                "{place} holds no credentials: no such JSON at line {line}, column {column}"
            ))
            .with_hint("it has to be the JSON file of a service account, a user or an external account")
        })
    }
}
