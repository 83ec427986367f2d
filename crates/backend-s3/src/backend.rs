//! `S3Backend`: what the registry opens `s3://` with.

use std::sync::Arc;

use async_trait::async_trait;
use rangeway_core::{
    Backend, ContainerMeta, Error, Operation, Result, Setting, Settings, Store, StoreUri, register_backend,
};
use rangeway_range_engine::{Policy, Ranged, Retry};

use crate::api::Api;
use crate::config::S3Config;
use crate::store::S3Store;
use crate::{containers, settings};

/// The backend of `s3://BUCKET/KEY`.
#[derive(Debug, Default)]
pub struct S3Backend;

register_backend!(S3Backend);

fn policy(settings: &Settings) -> Result<Policy> {
    Policy::network().from_settings(settings)
}

/// Requests to the bucket of `uri`, or to the service, and how to repeat them.
fn api(uri: &StoreUri, settings: &Settings) -> Result<(Api, Retry)> {
    Ok((Api::new(uri, S3Config::from_settings(settings)?)?, policy(settings)?.retry()))
}

fn named(uri: &StoreUri) -> Result<()> {
    if uri.container().is_empty() { Err(Error::invalid("the URI names no bucket")) } else { Ok(()) }
}

#[async_trait]
impl Backend for S3Backend {
    fn name(&self) -> &'static str {
        "s3"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["s3"]
    }

    fn settings(&self) -> Vec<&'static Setting> {
        settings::SETTINGS
            .iter()
            .chain(rangeway_transport::SETTINGS)
            .chain(rangeway_range_engine::SETTINGS)
            .collect()
    }

    fn canonical(&self, _: &StoreUri) -> Option<StoreUri> {
        None
    }

    fn open(&self, uri: &StoreUri, settings: &Settings) -> Result<Arc<dyn Store>> {
        let located = |error: Error| error.with_operation(Operation::Open).with_uri(uri.with_key(""));
        let policy = policy(settings)?;
        let store = S3Store::open(uri, settings, policy.retry()).map_err(located)?;
        Ok(Arc::new(Ranged::new(store, policy)?))
    }

    async fn list_containers(&self, uri: &StoreUri, settings: &Settings) -> Result<Vec<ContainerMeta>> {
        let service = StoreUri::new(uri.scheme(), "", "");
        let listed = async {
            let (api, retry) = api(&service, settings)?;
            retry.run(|_| containers::list(&api)).await
        };
        listed.await.map_err(|error| error.with_operation(Operation::Container).with_uri("s3://"))
    }

    async fn create_container(&self, uri: &StoreUri, settings: &Settings) -> Result<()> {
        let created = async {
            named(uri)?;
            let (api, retry) = api(uri, settings)?;
            retry.run(|_| containers::create(&api)).await
        };
        created.await.map_err(|error| error.with_operation(Operation::Container).with_uri(uri.with_key("")))
    }

    async fn delete_container(&self, uri: &StoreUri, settings: &Settings) -> Result<()> {
        let deleted = async {
            named(uri)?;
            let (api, retry) = api(uri, settings)?;
            retry.run(|_| containers::delete(&api)).await
        };
        deleted.await.map_err(|error| error.with_operation(Operation::Container).with_uri(uri.with_key("")))
    }
}
