//! `S3Backend`: what the registry opens `s3://` with.

use std::sync::Arc;

use async_trait::async_trait;
use rangeway_core::{Backend, ContainerMeta, Result, Setting, Settings, Store, StoreUri, register_backend};
use rangeway_range_engine::network;

use crate::api::Api;
use crate::store::S3Store;
use crate::{containers, settings};

/// The backend of `s3://BUCKET/KEY`.
#[derive(Debug, Default)]
pub struct S3Backend;

register_backend!(S3Backend);

#[async_trait]
impl Backend for S3Backend {
    fn name(&self) -> &'static str {
        "s3"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["s3"]
    }

    fn settings(&self) -> Vec<&'static Setting> {
        let rows = [settings::SETTINGS, rangeway_transport::SETTINGS, rangeway_range_engine::SETTINGS];
        rows.into_iter().flatten().collect()
    }

    fn canonical(&self, _: &StoreUri) -> Option<StoreUri> {
        None
    }

    fn open(&self, uri: &StoreUri, settings: &Settings) -> Result<Arc<dyn Store>> {
        network::open(uri, settings, S3Store::open)
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
