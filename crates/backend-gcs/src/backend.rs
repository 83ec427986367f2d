//! `GcsBackend`: what the registry opens `gs://` with.

use std::sync::Arc;

use async_trait::async_trait;
use rangeway_core::{
    Backend, ContainerMeta, Error, Operation, Result, Setting, Settings, Store, StoreUri, register_backend,
};
use rangeway_range_engine::{Policy, Ranged, Retry};

use crate::api::Api;
use crate::config::GcsConfig;
use crate::store::GcsStore;
use crate::{containers, settings, uri};

/// The backend of `gs://BUCKET/KEY`.
#[derive(Debug, Default)]
pub struct GcsBackend;

register_backend!(GcsBackend);

fn policy(settings: &Settings) -> Result<Policy> {
    Policy::network().from_settings(settings)
}

/// Requests to the bucket of `uri`, or to the service, and how to repeat them.
fn api(uri: &StoreUri, settings: &Settings) -> Result<(Api, Retry)> {
    Ok((Api::new(uri, GcsConfig::from_settings(settings)?)?, policy(settings)?.retry()))
}

fn named(uri: &StoreUri) -> Result<()> {
    if uri.container().is_empty() { Err(Error::invalid("the URI names no bucket")) } else { Ok(()) }
}

#[async_trait]
impl Backend for GcsBackend {
    fn name(&self) -> &'static str {
        "gcs"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["gs", "gcs"]
    }

    fn settings(&self) -> Vec<&'static Setting> {
        settings::SETTINGS
            .iter()
            .chain(rangeway_transport::SETTINGS)
            .chain(rangeway_range_engine::SETTINGS)
            .collect()
    }

    fn canonical(&self, uri: &StoreUri) -> Option<StoreUri> {
        uri::canonical(uri)
    }

    fn open(&self, uri: &StoreUri, settings: &Settings) -> Result<Arc<dyn Store>> {
        let located = |error: Error| error.with_operation(Operation::Open).with_uri(uri.with_key(""));
        let policy = policy(settings)?;
        let store = GcsStore::open(uri, settings, policy.retry()).map_err(located)?;
        Ok(Arc::new(Ranged::new(store, policy)?))
    }

    async fn list_containers(&self, uri: &StoreUri, settings: &Settings) -> Result<Vec<ContainerMeta>> {
        let service = StoreUri::new(uri.scheme(), "", "");
        let listed = async {
            let (api, retry) = api(&service, settings)?;
            retry.run(|_| containers::list(&api)).await
        };
        listed.await.map_err(|error| error.with_operation(Operation::Container).with_uri("gs://"))
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
