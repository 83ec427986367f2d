//! `memory://`: the reference model of a store, and what makes every example run.

mod store;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::{
    Backend, ContainerMeta, Error, ErrorKind, Operation, Result, Setting, Settings, Store, StoreUri,
};

pub use store::MemoryStore;

/// The backend of `memory://NAME/key`: each backend value has containers of its own, made when first opened.
#[derive(Debug, Default)]
pub struct MemoryBackend {
    containers: Mutex<BTreeMap<String, Arc<MemoryStore>>>,
}

crate::register_backend!(MemoryBackend);

impl MemoryBackend {
    fn containers(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<MemoryStore>>> {
        self.containers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Backend for MemoryBackend {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn schemes(&self) -> &'static [&'static str] {
        &["memory"]
    }

    fn settings(&self) -> Vec<&'static Setting> {
        Vec::new()
    }

    fn canonical(&self, _: &StoreUri) -> Option<StoreUri> {
        None
    }

    fn open(&self, uri: &StoreUri, _settings: &Settings) -> Result<Arc<dyn Store>> {
        let name = uri.container();
        let mut containers = self.containers();
        let store = containers.entry(name.to_owned()).or_insert_with(|| Arc::new(MemoryStore::new(name)));
        Ok(Arc::clone(store) as Arc<dyn Store>)
    }

    async fn list_containers(&self, _uri: &StoreUri, _settings: &Settings) -> Result<Vec<ContainerMeta>> {
        Ok(self.containers().keys().map(|name| ContainerMeta::new(name, None)).collect())
    }

    async fn create_container(&self, uri: &StoreUri, _settings: &Settings) -> Result<()> {
        let name = uri.container();
        let mut containers = self.containers();
        if containers.contains_key(name) {
            return Err(Error::new(ErrorKind::AlreadyExists, "the container exists")
                .with_operation(Operation::Container)
                .with_uri(uri.with_key("")));
        }
        containers.insert(name.to_owned(), Arc::new(MemoryStore::new(name)));
        Ok(())
    }

    async fn delete_container(&self, uri: &StoreUri, _settings: &Settings) -> Result<()> {
        let mut containers = self.containers();
        let error = match containers.get(uri.container()) {
            None => Error::new(ErrorKind::NotFound, "no such container"),
            Some(store) if !store.is_empty() => {
                Error::new(ErrorKind::PreconditionFailed, "the container is not empty")
            }
            Some(_) => {
                containers.remove(uri.container());
                return Ok(());
            }
        };
        Err(error.with_operation(Operation::Container).with_uri(uri.with_key("")))
    }
}
