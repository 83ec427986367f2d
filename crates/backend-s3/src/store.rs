//! `S3Store`: a bucket, one request per operation. The range engine does the rest.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use rangeway_core::{
    Capabilities, CopyOptions, DeleteResult, Error, ErrorKind, GetOptions, GetResponse, HeadOptions,
    HeadResponse, Key, ListEntry, ListOptions, MultipartUpload, ObjectMeta, PartLimits, Payload, PutMode,
    PutOptions, PutResponse, Result, Settings, Store, StoreUri, TransferStats,
};
use rangeway_range_engine::Retry;
use rangeway_range_engine::network::check_container;
use rangeway_transport::{
    HeaderMap, HeaderName, HeaderValue, Method, RequestBody, check, header, headers, no_length, of_range,
};

use tokio_util::task::TaskTracker;

use crate::api::Api;
use crate::multipart::S3Upload;
use crate::{copy, error, list};

pub(crate) const MIB: u64 = 1 << 20;
pub(crate) const GIB: u64 = 1 << 30;

/// The prefix of the service's own headers.
pub(crate) const PREFIX: &str = "x-amz-";

const VERSION: HeaderName = HeaderName::from_static("x-amz-version-id");

/// AWS's limits: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>.
pub(crate) const PARTS: PartLimits = PartLimits::new(5 * MIB, 5 * GIB, 10_000);
pub(crate) const MAX_PUT: u64 = 5 * GIB;

/// A bucket, one request per operation and attempt: wrap it in `Ranged` for transfers that split, retry and resume, and
/// for errors that name the object.
///
/// Only listings and deletions, which no engine can retry from outside, retry their requests themselves.
#[derive(Debug)]
pub struct S3Store {
    api: Arc<Api>,
    capabilities: Capabilities,
    retry: Retry,
    /// Copies in parts under way: they end their uploads even when nobody waits for them any more.
    copies: TaskTracker,
}

impl S3Store {
    /// The bucket of `uri`. Does no request.
    ///
    /// # Errors
    /// `InvalidInput` for a bad setting or bucket name; `Unauthenticated` for credentials that cannot be used.
    pub fn open(uri: &StoreUri, settings: &Settings, retry: Retry) -> Result<Self> {
        check_container(uri)?;
        let api = Arc::new(Api::new(uri, settings)?);
        let mut capabilities = Capabilities::all();
        capabilities.put_create = api.conditional_writes;
        capabilities.put_if_match = api.conditional_writes;
        capabilities.copy_create = api.conditional_writes;
        capabilities.max_put_size = MAX_PUT;
        capabilities.parts = PARTS;
        Ok(Self { api, capabilities, retry, copies: TaskTracker::new() })
    }

    pub(crate) fn copies(&self) -> &TaskTracker {
        &self.copies
    }
}

pub(crate) async fn body(api: &Api, payload: Payload) -> Result<RequestBody> {
    if api.sign_payload {
        return Ok(RequestBody::rope(payload.into_rope().await?));
    }
    RequestBody::from_payload(payload).await
}

fn version_query(version: Option<&str>) -> Vec<(&'static str, &str)> {
    version.map(|version| ("versionId", version)).into_iter().collect()
}

fn meta(key: &Key, size: u64, headers: &HeaderMap) -> ObjectMeta {
    let mut meta = ObjectMeta::new(key, size);
    meta.etag = headers::etag(headers);
    meta.last_modified = headers::last_modified(headers);
    meta.version = headers::text(headers, &VERSION);
    meta
}

/// Adds what is to be stored with the object.
pub(crate) fn put_write_headers(headers: &mut HeaderMap, api: &Api, options: &PutOptions) -> Result<()> {
    headers::put_attributes(headers, PREFIX, &options.attributes)?;
    let defaults = [
        ("x-amz-storage-class", &api.write.storage_class),
        ("x-amz-server-side-encryption", &api.write.encryption),
        ("x-amz-server-side-encryption-aws-kms-key-id", &api.write.kms_key_id),
    ];
    for (name, default) in defaults {
        if let Some(value) = default
            && !headers.contains_key(name)
        {
            headers.insert(name, headers::value(name, value)?);
        }
    }
    Ok(())
}

/// Adds the condition of a write.
///
/// # Errors
/// `Unsupported` when the service is said to ignore it.
pub(crate) fn put_mode(headers: &mut HeaderMap, api: &Api, mode: &PutMode) -> Result<()> {
    match mode {
        PutMode::Overwrite => return Ok(()),
        _ if !api.conditional_writes => {
            return Err(Error::unsupported("conditional writes are switched off (conditional-writes=false)"));
        }
        PutMode::Create => headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("*")),
        PutMode::IfMatch(etag) => headers.insert(header::IF_MATCH, headers::value("if-match", etag)?),
        _ => return Err(Error::unsupported("S3 has no such write mode")),
    };
    Ok(())
}

/// What an error means to a write of that mode.
pub(crate) fn of_mode(error: Error, mode: &PutMode) -> Error {
    match (mode, error.kind()) {
        (PutMode::Create, ErrorKind::PreconditionFailed) if !error.is_retryable() => {
            Error::new(ErrorKind::AlreadyExists, "the object exists").with_source(error)
        }
        // S3 finds nothing to compare the etag with.
        (PutMode::IfMatch(_), ErrorKind::NotFound) if error::code(&error) == "NoSuchKey" => {
            Error::new(ErrorKind::PreconditionFailed, "the object does not exist").with_source(error)
        }
        _ => error,
    }
}

/// The answer to a write.
pub(crate) fn put_response(headers: &HeaderMap) -> PutResponse {
    PutResponse::new(headers::etag(headers), headers::text(headers, &VERSION))
}

#[async_trait]
impl Store for S3Store {
    fn uri(&self) -> &StoreUri {
        self.api.uri()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn head(&self, key: &Key, options: HeadOptions) -> Result<HeadResponse> {
        let mut request = self.api.object(Method::HEAD, key, &version_query(options.version.as_deref()))?;
        headers::put_conditions(&mut request.headers, &options.conditions)?;
        let response = self.api.send(request).await?;
        let size = response.content_length().ok_or_else(no_length)?;
        let meta = meta(key, size, &response.headers);
        check(&options.conditions, &meta)?;
        Ok(HeadResponse::new(meta, headers::attributes(&response.headers, PREFIX)))
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<GetResponse> {
        let mut request = self.api.object(Method::GET, key, &version_query(options.version.as_deref()))?;
        headers::put_conditions(&mut request.headers, &options.conditions)?;
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
        let attributes = headers::attributes(&response.headers, PREFIX);
        response.into_object(&options.conditions, attributes, |size, headers| meta(key, size, headers))
    }

    async fn put(&self, key: &Key, payload: Payload, options: PutOptions) -> Result<PutResponse> {
        let mut request = self.api.object(Method::PUT, key, &[])?;
        put_write_headers(&mut request.headers, &self.api, &options)?;
        put_mode(&mut request.headers, &self.api, &options.mode)?;
        let request = request.body(body(&self.api, payload).await?);
        let headers = self.api.send_plain(request).await.map_err(|error| of_mode(error, &options.mode))?;
        Ok(put_response(&headers))
    }

    async fn start_multipart(&self, key: &Key, options: PutOptions) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(S3Upload::start(Arc::clone(&self.api), key, options).await?))
    }

    fn list(&self, options: ListOptions) -> BoxStream<'static, Result<ListEntry>> {
        list::list(Arc::clone(&self.api), self.retry.clone(), options)
    }

    fn delete(&self, keys: BoxStream<'static, Key>) -> BoxStream<'static, DeleteResult> {
        rangeway_range_engine::delete(Arc::clone(&self.api), self.retry.clone(), keys)
    }

    async fn copy(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<PutResponse> {
        copy::copy(self, &self.api, &self.retry, from, to, options).await
    }

    fn stats(&self) -> TransferStats {
        self.api.stats()
    }

    async fn drain(&self) {
        self.copies.close();
        self.copies.wait().await;
    }
}
