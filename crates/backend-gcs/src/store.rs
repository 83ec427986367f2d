//! `GcsStore`: a bucket, one request per operation. The range engine does the rest.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use rangeway_core::{
    Capabilities, CopyOptions, DeleteResult, GetOptions, GetResponse, HeadOptions, HeadResponse, Key,
    ListEntry, ListOptions, MultipartUpload, ObjectMeta, PartLimits, Payload, PutOptions, PutResponse,
    Result, Settings, Store, StoreUri, TransferStats,
};
use rangeway_range_engine::Retry;
use rangeway_range_engine::network::check_container;
use rangeway_transport::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, RequestBody, check, header, headers, no_length,
    of_range,
};

use crate::api::Api;
use crate::multipart::GcsUpload;
use crate::{attributes, copy, error, generation, list};

const MIB: u64 = 1 << 20;

/// The service's limits: <https://cloud.google.com/storage/quotas>.
const PARTS: PartLimits = PartLimits::new(5 * MIB, 5 << 30, 10_000);
const MAX_PUT: u64 = 5 << 40;

/// Source: <https://cloud.google.com/storage/docs/xml-api/reference-headers#xgoogstoredcontentlength>.
const STORED_LENGTH: HeaderName = HeaderName::from_static("x-goog-stored-content-length");

/// A bucket, one request per operation and attempt: wrap it in `Ranged` for transfers that split, retry and resume, and
/// for errors that name the object.
///
/// Only listings, deletions and copies in several steps, which no engine can retry from outside, retry their requests
/// themselves.
#[derive(Debug)]
pub struct GcsStore {
    api: Arc<Api>,
    capabilities: Capabilities,
    retry: Retry,
}

impl GcsStore {
    /// The bucket of `uri`. Does no request.
    ///
    /// # Errors
    /// `InvalidInput` for a bad setting or name of a bucket; `Unauthenticated` for credentials that cannot be used.
    pub fn open(uri: &StoreUri, settings: &Settings, retry: Retry) -> Result<Self> {
        check_container(uri)?;
        let api = Arc::new(Api::new(uri, settings)?);
        let mut capabilities = Capabilities::all();
        capabilities.any_key = false;
        capabilities.max_put_size = MAX_PUT;
        capabilities.parts = PARTS;
        Ok(Self { api, capabilities, retry })
    }

    /// A request to read `key` as it is stored.
    fn read(&self, method: Method, key: &Key, version: Option<&str>) -> Result<Request> {
        let query: Vec<_> = version.map(|version| ("generation", version)).into_iter().collect();
        Ok(as_stored(self.api.object(method, key, &query)?))
    }
}

/// The same request, for bytes as they are stored: the service would unpack them for clients that do not take them packed.
pub(crate) fn as_stored(request: Request) -> Request {
    request.header(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"))
}

/// The size of the object, as the answer to a HEAD says it. The length of what is packed may be said in another header
/// alone.
pub(crate) fn size_of(headers: &HeaderMap) -> Option<u64> {
    let length =
        headers::text(headers, &STORED_LENGTH).or_else(|| headers::text(headers, &header::CONTENT_LENGTH));
    length?.trim().parse().ok()
}

fn meta(key: &Key, size: u64, headers: &HeaderMap) -> ObjectMeta {
    let mut meta = ObjectMeta::new(key, size);
    meta.version = generation::of(headers);
    meta.etag = meta.version.as_deref().map(generation::etag);
    meta.last_modified = headers::last_modified(headers);
    meta
}

#[async_trait]
impl Store for GcsStore {
    fn uri(&self) -> &StoreUri {
        self.api.uri()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn head(&self, key: &Key, options: HeadOptions) -> Result<HeadResponse> {
        let mut request = self.read(Method::HEAD, key, options.version.as_deref())?;
        generation::put_conditions(&mut request.headers, &options.conditions)?;
        let headers = self.api.send_plain(request).await?;
        let meta = meta(key, size_of(&headers).ok_or_else(no_length)?, &headers);
        check(&options.conditions, &meta)?;
        Ok(HeadResponse::new(meta, attributes::of(&headers)))
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<GetResponse> {
        if options.conditions.if_none_match.is_some() {
            // The service cannot evaluate it, and bytes that nobody wants cost more than a request.
            let mut head = HeadOptions::new().conditions(options.conditions.clone());
            head.version.clone_from(&options.version);
            self.head(key, head).await?;
        }
        let mut request = self.read(Method::GET, key, options.version.as_deref())?;
        generation::put_conditions(&mut request.headers, &options.conditions)?;
        if let Some(range) = &options.range {
            request.headers.insert(header::RANGE, headers::range(range)?);
        }
        let response = match self.api.send(request).await {
            Ok(response) => response,
            Err(error) => {
                let size = error::size(&error);
                return Err(of_range(error, size, &options, |head| self.head(key, head)).await);
            }
        };
        let attributes = attributes::of(&response.headers);
        response.into_object(&options.conditions, attributes, |size, headers| meta(key, size, headers))
    }

    async fn put(&self, key: &Key, payload: Payload, options: PutOptions) -> Result<PutResponse> {
        let mut request = self.api.object(Method::PUT, key, &[])?;
        attributes::put(&mut request.headers, &options.attributes, self.api.class.as_deref())?;
        generation::put_mode(&mut request.headers, &options.mode)?;
        let request = request.body(RequestBody::from_payload(payload).await?);
        let headers = self.api.send_plain(request).await;
        let headers = headers.map_err(|error| generation::of_mode(error, &options.mode))?;
        Ok(generation::put_response(&headers))
    }

    async fn start_multipart(&self, key: &Key, options: PutOptions) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(GcsUpload::start(Arc::clone(&self.api), self.retry.clone(), key, options).await?))
    }

    fn list(&self, options: ListOptions) -> BoxStream<'static, Result<ListEntry>> {
        list::list(Arc::clone(&self.api), self.retry.clone(), options)
    }

    fn delete(&self, keys: BoxStream<'static, Key>) -> BoxStream<'static, DeleteResult> {
        rangeway_range_engine::delete(Arc::clone(&self.api), self.retry.clone(), keys)
    }

    async fn copy(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<PutResponse> {
        copy::copy(&self.api, &self.retry, from, to, &options).await
    }

    fn stats(&self) -> TransferStats {
        self.api.stats()
    }

    async fn drain(&self) {}
}
