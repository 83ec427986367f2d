//! `AzureStore`: a container, one request per operation. The range engine does the rest.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use rangeway_core::{
    Body, Capabilities, CopyOptions, DeleteResult, Error, ErrorKind, GetOptions, GetRange, GetResponse,
    HeadOptions, HeadResponse, Key, ListEntry, ListOptions, MultipartUpload, ObjectMeta, PartLimits, Payload,
    PutMode, PutOptions, PutResponse, Result, Settings, Store, StoreUri, TransferStats,
};
use rangeway_range_engine::Retry;
use rangeway_range_engine::network::check_container;
use rangeway_transport::{
    HeaderMap, HeaderName, HeaderValue, Method, RequestBody, check, header, headers, no_length, of_range,
};

use crate::api::Api;
use crate::multipart::AzureUpload;
use crate::{attributes, copy, error, list};

const MIB: u64 = 1 << 20;

const VERSION: HeaderName = HeaderName::from_static("x-ms-version-id");
const BLOB_TYPE: HeaderName = HeaderName::from_static("x-ms-blob-type");

/// Limits of block blobs: <https://learn.microsoft.com/azure/storage/blobs/scalability-targets>.
const PARTS: PartLimits = PartLimits::new(1, 4000 * MIB, 50_000);
const MAX_PUT: u64 = 5000 * MIB;

/// A container, one request per operation and attempt: wrap it in `Ranged` for transfers that split, retry and resume, and
/// for errors that name the blob.
///
/// Only listings and deletions, which no engine can retry from outside, retry their requests themselves.
#[derive(Debug)]
pub struct AzureStore {
    api: Arc<Api>,
    capabilities: Capabilities,
    retry: Retry,
}

impl AzureStore {
    /// The container of `uri`. Does no request.
    ///
    /// # Errors
    /// `InvalidInput` for a bad setting or name of a container; `Unauthenticated` for credentials that cannot be used.
    pub fn open(uri: &StoreUri, settings: &Settings, retry: Retry) -> Result<Self> {
        check_container(uri)?;
        let api = Arc::new(Api::new(uri, settings)?);
        let mut capabilities = Capabilities::all();
        capabilities.max_put_size = MAX_PUT;
        capabilities.parts = PARTS;
        Ok(Self { api, capabilities, retry })
    }

    async fn get_range(&self, key: &Key, options: GetOptions) -> Result<GetResponse> {
        let mut request = self.api.blob(Method::GET, key, &version_query(options.version.as_deref()))?;
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
        let attributes = attributes::of(&response.headers);
        response.into_object(&options.conditions, attributes, |size, headers| meta(key, size, headers))
    }

    /// Azure knows no ranges from the end, so the size has to be asked for first.
    async fn get_suffix(&self, key: &Key, length: u64, mut options: GetOptions) -> Result<GetResponse> {
        let mut head = HeadOptions::new().conditions(options.conditions.clone());
        head.version.clone_from(&options.version);
        let found = self.head(key, head).await?;
        let size = found.meta.size;
        if size == 0 {
            return Ok(GetResponse::new(
                found.meta,
                0..0,
                found.attributes,
                Body::from_bytes(bytes::Bytes::new()),
            ));
        }
        options.range = Some(GetRange::Bounded(size.saturating_sub(length)..size));
        if options.conditions.if_match.is_none() {
            options.conditions.if_match = found.meta.etag;
        }
        self.get_range(key, options).await
    }
}

fn version_query(version: Option<&str>) -> Vec<(&'static str, &str)> {
    version.map(|version| ("versionid", version)).into_iter().collect()
}

fn meta(key: &Key, size: u64, headers: &HeaderMap) -> ObjectMeta {
    let mut meta = ObjectMeta::new(key, size);
    meta.etag = headers::etag(headers);
    meta.last_modified = headers::last_modified(headers);
    meta.version = headers::text(headers, &VERSION);
    meta
}

/// Adds the condition of a write.
pub(crate) fn put_mode(headers: &mut HeaderMap, mode: &PutMode) -> Result<()> {
    match mode {
        PutMode::Overwrite => return Ok(()),
        PutMode::Create => headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("*")),
        PutMode::IfMatch(etag) => headers.insert(header::IF_MATCH, headers::value("if-match", etag)?),
        _ => return Err(Error::unsupported("Azure has no such write mode")),
    };
    Ok(())
}

/// What an error means to a write of that mode.
pub(crate) fn of_mode(error: Error, mode: &PutMode) -> Error {
    match (mode, error.kind()) {
        (PutMode::Create, ErrorKind::PreconditionFailed) if error::code(&error) == "ConditionNotMet" => {
            Error::new(ErrorKind::AlreadyExists, "the blob exists").with_source(error)
        }
        // Azure finds nothing to compare the etag with.
        (PutMode::IfMatch(_), ErrorKind::NotFound) if error::code(&error) == "BlobNotFound" => {
            Error::new(ErrorKind::PreconditionFailed, "the blob does not exist").with_source(error)
        }
        _ => error,
    }
}

/// The answer to a write.
pub(crate) fn put_response(headers: &HeaderMap) -> PutResponse {
    PutResponse::new(headers::etag(headers), headers::text(headers, &VERSION))
}

#[async_trait]
impl Store for AzureStore {
    fn uri(&self) -> &StoreUri {
        self.api.uri()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn head(&self, key: &Key, options: HeadOptions) -> Result<HeadResponse> {
        let mut request = self.api.blob(Method::HEAD, key, &version_query(options.version.as_deref()))?;
        headers::put_conditions(&mut request.headers, &options.conditions)?;
        let response = self.api.send(request).await?;
        let size = response.content_length().ok_or_else(no_length)?;
        let meta = meta(key, size, &response.headers);
        check(&options.conditions, &meta)?;
        Ok(HeadResponse::new(meta, attributes::of(&response.headers)))
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<GetResponse> {
        match options.range {
            Some(GetRange::Suffix(length)) => self.get_suffix(key, length, options).await,
            _ => self.get_range(key, options).await,
        }
    }

    async fn put(&self, key: &Key, payload: Payload, options: PutOptions) -> Result<PutResponse> {
        let mut request = self.api.blob(Method::PUT, key, &[])?;
        request.headers.insert(BLOB_TYPE, HeaderValue::from_static("BlockBlob"));
        attributes::put(&mut request.headers, &options.attributes, self.api.tier.as_deref())?;
        put_mode(&mut request.headers, &options.mode)?;
        let request = request.body(RequestBody::from_payload(payload).await?);
        let headers = self.api.send_plain(request).await.map_err(|error| of_mode(error, &options.mode))?;
        Ok(put_response(&headers))
    }

    async fn start_multipart(&self, key: &Key, options: PutOptions) -> Result<Box<dyn MultipartUpload>> {
        Ok(Box::new(AzureUpload::new(Arc::clone(&self.api), key, options)?))
    }

    fn list(&self, options: ListOptions) -> BoxStream<'static, Result<ListEntry>> {
        list::list(Arc::clone(&self.api), self.retry.clone(), options)
    }

    fn delete(&self, keys: BoxStream<'static, Key>) -> BoxStream<'static, DeleteResult> {
        rangeway_range_engine::delete(Arc::clone(&self.api), self.retry.clone(), keys)
    }

    async fn copy(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<PutResponse> {
        copy::copy(&self.api, from, to, &options).await
    }

    fn stats(&self) -> TransferStats {
        self.api.stats()
    }

    async fn drain(&self) {}
}
