//! `AzureUpload`: blocks that become a blob when their list is committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rangeway_core::{
    Error, ErrorKind, Key, MultipartUpload, PartSpec, Payload, PutMode, PutOptions, PutResponse, Result,
    UploadedPart,
};
use rangeway_transport::{HeaderMap, Method, RequestBody, xml};

use crate::api::Api;
use crate::attributes;
use crate::store::{of_mode, put_mode, put_response};

/// An upload: it exists only here, since Azure knows blocks and no uploads.
#[derive(Debug)]
pub(crate) struct AzureUpload {
    api: Arc<Api>,
    key: Key,
    options: PutOptions,
    /// Makes the ids of these blocks differ from those of other uploads to the same blob.
    nonce: u64,
    /// Whether a list has been committed before, the answer to which may be all that was lost.
    completing: AtomicBool,
    /// Whether it has ended without a blob: Azure itself would take its blocks on.
    aborted: AtomicBool,
}

impl AzureUpload {
    /// An upload of `key`.
    ///
    /// # Errors
    /// `InvalidInput` for attributes that cannot be stored: before anything is sent.
    pub(crate) fn new(api: Arc<Api>, key: &Key, options: PutOptions) -> Result<Self> {
        let mut headers = HeaderMap::new();
        attributes::put(&mut headers, &options.attributes, None)?;
        put_mode(&mut headers, &options.mode)?;
        api.blob(Method::PUT, key, &[])?;
        let (nonce, completing, aborted) =
            (fastrand::u64(..), AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { api, key: key.clone(), options, nonce, completing, aborted })
    }

    /// The id of a block: all ids of a blob have to be of the same length.
    fn id(&self, number: u32) -> String {
        BASE64_STANDARD.encode(format!("{:016x}-{number:010}", self.nonce))
    }

    fn check_open(&self) -> Result<()> {
        if self.aborted.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::NotFound, "the upload has been aborted"));
        }
        Ok(())
    }

    async fn commit(&self, parts: &[UploadedPart]) -> Result<PutResponse> {
        let mut document = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>");
        for part in parts {
            xml::write(&mut document, "Latest", &part.id);
        }
        document.push_str("</BlockList>");
        let mut request = self.api.blob(Method::PUT, &self.key, &[("comp", "blocklist")])?;
        attributes::put(&mut request.headers, &self.options.attributes, self.api.tier.as_deref())?;
        put_mode(&mut request.headers, &self.options.mode)?;
        let headers = self.api.send_plain(request.xml(document)).await;
        headers.map(|headers| put_response(&headers)).map_err(|error| of_mode(error, &self.options.mode))
    }

    /// The blob, if it is made of exactly these blocks.
    async fn committed(&self, parts: &[UploadedPart]) -> Option<PutResponse> {
        let query = [("comp", "blocklist"), ("blocklisttype", "committed")];
        let document =
            self.api.send_xml(self.api.blob(Method::GET, &self.key, &query).ok()?, "BlockList").await.ok()?;
        let blocks = document.child("CommittedBlocks")?.children("Block");
        let same = blocks.map(|block| block.text("Name")).eq(parts.iter().map(|part| Some(part.id.as_str())));
        let headers = self.api.send_plain(self.api.blob(Method::HEAD, &self.key, &[]).ok()?).await.ok()?;
        same.then(|| put_response(&headers))
    }
}

fn is_condition(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::PreconditionFailed)
}

#[async_trait]
impl MultipartUpload for AzureUpload {
    async fn put_part(&self, part: PartSpec, payload: Payload) -> Result<UploadedPart> {
        self.check_open()?;
        let id = self.id(part.number);
        let body = RequestBody::from_payload(payload).await?;
        let size = body.length();
        let query = [("comp", "block"), ("blockid", id.as_str())];
        self.api.send_plain(self.api.blob(Method::PUT, &self.key, &query)?.body(body)).await?;
        Ok(UploadedPart { number: part.number, size, id })
    }

    async fn complete(&self, mut parts: Vec<UploadedPart>) -> Result<PutResponse> {
        self.check_open()?;
        let again = self.completing.swap(true, Ordering::Relaxed);
        parts.sort_unstable_by_key(|part| part.number);
        match self.commit(&parts).await {
            // The list is the same when it is committed again, but its condition is not: the blob exists now.
            Err(error) if again && self.options.mode != PutMode::Overwrite && is_condition(&error) => {
                self.committed(&parts).await.ok_or(error)
            }
            result => result,
        }
    }

    /// Azure has no request that drops blocks: those that no list names are deleted by the service after a week, or by
    /// the next write of the blob.
    async fn abort(&self) -> Result<()> {
        self.aborted.store(true, Ordering::Relaxed);
        Ok(())
    }
}
