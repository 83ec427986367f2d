//! Copies within a bucket, done by the service: large ones in several steps.
//!
//! The service keeps what stands with the source only when nothing is said about the copy, and never its storage class:
//! that is the bucket's, unless the request names one. So whoever wants a class says all the rest too.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rangeway_core::{CopyOptions, Error, ErrorKind, Key, PutMode, PutResponse, Result};
use rangeway_range_engine::Retry;
use rangeway_transport::{HeaderValue, Method};
use serde::Deserialize;
use serde_json::Value;

use crate::api::Api;
use crate::attributes;
use crate::generation::{demanded, etag, of_mode};

/// How long one step may take: the service answers within half a minute, with a token if it needs longer.
const STEP_TIMEOUT: Duration = Duration::from_mins(2);

/// The answer to one step.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    done: bool,
    /// What the next step is asked for with.
    rewrite_token: Option<String>,
    /// The new object, once it is done.
    resource: Option<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    generation: Option<String>,
}

/// Copies `from` to `to`, attributes and storage class included: that of the settings counts more. Steps after the first
/// are tried again as `retry` says.
pub(crate) async fn copy(
    api: &Api,
    retry: &Retry,
    from: &Key,
    to: &Key,
    options: &CopyOptions,
) -> Result<PutResponse> {
    // What is wrong with the names or the condition is said before anything is asked.
    let rewrite = Rewrite::new(api, from, to, options.mode.clone())?;
    let query = [("fields", attributes::FIELDS)];
    let source: Value = api.send_json(api.json(Method::GET, &api.object_path(from)?, &query)?).await?;
    let generation = source["generation"].as_str().map(str::to_owned);
    let kept = attributes::kept(&source, api.class.as_deref());
    let copied = rewrite.of_generation(generation).with_resource(Some(kept)).run(api, Some(retry)).await;
    copied.map_err(|error| match error.kind() {
        // It has just been there. Another attempt copies the new one, or finds that there is none.
        ErrorKind::NotFound => {
            Error::new(ErrorKind::PreconditionFailed, "the source was replaced while it was being copied")
                .with_retryable(true)
                .with_source(error)
        }
        _ => error,
    })
}

/// A copy that is under way. What has been copied is not copied again by another attempt.
///
/// Source: <https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite>.
#[derive(Debug)]
pub(crate) struct Rewrite {
    path: String,
    mode: PutMode,
    /// The generation of the source; `None` for the newest.
    source: Option<String>,
    /// What stands with the copy; `None` for what stands with the source, and the bucket's storage class.
    resource: Option<String>,
    /// What the next step is asked for with.
    token: Mutex<Option<String>>,
}

impl Rewrite {
    /// A copy of `from` to `to`.
    ///
    /// # Errors
    /// `InvalidInput` for what is no name of an object; `PreconditionFailed` for an etag that no object has.
    pub(crate) fn new(api: &Api, from: &Key, to: &Key, mode: PutMode) -> Result<Self> {
        demanded(&mode)?;
        let path = format!("{}/rewriteTo/{}", api.object_path(from)?, api.object_path(to)?);
        Ok(Self { path, mode, source: None, resource: None, token: Mutex::default() })
    }

    /// Copies this generation only.
    pub(crate) fn of_generation(mut self, generation: Option<String>) -> Self {
        self.source = generation;
        self
    }

    /// Says what stands with the copy.
    pub(crate) fn with_resource(mut self, resource: Option<String>) -> Self {
        self.resource = resource;
        self
    }

    /// The generation of the source, where one is asked for.
    pub(crate) fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Copies, from where the last attempt ended on. Steps after the first are tried again as `retry` says.
    pub(crate) async fn run(&self, api: &Api, retry: Option<&Retry>) -> Result<PutResponse> {
        loop {
            let token = self.token().clone();
            let answer = match (retry, &token) {
                // A copy that has come so far is not to begin anew because one step of it failed.
                (Some(retry), Some(token)) => {
                    retry.clone().within(STEP_TIMEOUT).run(|_| self.step(api, Some(token))).await?
                }
                _ => self.step(api, token.as_deref()).await?,
            };
            if answer.done {
                let generation = answer.resource.and_then(|resource| resource.generation);
                return Ok(PutResponse::new(generation.as_deref().map(etag), generation));
            }
            let next = answer.rewrite_token.ok_or_else(|| {
                Error::new(ErrorKind::Integrity, "the copy goes on and the service does not say how")
            })?;
            *self.token() = Some(next);
        }
    }

    fn token(&self) -> MutexGuard<'_, Option<String>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn step(&self, api: &Api, token: Option<&str>) -> Result<Step> {
        let mut query = vec![("fields", "done,rewriteToken,resource(generation)")];
        query.extend(demanded(&self.mode)?.map(|generation| ("ifGenerationMatch", generation)));
        // Not as a condition: a refusal of that would look like one of the condition on what is replaced.
        query.extend(self.source().map(|generation| ("sourceGeneration", generation)));
        query.extend(token.map(|token| ("rewriteToken", token)));
        let mut request = api.json(Method::POST, &self.path, &query)?;
        if let Some(resource) = &self.resource {
            request = request.document(HeaderValue::from_static("application/json"), resource.clone());
        }
        let late = |_| Error::new(ErrorKind::Timeout, format!("no answer within {STEP_TIMEOUT:?}"));
        let answer = tokio::time::timeout(STEP_TIMEOUT, api.send_json(request)).await.map_err(late).flatten();
        answer.map_err(|error| of_mode(error, &self.mode))
    }
}
