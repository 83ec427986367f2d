//! `AzureBackend`: what the registry opens `az://` with.

use std::sync::Arc;

use async_trait::async_trait;
use rangeway_core::{Backend, ContainerMeta, Result, Setting, Settings, Store, StoreUri, register_backend};
use rangeway_range_engine::network;

use crate::api::Api;
use crate::store::AzureStore;
use crate::{containers, settings, uri};

/// The backend of `az://CONTAINER/KEY`.
#[derive(Debug, Default)]
pub struct AzureBackend;

register_backend!(AzureBackend);

#[async_trait]
impl Backend for AzureBackend {
    fn name(&self) -> &'static str {
        "azure"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["az", "abfs", "abfss"]
    }

    fn settings(&self) -> Vec<&'static Setting> {
        let rows = [settings::SETTINGS, rangeway_transport::SETTINGS, rangeway_range_engine::SETTINGS];
        rows.into_iter().flatten().collect()
    }

    fn canonical(&self, uri: &StoreUri) -> Option<StoreUri> {
        uri::canonical(uri)
    }

    fn open(&self, uri: &StoreUri, settings: &Settings) -> Result<Arc<dyn Store>> {
        network::open(uri, settings, AzureStore::open)
    }

    async fn list_containers(&self, uri: &StoreUri, settings: &Settings) -> Result<Vec<ContainerMeta>> {
        network::about_service(uri, settings, Api::new, containers::list).await
    }

    async fn create_container(&self, uri: &StoreUri, settings: &Settings) -> Result<()> {
        network::about_container(uri, settings, Api::new, containers::create).await
    }

    async fn delete_container(&self, uri: &StoreUri, settings: &Settings) -> Result<()> {
        network::about_container(uri, settings, Api::new, containers::delete).await
    }
}
