//! The `az://` backend of rangeway: Azure Blob Storage, and Data Lake Storage through the same API.
//!
//! `az://CONTAINER/KEY` is opened by [`AzureBackend`], which the registry knows once this crate is linked. The store
//! is an [`AzureStore`], one request per operation, below the range engine. `abfs(s)://CONTAINER@ACCOUNT.dfs.../KEY` and
//! `https://ACCOUNT.blob.core.windows.net/CONTAINER/KEY` mean the same.
//!
//! ```
//! use rangeway_core::{Registry, Settings};
//! # use rangeway_backend_azure as _;
//!
//! let settings = Settings::default().set("account", "me").set("anonymous", "true");
//! let (store, key) = Registry::linked().open("az://photos/a//b.jpg", &settings)?;
//! assert_eq!((store.uri().to_string().as_str(), key.as_str()), ("az://photos", "a//b.jpg"));
//! # Ok::<(), rangeway_core::Error>(())
//! ```
#![forbid(unsafe_code)]

mod api;
mod attributes;
mod backend;
mod config;
mod containers;
mod copy;
mod credentials;
mod delete;
mod error;
mod list;
mod multipart;
mod settings;
mod sign;
mod store;
mod uri;

pub use {backend::AzureBackend, store::AzureStore};
