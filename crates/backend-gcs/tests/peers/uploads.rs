//! `Uploads`: a store whose single writes go over the JSON API: fake-gcs-server has no PUT of the XML API.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use rangeway_core::{
    Capabilities, CopyOptions, DeleteResult, Error, ErrorKind, GetOptions, GetResponse, HeadOptions,
    HeadResponse, Key, ListEntry, ListOptions, MultipartUpload, Payload, PutMode, PutOptions, PutResponse,
    Result, Store, StoreUri, TransferStats,
};
use rangeway_transport::{
    Client, ClientOptions, HeaderValue, Method, Refusal, Request, RequestBody, Rest, Service, encode, header,
    kind_of_status,
};
use serde_json::{Value, json};

#[derive(Debug)]
struct Plain;

#[async_trait]
impl Service for Plain {
    async fn authorize(&self, _: &mut Request) -> Result<()> {
        Ok(())
    }

    fn refuse(&self, refusal: Refusal) -> Error {
        let status = refusal.status.as_u16();
        Error::new(kind_of_status(status), format!("{status}: {}", String::from_utf8_lossy(&refusal.body)))
    }
}

/// Writes over the JSON API, and does all else as `inner` does.
#[derive(Debug)]
pub(crate) struct Uploads {
    inner: Arc<dyn Store>,
    rest: Rest<Plain>,
    url: String,
}

impl Uploads {
    pub(crate) fn new(inner: Arc<dyn Store>, peer: &str) -> Self {
        let client = Client::new(&ClientOptions::default()).expect("the defaults are valid");
        let url = format!("{peer}/upload/storage/v1/b/{}/o", inner.uri().container());
        Self { inner, rest: Rest::new(client, Plain), url }
    }

    async fn upload(&self, key: &Key, bytes: Vec<Bytes>, options: &PutOptions) -> Result<PutResponse> {
        let generation = match &options.mode {
            PutMode::Create => Some("0"),
            PutMode::IfMatch(etag) => Some(etag.trim_matches('"')),
            _ => None,
        };
        if generation.is_some_and(|generation| generation.parse::<u64>().is_err()) {
            return Err(Error::new(ErrorKind::PreconditionFailed, "no generation"));
        }
        let query: Vec<_> = [("uploadType", "multipart")]
            .into_iter()
            .chain(generation.map(|generation| ("ifGenerationMatch", generation)))
            .collect();
        let attributes = &options.attributes;
        let document = json!({
            "name": key.as_str(), "contentType": attributes.content_type,
            "contentEncoding": attributes.content_encoding, "contentLanguage": attributes.content_language,
            "contentDisposition": attributes.content_disposition, "cacheControl": attributes.cache_control,
            "storageClass": attributes.storage_class, "metadata": attributes.metadata,
        });
        let kind = attributes.content_type.as_deref().unwrap_or("application/octet-stream");
        let begin = format!(
            "--related\r\nContent-Type: application/json\r\n\r\n{document}\r\n--related\r\nContent-Type: {kind}\r\n\r\n"
        );
        let chunks = [Bytes::from(begin)].into_iter().chain(bytes);
        let body = RequestBody::rope(chunks.chain([Bytes::from_static(b"\r\n--related--\r\n")]).collect());
        let request = Request::new(Method::POST, encode::uri(self.url.clone(), &query)?).body(body);
        let request = request
            .header(header::CONTENT_TYPE, HeaderValue::from_static("multipart/related; boundary=related"));
        let (_, answer) = self.rest.send_whole(request).await?;
        let answer: Value = serde_json::from_slice(&answer).expect("JSON");
        let generation = answer["generation"].as_str().map(str::to_owned);
        Ok(PutResponse::new(generation.as_ref().map(|generation| format!("\"{generation}\"")), generation))
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Store for Uploads {
    async fn put(&self, key: &Key, payload: Payload, options: PutOptions) -> Result<PutResponse> {
        let name = key.as_str();
        if ["", ".", ".."].contains(&name) || name.contains(['\r', '\n']) {
            return self.inner.put(key, payload, options).await;
        }
        let written = self.upload(key, payload.into_rope().await?, &options).await;
        written.map_err(|error| match (&options.mode, error.kind()) {
            (PutMode::Create, ErrorKind::PreconditionFailed) => {
                Error::new(ErrorKind::AlreadyExists, "it exists")
            }
            _ => error,
        })
    }

    fn uri(&self) -> &StoreUri {
        self.inner.uri()
    }

    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    async fn head(&self, key: &Key, options: HeadOptions) -> Result<HeadResponse> {
        self.inner.head(key, options).await
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<GetResponse> {
        self.inner.get(key, options).await
    }

    async fn start_multipart(&self, key: &Key, options: PutOptions) -> Result<Box<dyn MultipartUpload>> {
        self.inner.start_multipart(key, options).await
    }

    fn list(&self, options: ListOptions) -> BoxStream<'static, Result<ListEntry>> {
        self.inner.list(options)
    }

    fn delete(&self, keys: BoxStream<'static, Key>) -> BoxStream<'static, DeleteResult> {
        self.inner.delete(keys)
    }

    async fn copy(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<PutResponse> {
        self.inner.copy(from, to, options).await
    }

    fn stats(&self) -> TransferStats {
        self.inner.stats()
    }

    async fn drain(&self) {
        self.inner.drain().await;
    }
}
