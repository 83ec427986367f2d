//! `Api`: requests to one container, or to the account, addressed and authorised.

use async_trait::async_trait;
use rangeway_core::{Error, ErrorKind, Key, Result, Settings, StoreUri, TransferStats};
use rangeway_transport::xml::Element;
use rangeway_transport::{
    Client, HeaderMap, HeaderName, Method, Refusal, Request, Response, Rest, Service, encode,
};

use crate::config::AzureConfig;
use crate::credentials::Credentials;
use crate::error;
use crate::sign::API_VERSION;

const VERSION: HeaderName = HeaderName::from_static("x-ms-version");

/// How requests to Azure are authorised, and what its refusals mean.
#[derive(Debug)]
pub(crate) struct AzureService {
    pub(crate) credentials: Credentials,
}

#[async_trait]
impl Service for AzureService {
    async fn authorize(&self, request: &mut Request) -> Result<()> {
        request.headers.insert(VERSION, API_VERSION);
        self.credentials.authorize(request).await
    }

    fn refuse(&self, refusal: Refusal) -> Error {
        let error = error::of_refusal(&refusal);
        if self.credentials.are_replaced(&refusal) { error.with_retryable(true) } else { error }
    }
}

/// Requests to one container, or to the account where the URI names none.
#[derive(Debug)]
pub(crate) struct Api {
    rest: Rest<AzureService>,
    uri: StoreUri,
    /// The URL of the account, without a slash at the end.
    endpoint: String,
    /// The tier of what is written.
    pub(crate) tier: Option<String>,
}

impl Api {
    /// Requests to the container of `uri`.
    ///
    /// # Errors
    /// `InvalidInput` for a bad name of a container or bad settings.
    pub(crate) fn new(uri: &StoreUri, settings: &Settings) -> Result<Self> {
        let config = AzureConfig::from_settings(settings)?;
        check_container(uri.container())?;
        let client = Client::new(&config.client)?;
        let credentials = Credentials::new(config.source, &config.account, client.clone())?;
        Ok(Self {
            rest: Rest::new(client, AzureService { credentials }),
            // The account belongs to where it is, but the settings that say so may hold secrets.
            uri: StoreUri::new(uri.scheme(), uri.container(), ""),
            endpoint: config.endpoint,
            tier: config.tier,
        })
    }

    /// The container's URI.
    pub(crate) fn uri(&self) -> &StoreUri {
        &self.uri
    }

    pub(crate) fn stats(&self) -> TransferStats {
        self.rest.stats()
    }

    /// Counts names that a listing has left out.
    pub(crate) fn left_out(&self, names: u64) {
        self.rest.left_out(names);
    }

    pub(crate) fn service(&self) -> &AzureService {
        self.rest.service()
    }

    /// The URL of the blob `key`, as the service itself may read it: by an endpoint that is well, with the signature that
    /// grants access, if any.
    pub(crate) fn source_url(&self, key: &Key) -> Result<String> {
        let url = self.rest.source(encode::uri(self.url(key), &[])?)?;
        Ok(match self.service().credentials.query() {
            Some(query) => format!("{url}?{query}"),
            None => url.to_string(),
        })
    }

    fn url(&self, key: &Key) -> String {
        format!("{}/{}/{}", self.endpoint, encode::path(self.uri.container()), encode::path(key.as_str()))
    }

    /// A request about the blob `key`.
    ///
    /// # Errors
    /// `InvalidInput` for the empty key: such a request would be one about the container.
    pub(crate) fn blob(&self, method: Method, key: &Key, query: &[(&str, &str)]) -> Result<Request> {
        if key.is_empty() {
            return Err(Error::invalid("the empty key names the container, not a blob"));
        }
        Ok(Request::new(method, encode::uri(self.url(key), query)?))
    }

    /// A request about the container.
    pub(crate) fn container(&self, method: Method, query: &[(&str, &str)]) -> Result<Request> {
        let url = format!("{}/{}", self.endpoint, encode::path(self.uri.container()));
        let query: Vec<_> = [("restype", "container")].iter().chain(query).copied().collect();
        Ok(Request::new(method, encode::uri(url, &query)?))
    }

    /// A request about the account.
    pub(crate) fn account(&self, method: Method, query: &[(&str, &str)]) -> Result<Request> {
        Ok(Request::new(method, encode::uri(format!("{}/", self.endpoint), query)?))
    }

    /// Sends one request.
    pub(crate) async fn send(&self, request: Request) -> Result<Response> {
        self.rest.send(request).await
    }

    /// Sends a request whose answer has no body that matters, and gives back its headers.
    pub(crate) async fn send_plain(&self, request: Request) -> Result<HeaderMap> {
        self.rest.send_plain(request).await
    }

    /// Sends a request whose answer is a document called `root`.
    pub(crate) async fn send_xml(&self, request: Request, root: &str) -> Result<Element> {
        let (_, document) = self.rest.send_xml(request).await?;
        if document.name == root {
            return Ok(document);
        }
        let found = &document.name;
        Err(Error::new(ErrorKind::Integrity, format!("the answer is a {found:?}, not a {root:?}"))
            .with_hint("check the endpoint: is it Azure Blob Storage?"))
    }
}

/// Refuses names that would be another path: containers have lower-case letters, digits and dashes; a few are special.
fn check_container(name: &str) -> Result<()> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let special = ["", "$root", "$web", "$logs", "$blobchangefeed"];
    if special.contains(&name) || (name.bytes().all(known) && (3..=63).contains(&name.len())) {
        return Ok(());
    }
    Err(Error::invalid(format!("{name:?} is no name of a container"))
        .with_hint("names of containers have 3 to 63 lower-case letters, digits and '-'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(container: &str, endpoint: &str) -> Result<Api> {
        let settings =
            Settings::default().set("account", "a").set("endpoint", endpoint).set("sas-token", "sv=1&sig=x");
        Api::new(&StoreUri::new("az", container, ""), &settings)
    }

    #[test]
    fn addresses_row_by_row() -> Result<()> {
        let api = api("con", "http://h:1/a/")?;
        let key = Key::new("k// /..");
        assert_eq!(api.blob(Method::GET, &key, &[])?.uri.to_string(), "http://h:1/a/con/k//%20/..");
        let list = api.container(Method::GET, &[("comp", "list")])?;
        assert_eq!(list.uri.to_string(), "http://h:1/a/con?comp=list&restype=container");
        assert_eq!(api.account(Method::GET, &[("comp", "list")])?.uri.to_string(), "http://h:1/a/?comp=list");
        assert_eq!(api.source_url(&key)?, "http://h:1/a/con/k//%20/..?sv=1&sig=x");
        assert!(api.blob(Method::DELETE, &Key::new(""), &[]).is_err());
        Ok(())
    }

    #[test]
    fn odd_names_of_containers_are_refused() {
        for name in ["..", "ab", "A-b", "a/b", "a b", "a?b", "a_b"] {
            assert!(api(name, "http://h:1").is_err(), "{name}");
        }
        assert!(api("$web", "http://h:1").is_ok());
    }
}
