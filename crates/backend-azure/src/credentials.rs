//! Where credentials come from, and what requests are authorised with.

use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use object_store::RetryConfig;
use object_store::azure::{AzureConfigKey, AzureCredential, MicrosoftAzureBuilder};
use rangeway_core::{Error, ErrorKind, Result, Setting, Settings};
use rangeway_transport::{
    Client, Connector, Fetched, HeaderValue, Provider, Refusal, Request, StatusCode, Uri, header,
};
use ring::hmac;

use crate::settings::{
    ACCOUNT_KEY, ANONYMOUS, AUTHORITY_HOST, AZURE_CLI, BEARER_TOKEN, CLIENT_ID, CLIENT_SECRET,
    FEDERATED_TOKEN_FILE, SAS_TOKEN, TENANT_ID,
};
use crate::sign;

/// Where credentials come from. `Debug` shows no secrets.
pub(crate) enum Source {
    /// Nowhere: requests are not signed.
    Anonymous,
    /// The account's key.
    Key(hmac::Key),
    /// A shared access signature, as a query string.
    Signature(String),
    /// A token that somebody else fetched.
    Token(String),
    /// A service principal, a workload identity, `az login` or the machine's identity.
    Chain(Vec<(AzureConfigKey, String)>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Key(_) => "Key",
            Self::Signature(_) => "Signature",
            Self::Token(_) => "Token",
            Self::Chain(_) => "Chain",
        })
    }
}

impl Source {
    /// The first of: nothing when so asked; a key; a signature; a token; those of the connection string; and what
    /// fetches tokens: a service principal, a workload identity, `az login`, the machine's identity.
    pub(crate) fn find(
        settings: &Settings,
        key: Option<String>,
        signature: Option<String>,
        endpoint: &str,
    ) -> Result<Self> {
        if settings.flag(&ANONYMOUS)?.unwrap_or(false) {
            return Ok(Self::Anonymous);
        }
        if let Some(key) = settings.text(&ACCOUNT_KEY) {
            return Self::key(&key);
        }
        if let Some(signature) = settings.text(&SAS_TOKEN) {
            return Self::signature(&signature);
        }
        if let Some(token) = settings.text(&BEARER_TOKEN) {
            return Ok(Self::Token(token));
        }
        match (key, signature) {
            (Some(key), _) => Self::key(&key),
            (None, Some(signature)) => Self::signature(&signature),
            (None, None) => Self::chain(settings, endpoint),
        }
    }

    fn key(text: &str) -> Result<Self> {
        let bytes = BASE64_STANDARD.decode(text.trim()).map_err(|_| {
            Error::invalid("account-key (or AZURE_STORAGE_ACCOUNT_KEY) is not base64")
                .with_hint("copy the key from the portal, or from: az storage account keys list")
        })?;
        Ok(Self::Key(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    fn signature(text: &str) -> Result<Self> {
        let text = text.trim().trim_start_matches('?');
        let is_query = text.contains("sig=") && format!("/?{text}").parse::<Uri>().is_ok();
        if !is_query {
            return Err(Error::invalid(
                "sas-token (or AZURE_STORAGE_SAS_TOKEN) is no shared access signature: it has no sig=",
            ));
        }
        Ok(Self::Signature(text.to_owned()))
    }

    fn chain(settings: &Settings, endpoint: &str) -> Result<Self> {
        let rows: [(&Setting, AzureConfigKey); 5] = [
            (&TENANT_ID, AzureConfigKey::AuthorityId),
            (&CLIENT_ID, AzureConfigKey::ClientId),
            (&CLIENT_SECRET, AzureConfigKey::ClientSecret),
            (&FEDERATED_TOKEN_FILE, AzureConfigKey::FederatedTokenFile),
            (&AUTHORITY_HOST, AzureConfigKey::AuthorityHost),
        ];
        let mut chain: Vec<_> =
            rows.into_iter().filter_map(|(setting, key)| Some((key, settings.text(setting)?))).collect();
        if settings.flag(&AZURE_CLI)?.unwrap_or(false) {
            chain.push((AzureConfigKey::UseAzureCli, "true".to_owned()));
        }
        chain.extend(
            settings
                .environment()
                .get("IDENTITY_ENDPOINT")
                .or_else(|| settings.environment().get("MSI_ENDPOINT"))
                .map(|endpoint| (AzureConfigKey::MsiEndpoint, endpoint.to_owned())),
        );
        chain.push((AzureConfigKey::Endpoint, endpoint.to_owned()));
        Ok(Self::Chain(chain))
    }
}

/// What requests are authorised with. Tokens are renewed when they are about to end.
#[derive(Debug)]
pub(crate) struct Credentials {
    account: String,
    kind: Kind,
}

enum Kind {
    Anonymous,
    Key(hmac::Key),
    Signature(String),
    Token(HeaderValue),
    Fetched(Fetched<AzureCredential>),
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kind")
    }
}

impl Credentials {
    /// The credentials of `account` that `source` gives; tokens are fetched through `client` when first needed.
    pub(crate) fn new(source: Source, account: &str, client: Client) -> Result<Self> {
        let kind = match source {
            Source::Anonymous => Kind::Anonymous,
            Source::Key(key) => Kind::Key(key),
            Source::Signature(signature) => Kind::Signature(signature),
            Source::Token(token) => Kind::Token(bearer(&token)?),
            Source::Chain(options) => {
                let (is_guess, account) = (is_guess(&options), account.to_owned());
                let make = move || provider(&options, &account, client.clone());
                Kind::Fetched(Fetched::new(make, none_found)?.guessed(is_guess))
            }
        };
        Ok(Self { account: account.to_owned(), kind })
    }

    /// Adds to `request` what shows who asks.
    ///
    /// # Errors
    /// `Unauthenticated` when there are no credentials.
    pub(crate) async fn authorize(&self, request: &mut Request) -> Result<()> {
        match &self.kind {
            Kind::Anonymous => Ok(()),
            Kind::Key(key) => sign::sign(request, &self.account, key, SystemTime::now()),
            Kind::Signature(signature) => append(request, signature),
            Kind::Token(token) => {
                request.headers.insert(header::AUTHORIZATION, token.clone());
                Ok(())
            }
            Kind::Fetched(fetched) => match fetched.get().await?.as_ref() {
                AzureCredential::BearerToken(token) => {
                    request.headers.insert(header::AUTHORIZATION, bearer(token)?);
                    Ok(())
                }
                _ => Err(Error::new(ErrorKind::Unauthenticated, "what was fetched is no token")),
            },
        }
    }

    /// Whether another attempt will show another token than the one that was refused.
    pub(crate) fn are_replaced(&self, refusal: &Refusal) -> bool {
        match (&self.kind, &refusal.authorization) {
            (Kind::Fetched(fetched), Some(shown)) if refusal.status == StatusCode::UNAUTHORIZED => fetched
                .refused(|credential| match credential {
                    AzureCredential::BearerToken(token) => bearer(token).is_ok_and(|bearer| bearer == shown),
                    _ => false,
                }),
            _ => false,
        }
    }

    /// The query that grants access, for URLs that the service itself will read.
    pub(crate) fn query(&self) -> Option<&str> {
        match &self.kind {
            Kind::Signature(signature) => Some(signature),
            _ => None,
        }
    }
}

fn append(request: &mut Request, query: &str) -> Result<()> {
    let separator = if request.uri.query().is_some() { '&' } else { '?' };
    // The error must not show the URI: the query is a secret.
    let uri = format!("{}{separator}{query}", request.uri).parse();
    request.uri = uri.map_err(|_| Error::invalid("the key and the signature are too long to be sent"))?;
    Ok(())
}

fn bearer(token: &str) -> Result<HeaderValue> {
    let value = HeaderValue::from_str(&format!("Bearer {token}"));
    let mut value = value.map_err(|_| {
        Error::new(ErrorKind::Unauthenticated, "the token holds characters that cannot be sent")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn none_found() -> Error {
    Error::new(ErrorKind::Unauthenticated, "no credentials found").with_hint(
        "set AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING, sign in with \
         `az login` and -o azure-cli=true, or read a public container with -o anonymous=true",
    )
}

/// Whether nothing says that the machine has an identity, which is what remains to be asked for.
fn is_guess(options: &[(AzureConfigKey, String)]) -> bool {
    !options.iter().any(|(key, _)| {
        matches!(
            key,
            AzureConfigKey::ClientSecret
                | AzureConfigKey::FederatedTokenFile
                | AzureConfigKey::UseAzureCli
                | AzureConfigKey::MsiEndpoint
        )
    })
}

/// `object_store`'s chain, over our client and in bounded time.
fn provider(
    options: &[(AzureConfigKey, String)],
    account: &str,
    client: Client,
) -> Result<Provider<AzureCredential>> {
    // Who needs the credentials tries again.
    let retry = RetryConfig { max_retries: 0, ..RetryConfig::default() };
    let mut builder = MicrosoftAzureBuilder::new()
        .with_account(account)
        .with_container_name("credentials-only")
        .with_allow_http(true)
        .with_retry(retry)
        .with_http_connector(Connector::new(client));
    for (key, value) in options {
        builder = builder.with_config(*key, value);
    }
    let store = builder.build().map_err(|error| {
        Error::new(ErrorKind::Unauthenticated, "the settings of the credentials contradict each other")
            .with_source(error)
    })?;
    Ok(Arc::clone(store.credentials()))
}

#[cfg(test)]
mod tests {
    use rangeway_transport::Method;

    use super::*;

    fn source(settings: &[(&str, &str)]) -> Result<String> {
        let settings = settings.iter().fold(Settings::default(), |all, (name, value)| all.set(*name, *value));
        let found =
            Source::find(&settings, Some("a2V5".to_owned()), None, "https://a.blob.core.windows.net")?;
        Ok(format!("{found:?}"))
    }

    #[test]
    fn the_order_of_sources_row_by_row() -> Result<()> {
        for (settings, expected) in [
            (vec![("anonymous", "true"), ("account-key", "a2V5")], "Anonymous"),
            (vec![("account-key", "a2V5"), ("sas-token", "sig=x")], "Key"),
            (vec![("sas-token", "?sv=1&sig=x")], "Signature"),
            (vec![("bearer-token", "t")], "Token"),
            (vec![], "Key"),
        ] {
            assert_eq!(source(&settings)?, expected, "{settings:?}");
        }
        assert!(source(&[("sas-token", "nothing")]).is_err());
        Ok(())
    }

    #[test]
    fn a_signature_joins_the_query() -> Result<()> {
        let mut request = Request::new(Method::GET, "http://h/c/k?comp=list".parse().expect("a URI"));
        append(&mut request, "sv=1&sig=a%2Bb")?;
        assert_eq!(request.uri.to_string(), "http://h/c/k?comp=list&sv=1&sig=a%2Bb");
        Ok(())
    }
}
