//! `Api`: requests to one bucket, or to the service, addressed and authorised. Objects are read and written by the XML
//! API; all else is asked of the JSON API.

use async_trait::async_trait;
use rangeway_core::{Error, ErrorKind, Key, Result, Settings, StoreUri, TransferStats};
use rangeway_transport::xml::Element;
use rangeway_transport::{
    Client, HeaderMap, HeaderName, HeaderValue, Method, Refusal, Request, Response, Rest, Service, encode,
    headers,
};
use serde::de::DeserializeOwned;

use crate::config::GcsConfig;
use crate::credentials::Credentials;
use crate::error;

const USER_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// The longest name of an object, in bytes: <https://cloud.google.com/storage/docs/objects#naming>.
pub(crate) const MAX_KEY: usize = 1024;

/// How requests to the service are authorised, and what its refusals mean.
#[derive(Debug)]
pub(crate) struct GcsService {
    credentials: Credentials,
    user_project: Option<HeaderValue>,
}

#[async_trait]
impl Service for GcsService {
    async fn authorize(&self, request: &mut Request) -> Result<()> {
        if let Some(project) = &self.user_project {
            request.headers.insert(USER_PROJECT, project.clone());
        }
        self.credentials.authorize(request).await
    }

    fn refuse(&self, refusal: Refusal) -> Error {
        let error = error::of_refusal(&refusal, self.credentials.are_anonymous());
        if self.credentials.are_replaced(&refusal) { error.with_retryable(true) } else { error }
    }
}

/// Requests to one bucket, or to the service where the URI names none.
#[derive(Debug)]
pub(crate) struct Api {
    rest: Rest<GcsService>,
    uri: StoreUri,
    /// The URL of the service, without a slash at the end.
    endpoint: String,
    project: Option<String>,
    /// The storage class of what is written.
    pub(crate) class: Option<String>,
    /// Where buckets are created.
    pub(crate) location: Option<String>,
}

impl Api {
    /// Requests to the bucket of `uri`.
    ///
    /// # Errors
    /// `InvalidInput` for a bad name of a bucket or bad settings.
    pub(crate) fn new(uri: &StoreUri, settings: &Settings) -> Result<Self> {
        let config = GcsConfig::from_settings(settings)?;
        check_bucket(uri.container())?;
        let client = Client::new(&config.client)?;
        let credentials = Credentials::new(config.source, client.clone())?;
        let user_project = config.user_project.map(|project| headers::value("user-project", &project));
        let service = GcsService { credentials, user_project: user_project.transpose()? };
        Ok(Self {
            rest: Rest::new(client, service),
            uri: StoreUri::new(uri.scheme(), uri.container(), ""),
            endpoint: config.endpoint,
            project: config.project,
            class: config.class,
            location: config.location,
        })
    }

    /// The bucket's URI.
    pub(crate) fn uri(&self) -> &StoreUri {
        &self.uri
    }

    pub(crate) fn stats(&self) -> TransferStats {
        self.rest.stats()
    }

    /// The project of buckets.
    ///
    /// # Errors
    /// `InvalidInput` when none is given.
    pub(crate) fn project(&self) -> Result<&str> {
        self.project.as_deref().ok_or_else(|| {
            Error::invalid("no project is given, and buckets belong to projects")
                .with_hint("set project, or GOOGLE_CLOUD_PROJECT")
        })
    }

    /// A request of the XML API about the object `key`.
    ///
    /// # Errors
    /// `InvalidInput` for what is no name of an object.
    pub(crate) fn object(&self, method: Method, key: &Key, query: &[(&str, &str)]) -> Result<Request> {
        check_key(key)?;
        // Slashes are encoded too: then nothing on the way can take `..` for a step up.
        let (bucket, key) = (encode::component(self.uri.container()), encode::component(key.as_str()));
        Ok(Request::new(method, encode::uri(format!("{}/{bucket}/{key}", self.endpoint), query)?))
    }

    /// A request of the JSON API about `path`.
    pub(crate) fn json(&self, method: Method, path: &str, query: &[(&str, &str)]) -> Result<Request> {
        Ok(Request::new(method, encode::uri(format!("{}/storage/v1/{path}", self.endpoint), query)?))
    }

    /// The path of the bucket in the JSON API.
    pub(crate) fn bucket_path(&self) -> String {
        format!("b/{}", encode::component(self.uri.container()))
    }

    /// The path of the object `key` in the JSON API.
    ///
    /// # Errors
    /// `InvalidInput` for what is no name of an object.
    pub(crate) fn object_path(&self, key: &Key) -> Result<String> {
        check_key(key)?;
        Ok(format!("{}/o/{}", self.bucket_path(), encode::component(key.as_str())))
    }

    /// The request that other requests are put into.
    pub(crate) fn batch(&self) -> Result<Request> {
        Ok(Request::new(Method::POST, encode::uri(format!("{}/batch/storage/v1", self.endpoint), &[])?))
    }

    /// Sends one request.
    pub(crate) async fn send(&self, request: Request) -> Result<Response> {
        self.rest.send(request).await
    }

    /// Sends a request whose answer has no body that matters, and gives back its headers.
    pub(crate) async fn send_plain(&self, request: Request) -> Result<HeaderMap> {
        self.rest.send_plain(request).await
    }

    /// Sends a request whose answer is an XML document called `root`.
    pub(crate) async fn send_xml(&self, request: Request, root: &str) -> Result<(HeaderMap, Element)> {
        let (headers, document) = self.rest.send_xml(request).await?;
        if document.name == root {
            return Ok((headers, document));
        }
        let found = &document.name;
        Err(strange(format!("the answer is a {found:?}, not a {root:?}")))
    }

    /// Sends a request whose answer is a JSON document.
    pub(crate) async fn send_json<T: DeserializeOwned>(&self, request: Request) -> Result<T> {
        let (_, document) = self.rest.send_whole(request).await?;
        serde_json::from_slice(&document)
            .map_err(|error| strange("the answer is not the document that was asked for").with_source(error))
    }
}

fn strange(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Integrity, what).with_hint("check the endpoint: is it Google Cloud Storage?")
}

/// Refuses what the service takes for no name: <https://cloud.google.com/storage/docs/objects#naming>.
fn check_key(key: &Key) -> Result<()> {
    let name = key.as_str();
    if name.is_empty() {
        return Err(Error::invalid("the empty key names the bucket, not an object"));
    }
    if name.contains(['\n', '\r']) || name == "." || name == ".." {
        return Err(Error::invalid(format!("{name:?} is no name of an object of Google Cloud Storage"))
            .with_hint("names are not \".\" or \"..\", and have no line breaks"));
    }
    if name.len() > MAX_KEY {
        let length = name.len();
        return Err(Error::invalid(format!(
            "the key has {length} bytes; names of objects have at most {MAX_KEY}"
        )));
    }
    Ok(())
}

/// Refuses names that would be another path or another host.
fn check_bucket(bucket: &str) -> Result<()> {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    if bucket.bytes().all(known) && bucket != "." && bucket != ".." {
        return Ok(());
    }
    Err(Error::invalid(format!("{bucket:?} is no name of a bucket"))
        .with_hint("names of buckets have lower-case letters, digits, '-', '_' and '.' only"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(bucket: &str, endpoint: Option<&str>) -> Result<Api> {
        let settings = Settings::default().set("anonymous", "true");
        let settings = endpoint.into_iter().fold(settings, |all, endpoint| all.set("endpoint", endpoint));
        Api::new(&StoreUri::new("gs", bucket, ""), &settings)
    }

    #[test]
    fn addresses_row_by_row() -> Result<()> {
        let key = Key::new("k// /../+");
        let far = api("buc", None)?;
        let object = far.object(Method::GET, &key, &[("generation", "1")])?;
        assert_eq!(
            object.uri.to_string(),
            "https://storage.googleapis.com/buc/k%2F%2F%20%2F..%2F%2B?generation=1"
        );
        let near = api("b.c_d", Some("http://h:1/"))?;
        assert_eq!(near.object(Method::PUT, &Key::new("k"), &[])?.uri.to_string(), "http://h:1/b.c_d/k");
        let delete = near.json(Method::DELETE, &near.object_path(&key)?, &[])?;
        assert_eq!(delete.uri.to_string(), "http://h:1/storage/v1/b/b.c_d/o/k%2F%2F%20%2F..%2F%2B");
        assert_eq!(near.batch()?.uri.to_string(), "http://h:1/batch/storage/v1");
        Ok(())
    }

    #[test]
    fn odd_names_are_refused() -> Result<()> {
        for name in ["..", ".", "A-b", "a/b", "a b", "a?b", "a:b"] {
            assert!(api(name, None).is_err(), "{name}");
        }
        let api = api("buc", None)?;
        for key in ["", ".", "..", "a\nb", "a\rb", &"k".repeat(1025)] {
            let error = api.object(Method::GET, &Key::new(key), &[]).expect_err("no name of an object");
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{key:?}");
            assert!(api.object_path(&Key::new(key)).is_err(), "{key:?}");
        }
        assert!(api.object(Method::GET, &Key::new("a/../b\t\u{1}"), &[]).is_ok());
        Ok(())
    }
}
