//! Deletions: how Azure deletes 256 blobs by one request, and a single one.
//!
//! Source: <https://learn.microsoft.com/rest/api/storageservices/blob-batch>.

use async_trait::async_trait;
use rangeway_core::{Error, ErrorKind, Key, Result, StoreUri};
use rangeway_range_engine::Deletions;
use rangeway_transport::Method;
use rangeway_transport::mixed::{self, Batch};
use rangeway_transport::xml::Element;

use crate::api::Api;
use crate::error;

/// How many keys one request may name.
const BATCH: usize = 256;

#[async_trait]
impl Deletions for Api {
    fn uri(&self) -> &StoreUri {
        self.uri()
    }

    fn batch_size(&self) -> usize {
        BATCH
    }

    fn fits(&self, _: &Key) -> bool {
        true
    }

    async fn delete_batch(&self, keys: &[Key]) -> Result<Vec<Result<()>>> {
        let mut batch = Batch::new();
        for (index, key) in keys.iter().enumerate() {
            let mut request = self.blob(Method::DELETE, key, &[])?;
            self.service().credentials.authorize(&mut request).await?;
            batch.push(&index.to_string(), &request);
        }
        let request = batch.into_request(self.container(Method::POST, &[("comp", "batch")])?);
        let answers = mixed::answers(self.send(request).await?, keys.len()).await?;
        Ok(answers.iter().map(deleted).collect())
    }

    /// Not every account has the request, and not every signature allows it. A service that could not keep up with the
    /// batch would not with its keys.
    fn may_be_single(&self, error: &Error) -> bool {
        use ErrorKind::{Connect, Interrupted, RateLimited, Service, Timeout};
        !matches!(error.kind(), Connect | Interrupted | RateLimited | Service | Timeout)
    }

    async fn delete_one(&self, key: &Key) -> Result<()> {
        gone_is_done(self.send_plain(self.blob(Method::DELETE, key, &[])?).await.map(|_| ()))
    }
}

fn deleted(answer: &mixed::Answer) -> Result<()> {
    if answer.status.is_success() {
        return Ok(());
    }
    let document = Element::parse(&answer.body).ok().filter(|root| root.name == "Error");
    gone_is_done(Err(error::of_answer(answer.status, &answer.headers, document.as_ref())))
}

/// What does not exist is deleted; a container that does not exist is an error.
fn gone_is_done(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound && error::code(&error) == "BlobNotFound" => Ok(()),
        result => result,
    }
}
