//! Deletions: how the service deletes a hundred objects by one request, and a single one.
//!
//! Source: <https://cloud.google.com/storage/docs/batch>.

use async_trait::async_trait;
use rangeway_core::{Error, ErrorKind, Key, Result, StoreUri};
use rangeway_range_engine::Deletions;
use rangeway_transport::mixed::{self, Batch};
use rangeway_transport::{Method, StatusCode};

use crate::api::Api;
use crate::error;

/// How many requests one batch may hold.
const BATCH: usize = 100;

/// The code of the XML API where the bucket does not exist.
const NO_BUCKET: &str = "NoSuchBucket";

#[async_trait]
impl Deletions for Api {
    fn uri(&self) -> &StoreUri {
        self.uri()
    }

    fn batch_size(&self) -> usize {
        BATCH
    }

    /// What is no name is refused by itself.
    fn fits(&self, key: &Key) -> bool {
        self.object_path(key).is_ok()
    }

    async fn delete_batch(&self, keys: &[Key]) -> Result<Vec<Result<()>>> {
        let mut batch = Batch::new();
        for (index, key) in keys.iter().enumerate() {
            // What authorises the batch authorises what is in it.
            batch.push(&format!("<item-{index}>"), &self.json(Method::DELETE, &self.object_path(key)?, &[])?);
        }
        let response = self.send(batch.into_request(self.batch()?)).await?;
        let answers = mixed::answers(response, keys.len()).await?;
        let none = answers.iter().all(|answer| answer.status == StatusCode::NOT_FOUND);
        if let (true, Some(first)) = (none, keys.first()) {
            // The answers do not say whether it is the bucket that does not exist; this one does.
            self.delete_one(first).await?;
        }
        Ok(answers.iter().map(deleted).collect())
    }

    /// Emulators do not have the request.
    fn may_be_single(&self, error: &Error) -> bool {
        let absent = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unsupported);
        absent && error::code(error) != NO_BUCKET
    }

    async fn delete_one(&self, key: &Key) -> Result<()> {
        match self.send_plain(self.object(Method::DELETE, key, &[])?).await {
            // One that names nothing is no answer of the service: whoever gave it knows nothing of the object.
            Err(error) if error.is_not_found() && !["", NO_BUCKET].contains(&error::code(&error)) => Ok(()),
            result => result.map(|_| ()),
        }
    }
}

/// What does not exist is deleted.
fn deleted(answer: &mixed::Answer) -> Result<()> {
    if answer.status.is_success() || answer.status == StatusCode::NOT_FOUND {
        return Ok(());
    }
    Err(error::of_answer(answer.status, &answer.headers, &answer.body))
}
