//! `GcsUpload`: a multipart upload of the XML API, and how one that has a condition keeps it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rangeway_core::{
    Error, ErrorKind, Key, MultipartUpload, PartSpec, Payload, PutMode, PutOptions, PutResponse, Result,
    UploadedPart,
};
use rangeway_range_engine::Retry;
use rangeway_transport::{Method, Request, RequestBody, headers, xml};

use crate::api::{Api, MAX_KEY};
use crate::copy::Rewrite;
use crate::store::{as_stored, size_of};
use crate::{attributes, crc32c, error, generation};

/// An upload that has been started.
///
/// The service [takes no condition](https://cloud.google.com/storage/docs/multipart-uploads#considerations) on such
/// uploads. One that has a condition becomes an object of another name, which the service then copies, on that
/// condition, to where it belongs.
#[derive(Debug)]
pub(crate) struct GcsUpload {
    api: Arc<Api>,
    retry: Retry,
    key: Key,
    /// The name that the parts become an object of: `key`, unless there is a condition.
    target: Key,
    id: String,
    mode: PutMode,
    /// What is to stand with the copy.
    resource: Option<String>,
    state: Mutex<State>,
    /// Whether a completion has been sent before, the answer to which may be all that was lost.
    completing: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// What the service says of the bytes of each part, by number: the CRC, where it says one.
    parts: BTreeMap<u32, (u64, Option<u32>)>,
    /// The copy of the object of the other name, once that is there.
    rewrite: Option<Arc<Rewrite>>,
    /// Whether the copy has been asked for before, the answer to which may be all that was lost.
    is_copied: bool,
}

impl GcsUpload {
    /// Starts an upload.
    pub(crate) async fn start(api: Arc<Api>, retry: Retry, key: &Key, options: PutOptions) -> Result<Self> {
        let conditional = generation::demanded(&options.mode)?.is_some();
        // The name itself is refused by what it is, not by what it would be beside another.
        api.object(Method::POST, key, &[])?;
        let target = if conditional { beside(key) } else { key.clone() };
        let mut request = api.object(Method::POST, &target, &[("uploads", "")])?;
        attributes::put(&mut request.headers, &options.attributes, api.class.as_deref())?;
        let (_, document) = api.send_xml(request, "InitiateMultipartUploadResult").await?;
        let id = document.text("UploadId").filter(|id| !id.is_empty()).map(str::to_owned);
        let id = id.ok_or_else(|| Error::new(ErrorKind::Integrity, "the upload was given no id"))?;
        // What the object is written with is known, and need not be asked for.
        let resource = attributes::document(&options.attributes, api.class.as_deref());
        let (key, mode) = (key.clone(), options.mode);
        let (state, completing) = (Mutex::default(), AtomicBool::new(false));
        Ok(Self { api, retry, key, target, id, mode, resource, state, completing })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_conditional(&self) -> bool {
        self.target != self.key
    }

    /// The copy of the object that the parts make.
    async fn rewrite(&self, parts: &[UploadedPart], again: bool) -> Result<Arc<Rewrite>> {
        if let Some(rewrite) = &self.state().rewrite {
            return Ok(Arc::clone(rewrite));
        }
        let assembled = self.assemble(parts, again).await?;
        let rewrite = Rewrite::new(&self.api, &self.target, &self.key, self.mode.clone())?
            .of_generation(assembled.version)
            .with_resource(self.resource.clone());
        let rewrite = Arc::new(rewrite);
        self.state().rewrite = Some(Arc::clone(&rewrite));
        Ok(rewrite)
    }

    /// Makes an object of the parts.
    async fn assemble(&self, parts: &[UploadedPart], again: bool) -> Result<PutResponse> {
        let mut document = String::from("<CompleteMultipartUpload>");
        for part in parts {
            document.push_str("<Part>");
            xml::write(&mut document, "PartNumber", &part.number.to_string());
            xml::write(&mut document, "ETag", &part.id);
            document.push_str("</Part>");
        }
        document.push_str("</CompleteMultipartUpload>");
        let request = self.request(Method::POST, &[("uploadId", &self.id)])?.xml(document);
        match self.api.send_xml(request, "CompleteMultipartUploadResult").await {
            Ok((headers, _)) => Ok(generation::put_response(&headers)),
            // An upload that is gone may have become the object already.
            Err(error) if again && error.is_not_found() => self.found(&self.target, parts).await.ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// The object `key`, if it holds what these parts make.
    async fn found(&self, key: &Key, parts: &[UploadedPart]) -> Option<PutResponse> {
        let (size, crc) = self.expected(parts)?;
        let request = as_stored(self.api.object(Method::HEAD, key, &[]).ok()?);
        let headers = self.api.send_plain(request).await.ok()?;
        let same = crc32c::of(&headers) == Some(crc) && size_of(&headers) == Some(size);
        same.then(|| generation::put_response(&headers))
    }

    /// Size and CRC of the object that these parts make; `None` where the service did not say the CRC of each.
    fn expected(&self, parts: &[UploadedPart]) -> Option<(u64, u32)> {
        let state = self.state();
        let mut parts = parts.iter().map(|part| state.parts.get(&part.number));
        parts.try_fold((0, 0), |(size, crc), part| {
            let (length, next) = part?;
            Some((size + length, crc32c::combine(crc, (*next)?, *length)))
        })
    }

    /// Deletes the object of the other name: by its generation, or a bucket that keeps old versions would keep it.
    async fn remove(&self) -> Result<()> {
        let known = self.state().rewrite.as_ref().and_then(|rewrite| rewrite.source().map(str::to_owned));
        let removed = async {
            let generation = match known {
                Some(generation) => Some(generation),
                None => generation::of(&self.api.send_plain(self.request(Method::HEAD, &[])?).await?),
            };
            let query = generation.as_deref().map(|generation| ("generation", generation));
            self.api.send_plain(self.request(Method::DELETE, query.as_slice())?).await
        };
        match removed.await {
            Err(error) if error.is_not_found() => Ok(()),
            result => result.map(|_| ()),
        }
    }

    /// A request about the object that the parts make.
    fn request(&self, method: Method, query: &[(&str, &str)]) -> Result<Request> {
        self.api.object(method, &self.target, query)
    }
}

/// A name beside `key` that nobody else has.
fn beside(key: &Key) -> Key {
    let suffix = format!(".rangeway-{:016x}", fastrand::u64(..));
    let mut end = key.as_str().len().min(MAX_KEY - suffix.len());
    while !key.as_str().is_char_boundary(end) {
        end -= 1;
    }
    Key::new(format!("{}{suffix}", &key.as_str()[..end]))
}

fn is_condition(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::PreconditionFailed)
}

#[async_trait]
impl MultipartUpload for GcsUpload {
    async fn put_part(&self, part: PartSpec, payload: Payload) -> Result<UploadedPart> {
        let number = part.number.to_string();
        let query = [("partNumber", number.as_str()), ("uploadId", &self.id)];
        let body = RequestBody::from_payload(payload).await?;
        let size = body.length();
        let request = self.request(Method::PUT, &query)?.body(body);
        let headers = self.api.send_plain(request).await?;
        let id = headers::etag(&headers)
            .ok_or_else(|| Error::new(ErrorKind::Integrity, "the part was given no etag"))?;
        self.state().parts.insert(part.number, (size, crc32c::of(&headers)));
        Ok(UploadedPart { number: part.number, size, id })
    }

    async fn complete(&self, mut parts: Vec<UploadedPart>) -> Result<PutResponse> {
        let again = self.completing.swap(true, Ordering::Relaxed);
        parts.sort_unstable_by_key(|part| part.number);
        if !self.is_conditional() {
            return self.assemble(&parts, again).await;
        }
        let rewrite = self.rewrite(&parts, again).await?;
        let copied_before = std::mem::replace(&mut self.state().is_copied, true);
        // Not tried again here: what is in the way of a second attempt may be the object of the first.
        let copied = match rewrite.run(&self.api, None).await {
            // It may be this upload's own object that is in the way.
            Err(error) if copied_before && is_condition(&error) => {
                self.found(&self.key, &parts).await.ok_or(error)?
            }
            result => result?,
        };
        // The object is there; what is left beside it is no failure of the write.
        if let Err(error) = self.retry.run(|_| self.remove()).await {
            let name = &self.target;
            tracing::warn!(%error, %name, "what an upload with a condition was made of could not be deleted");
        }
        Ok(copied)
    }

    async fn abort(&self) -> Result<()> {
        let request = self.request(Method::DELETE, &[("uploadId", &self.id)])?;
        match self.api.send_plain(request).await {
            Err(error) if error::code(&error) == "NoSuchUpload" => {}
            result => {
                result?;
            }
        }
        // A completion whose answer was lost may have made the object.
        if self.is_conditional() && self.completing.load(Ordering::Relaxed) {
            self.remove().await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beside_fit_and_differ() {
        for key in ["k".to_owned(), "a/b".to_owned(), "k".repeat(1024), "\u{1f980}".repeat(256)] {
            let key = Key::new(key);
            let other = beside(&key);
            assert!(other.as_str().len() <= MAX_KEY && other != key && other != beside(&key), "{other}");
        }
    }
}
