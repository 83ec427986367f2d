//! `S3Upload`: a multipart upload.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use md5::{Digest, Md5};
use rangeway_core::{
    Error, ErrorKind, Key, MultipartUpload, PartSpec, Payload, PutOptions, PutResponse, Result, UploadedPart,
};
use rangeway_transport::xml;
use rangeway_transport::{Method, headers};

use crate::api::Api;
use crate::error;
use crate::sign::hex;
use crate::store::{body, of_mode, put_mode, put_response, put_write_headers};

/// An upload that has been started.
#[derive(Debug)]
pub(crate) struct S3Upload {
    api: Arc<Api>,
    key: Key,
    id: String,
    options: PutOptions,
    /// Whether a completion has been sent before, whose answer may be all that was lost.
    completing: AtomicBool,
}

impl S3Upload {
    /// Starts an upload.
    pub(crate) async fn start(api: Arc<Api>, key: &Key, options: PutOptions) -> Result<Self> {
        let mut request = api.object(Method::POST, key, &[("uploads", "")])?;
        put_write_headers(&mut request.headers, &api, &options)?;
        // A mode that cannot be honoured is refused before anything is sent.
        put_mode(&mut rangeway_transport::HeaderMap::new(), &api, &options.mode)?;
        let (_, document) = api.send_xml(request, "InitiateMultipartUploadResult").await?;
        let id = document.text("UploadId").filter(|id| !id.is_empty()).map(str::to_owned);
        let id = id.ok_or_else(|| Error::new(ErrorKind::Integrity, "the upload was given no id"))?;
        Ok(Self { api, key: key.clone(), id, options, completing: AtomicBool::new(false) })
    }

    /// Makes the part `number` of `size` bytes of another object, which the headers `source` name.
    pub(crate) async fn copy_part(
        &self,
        number: u32,
        size: u64,
        source: &[(&'static str, rangeway_transport::HeaderValue)],
    ) -> Result<UploadedPart> {
        let text = number.to_string();
        let query = [("partNumber", text.as_str()), ("uploadId", &self.id)];
        let mut request = self.api.object(Method::PUT, &self.key, &query)?;
        for (name, value) in source {
            request.headers.insert(*name, value.clone());
        }
        let (_, document) = self.api.send_xml(request, "CopyPartResult").await?;
        let id = document.text("ETag").map(str::to_owned);
        let id = id.ok_or_else(|| Error::new(ErrorKind::Integrity, "the part was given no etag"))?;
        Ok(UploadedPart { number, size, id })
    }

    async fn send_complete(&self, parts: &[UploadedPart]) -> Result<PutResponse> {
        let mut document =
            String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        for part in parts {
            document.push_str("<Part>");
            xml::write(&mut document, "PartNumber", &part.number.to_string());
            xml::write(&mut document, "ETag", &part.id);
            document.push_str("</Part>");
        }
        document.push_str("</CompleteMultipartUpload>");
        let mut request = self.api.object(Method::POST, &self.key, &[("uploadId", &self.id)])?;
        put_mode(&mut request.headers, &self.api, &self.options.mode)?;
        let completed = self.api.send_xml(request.xml(document), "CompleteMultipartUploadResult").await;
        let (headers, document) = completed.map_err(|error| of_mode(error, &self.options.mode))?;
        let mut response = put_response(&headers);
        response.etag = document.text("ETag").map(str::to_owned).or(response.etag);
        Ok(response)
    }

    /// The object, if it is what these parts make.
    async fn found(&self, parts: &[UploadedPart]) -> Option<PutResponse> {
        let expected = etag_of(parts)?;
        let headers = self.api.send_plain(self.api.object(Method::HEAD, &self.key, &[]).ok()?).await.ok()?;
        let response = put_response(&headers);
        (response.etag.as_deref() == Some(expected.as_str())).then_some(response)
    }
}

/// Whether `error` is what a completion meets when an earlier one of the same upload went through.
fn may_be_done(error: &Error) -> bool {
    error::code(error) == "NoSuchUpload"
        || matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::PreconditionFailed)
            && !error.is_retryable()
}

/// The etag that S3 gives to an object made of these parts: the MD5 of their MD5s. `None` where their etags are no
/// MD5s, as with KMS keys.
fn etag_of(parts: &[UploadedPart]) -> Option<String> {
    let mut all = Md5::new();
    for part in parts {
        let hex = part.id.trim_matches('"');
        let is_md5 = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_md5 {
            return None;
        }
        for pair in (0..32).step_by(2) {
            all.update([u8::from_str_radix(&hex[pair..pair + 2], 16).ok()?]);
        }
    }
    Some(format!("\"{}-{}\"", hex(&all.finalize()), parts.len()))
}

#[async_trait]
impl MultipartUpload for S3Upload {
    async fn put_part(&self, part: PartSpec, payload: Payload) -> Result<UploadedPart> {
        let number = part.number.to_string();
        let query = [("partNumber", number.as_str()), ("uploadId", &self.id)];
        let body = body(&self.api, payload).await?;
        let size = body.length();
        let request = self.api.object(Method::PUT, &self.key, &query)?.body(body);
        let headers = self.api.send_plain(request).await?;
        let id = headers::etag(&headers)
            .ok_or_else(|| Error::new(ErrorKind::Integrity, "the part was given no etag"))?;
        Ok(UploadedPart { number: part.number, size, id })
    }

    async fn complete(&self, mut parts: Vec<UploadedPart>) -> Result<PutResponse> {
        let again = self.completing.swap(true, Ordering::Relaxed);
        parts.sort_unstable_by_key(|part| part.number);
        match self.send_complete(&parts).await {
            Err(error) if again && may_be_done(&error) => self.found(&parts).await.ok_or(error),
            result => result,
        }
    }

    async fn abort(&self) -> Result<()> {
        let request = self.api.object(Method::DELETE, &self.key, &[("uploadId", &self.id)])?;
        match self.api.send_plain(request).await {
            Err(error) if error::code(&error) == "NoSuchUpload" => Ok(()),
            result => result.map(|_| ()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_of_parts_row_by_row() {
        let part = |number, id: &str| UploadedPart { number, size: 1, id: id.to_owned() };
        // printf x | md5sum; the object's is the md5sum of the raw digests one after the other.
        let x = "\"9dd4e461268c8034f5c8564e155c67a6\"";
        assert_eq!(etag_of(&[part(1, x)]).as_deref(), Some("\"9affad555af89da9b0bfcd5e45bc93da-1\""));
        assert_eq!(
            etag_of(&[part(1, x), part(2, x)]).as_deref(),
            Some("\"8eebdd4e9caa60f5fa2e84243b507d21-2\"")
        );
        for other in
            ["\"9dd4\"", "\"9dd4e461268c8034f5c8564e155c67az\"", "\"9dd4e461268c8034f5c8564e155c67a6-1\""]
        {
            assert_eq!(etag_of(&[part(1, other)]), None, "{other}");
        }
    }
}
