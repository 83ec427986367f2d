//! Copies within a bucket, done by the service: large ones in several steps.

use std::time::Duration;

use rangeway_core::{CopyOptions, Error, ErrorKind, Key, PutMode, PutResponse, Result};
use rangeway_range_engine::Retry;
use rangeway_transport::Method;
use serde::Deserialize;

use crate::api::Api;
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

/// Copies `from` to `to`, attributes included. Steps after the first are tried again as `retry` says.
///
/// Source: <https://cloud.google.com/storage/docs/json_api/v1/objects/rewrite>.
pub(crate) async fn copy(
    api: &Api,
    retry: Option<&Retry>,
    from: &Key,
    to: &Key,
    options: &CopyOptions,
) -> Result<PutResponse> {
    let path = format!("{}/rewriteTo/{}", api.object_path(from)?, api.object_path(to)?);
    let mut answer = step(api, &path, &options.mode, None).await?;
    while !answer.done {
        let token = answer.rewrite_token.take().ok_or_else(|| {
            Error::new(ErrorKind::Integrity, "the copy goes on and the service does not say how")
        })?;
        let next = || step(api, &path, &options.mode, Some(&token));
        answer = match retry {
            // A copy that has come so far is not to begin anew because one step of it failed.
            Some(retry) => retry.run(|_| next()).await?,
            None => next().await?,
        };
    }
    let generation = answer.resource.and_then(|resource| resource.generation);
    Ok(PutResponse::new(generation.as_deref().map(etag), generation))
}

async fn step(api: &Api, path: &str, mode: &PutMode, token: Option<&str>) -> Result<Step> {
    let mut query = vec![("fields", "done,rewriteToken,resource(generation)")];
    query.extend(demanded(mode)?.map(|generation| ("ifGenerationMatch", generation)));
    query.extend(token.map(|token| ("rewriteToken", token)));
    let answer = api.send_json(api.json(Method::POST, path, &query)?);
    let late = |_| Error::new(ErrorKind::Timeout, format!("no answer within {STEP_TIMEOUT:?}"));
    let answer = tokio::time::timeout(STEP_TIMEOUT, answer).await.map_err(late).flatten();
    answer.map_err(|error| of_mode(error, mode))
}
