//! Buckets: listing, creating and deleting them.

use rangeway_core::{ContainerMeta, Error, ErrorKind, Result};
use rangeway_transport::{HeaderValue, Method};
use serde::Deserialize;
use serde_json::json;

use crate::api::Api;
use crate::error;
use crate::list::time;

/// One page of buckets.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Buckets {
    #[serde(default)]
    items: Vec<Bucket>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bucket {
    name: String,
    time_created: Option<String>,
}

/// The buckets of the project, in order.
pub(crate) async fn list(api: &Api) -> Result<Vec<ContainerMeta>> {
    let mut found = Vec::new();
    let mut token = None::<String>;
    loop {
        let mut query = vec![("project", api.project()?)];
        query.extend(token.as_deref().map(|token| ("pageToken", token)));
        let page: Buckets = api.send_json(api.json(Method::GET, "b", &query)?).await?;
        let named = page.items.into_iter();
        found
            .extend(named.map(|bucket| {
                ContainerMeta::new(bucket.name, bucket.time_created.as_deref().and_then(time))
            }));
        token = page.next_page_token.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// Creates the bucket.
pub(crate) async fn create(api: &Api) -> Result<()> {
    let mut document = json!({ "name": api.uri().container() });
    for (name, value) in [("location", &api.location), ("storageClass", &api.class)] {
        if let Some(value) = value {
            document[name] = json!(value);
        }
    }
    let request = api.json(Method::POST, "b", &[("project", api.project()?)])?;
    let request = request.document(HeaderValue::from_static("application/json"), document.to_string());
    match api.send_plain(request).await {
        Err(error) if error::code(&error) == "conflict" => {
            Err(Error::new(ErrorKind::AlreadyExists, "a bucket of this name exists").with_source(error))
        }
        result => result.map(|_| ()),
    }
}

/// Deletes the bucket.
pub(crate) async fn delete(api: &Api) -> Result<()> {
    match api.send_plain(api.json(Method::DELETE, &api.bucket_path(), &[])?).await {
        Err(error) if error::code(&error) == "conflict" => {
            Err(error.with_hint("empty it first with: rangeway rm -r --all gs://BUCKET"))
        }
        result => result.map(|_| ()),
    }
}
