//! `HttpStore`: the files of one web server, one request per operation. The range engine does the rest.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use rangeway_core::{
    Body, Capabilities, CopyOptions, DeleteResult, Error, ErrorKind, GetOptions, GetResponse, HeadOptions,
    HeadResponse, Key, ListEntry, ListOptions, MultipartUpload, ObjectMeta, Operation, Payload, PutOptions,
    PutResponse, Result, Setting, SettingKind, Settings, Store, StoreUri, TransferStats,
};
use rangeway_transport::{
    Client, ClientOptions, HeaderMap, HeaderValue, Method, Refusal, Request, Response, Rest, Service, Uri,
    encode, extent, header, headers, no_length, of_range,
};

use crate::{error, redirect};

/// The part of a URL that is not the key.
pub(crate) const QUERY: Setting = Setting::new(
    StoreUri::QUERY,
    SettingKind::Secret,
    "What stands after the `?` of the URL, such as a signature; it is sent with every request. Taken from the URI.",
);

/// How many files' other places are remembered, so that the parts of one do not each ask for the way.
const REMEMBERED: usize = 64;

/// A service that wants to know nothing of who asks.
#[derive(Debug)]
struct Web;

#[async_trait]
impl Service for Web {
    async fn authorize(&self, request: &mut Request) -> Result<()> {
        // Compressed bytes have no ranges of the file.
        request.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Ok(())
    }

    fn refuse(&self, refusal: Refusal) -> Error {
        error::of_refusal(&refusal)
    }
}

/// The files of a web server: wrap it in `Ranged` for transfers that split, retry and resume.
pub struct HttpStore {
    rest: Rest<Web>,
    uri: StoreUri,
    /// What stands after `?` in every URL; may be a secret.
    query: Option<String>,
    capabilities: Capabilities,
    /// Where files are that the server said are elsewhere.
    moved: Mutex<HashMap<Key, Uri>>,
}

impl HttpStore {
    /// The server of `uri`. Does no request.
    ///
    /// # Errors
    /// `InvalidInput` for a bad setting or host.
    pub fn open(uri: &StoreUri, settings: &Settings) -> Result<Self> {
        let host = format!("{}://{}", uri.scheme(), uri.container());
        rangeway_transport::checked_endpoint(&host)?;
        let mut capabilities = Capabilities::all();
        capabilities.put_create = false;
        capabilities.put_if_match = false;
        capabilities.copy_create = false;
        capabilities.attributes = false;
        capabilities.versions = false;
        capabilities.any_key = false;
        capabilities.list = false;
        capabilities.max_put_size = 0;
        Ok(Self {
            rest: Rest::new(Client::new(&ClientOptions::from_settings(settings)?)?, Web),
            uri: StoreUri::new(uri.scheme(), uri.container(), ""),
            query: settings.text(&QUERY),
            capabilities,
            moved: Mutex::default(),
        })
    }

    /// The URL of `key`: as it stands there, but for what no URL can hold.
    fn url(&self, key: &Key) -> Result<Uri> {
        if let Some(moved) = self.moved.lock().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(moved.clone());
        }
        let path = encode::url(key.as_str()).replace('?', "%3F");
        let query = self.query.iter().map(|query| format!("?{}", encode::url(query)));
        let query = query.collect::<String>();
        let text = format!("{}://{}/{path}{query}", self.uri.scheme(), self.uri.container());
        text.parse().map_err(|error| Error::invalid("the key is no path of a URL").with_source(error))
    }

    fn remember(&self, key: &Key, url: &Uri) {
        let mut moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        if moved.len() >= REMEMBERED {
            moved.clear();
        }
        moved.insert(key.clone(), url.clone());
    }

    fn forget(&self, key: &Key) {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Sends a request for `key` to where it is.
    async fn send(&self, method: Method, key: &Key, headers: &HeaderMap) -> Result<Response> {
        let mut url = self.url(key)?;
        for _ in 0..=redirect::MOST {
            let mut request = Request::new(method.clone(), url.clone());
            request.headers = headers.clone();
            match self.rest.send(request).await {
                Err(error) if error::location(&error).is_some() => {
                    url = redirect::target(&url, error::location(&error).unwrap_or_default())?;
                    self.remember(key, &url);
                }
                Err(error) => {
                    // The way there may be another one by now: some last for minutes.
                    self.forget(key);
                    return Err(error);
                }
                answer => return answer,
            }
        }
        self.forget(key);
        Err(Error::new(
            ErrorKind::Service,
            format!("the server leads on and on: {} redirects", redirect::MOST),
        ))
    }
}

/// Shows no query and no URL that a server led to: both may hold a secret.
impl std::fmt::Debug for HttpStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpStore").field("uri", &self.uri).finish_non_exhaustive()
    }
}

/// The error of whatever would change something.
fn read_only() -> Error {
    Error::unsupported("web servers are for reading only")
}

fn without_version(version: Option<&str>) -> Result<()> {
    version.map_or(Ok(()), |_| Err(Error::unsupported("web servers keep no versions")))
}

fn meta(key: &Key, size: u64, headers: &HeaderMap) -> ObjectMeta {
    let mut meta = ObjectMeta::new(key, size);
    meta.etag = headers::etag(headers);
    meta.last_modified = headers::last_modified(headers);
    meta
}

#[async_trait]
impl Store for HttpStore {
    fn uri(&self) -> &StoreUri {
        &self.uri
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn head(&self, key: &Key, options: HeadOptions) -> Result<HeadResponse> {
        without_version(options.version.as_deref())?;
        let mut headers = HeaderMap::new();
        headers::put_conditions(&mut headers, &options.conditions)?;
        let response = self.send(Method::HEAD, key, &headers).await?;
        let meta = meta(key, response.content_length().ok_or_else(no_length)?, &response.headers);
        options.conditions.check(meta.etag.as_deref(), meta.last_modified)?;
        Ok(HeadResponse::new(meta, headers::attributes(&response.headers, "x-no-prefix-")))
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<GetResponse> {
        without_version(options.version.as_deref())?;
        let mut headers = HeaderMap::new();
        headers::put_conditions(&mut headers, &options.conditions)?;
        if let Some(range) = &options.range {
            headers.insert(header::RANGE, headers::range(range)?);
        }
        let response = match self.send(Method::GET, key, &headers).await {
            Ok(response) => response,
            Err(error) => {
                let size = error::size(&error);
                return Err(of_range(error, size, &options, |head| self.head(key, head)).await);
            }
        };
        let (range, size) = extent(&response)?;
        let meta = meta(key, size, &response.headers);
        options.conditions.check(meta.etag.as_deref(), meta.last_modified)?;
        let attributes = headers::attributes(&response.headers, "x-no-prefix-");
        let length = range.end - range.start;
        let body = if length == 0 { Body::from_bytes(Bytes::new()) } else { response.into_body(length) };
        Ok(GetResponse::new(meta, range, attributes, body))
    }

    async fn put(&self, _: &Key, _: Payload, _: PutOptions) -> Result<PutResponse> {
        Err(read_only())
    }

    async fn start_multipart(&self, _: &Key, _: PutOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(read_only())
    }

    fn list(&self, options: ListOptions) -> BoxStream<'static, Result<ListEntry>> {
        let error = Error::unsupported("web servers have no listings").with_hint("name the files one by one");
        let error = error.with_operation(Operation::List).with_uri(self.uri.with_key(options.prefix));
        stream::iter([Err(error)]).boxed()
    }

    fn delete(&self, keys: BoxStream<'static, Key>) -> BoxStream<'static, DeleteResult> {
        let uri = self.uri.clone();
        let refused = move |key: Key| {
            let result = Err(read_only().with_operation(Operation::Delete).with_uri(uri.with_key(&key)));
            DeleteResult { key, result }
        };
        keys.map(refused).boxed()
    }

    async fn copy(&self, _: &Key, _: &Key, _: CopyOptions) -> Result<PutResponse> {
        Err(read_only())
    }

    fn stats(&self) -> TransferStats {
        self.rest.stats()
    }

    async fn drain(&self) {}
}
