//! `HttpBackend`: what the registry opens `http://` and `https://` with.

use std::sync::Arc;

use async_trait::async_trait;
use rangeway_core::{
    Backend, ContainerMeta, Error, Operation, Result, Setting, Settings, Store, StoreUri, register_backend,
};
use rangeway_range_engine::network;

use crate::store::{HttpStore, QUERY};

/// The backend of `http://HOST/PATH` and `https://HOST/PATH`.
#[derive(Debug, Default)]
pub struct HttpBackend;

register_backend!(HttpBackend);

fn no_containers<T>() -> Result<T> {
    Err(Error::unsupported("web servers have no containers").with_operation(Operation::Container))
}

#[async_trait]
impl Backend for HttpBackend {
    fn name(&self) -> &'static str {
        "http"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["http", "https"]
    }

    fn settings(&self) -> Vec<&'static Setting> {
        std::iter::once(&QUERY)
            .chain(rangeway_transport::SETTINGS)
            .chain(rangeway_range_engine::SETTINGS)
            .collect()
    }

    fn canonical(&self, _: &StoreUri) -> Option<StoreUri> {
        None
    }

    fn open(&self, uri: &StoreUri, settings: &Settings) -> Result<Arc<dyn Store>> {
        network::open(uri, settings, |uri, settings, _| HttpStore::open(uri, settings))
    }

    async fn list_containers(&self, _: &StoreUri, _: &Settings) -> Result<Vec<ContainerMeta>> {
        no_containers()
    }

    async fn create_container(&self, _: &StoreUri, _: &Settings) -> Result<()> {
        no_containers()
    }

    async fn delete_container(&self, _: &StoreUri, _: &Settings) -> Result<()> {
        no_containers()
    }
}
