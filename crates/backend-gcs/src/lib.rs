//! The `gs://` backend of rangeway: Google Cloud Storage.
//!
//! `gs://BUCKET/KEY` is opened by [`GcsBackend`], which the registry knows once this crate is linked. The store is a
//! [`GcsStore`], one request per operation, below the range engine: objects go over Google's XML API, listings, copies,
//! batches of deletions and buckets over its JSON API. `gcs://BUCKET/KEY` and
//! `https://storage.googleapis.com/BUCKET/KEY` mean the same. The etag of an object is its generation in quotes.
//!
//! ```
//! use rangeway_core::{Registry, Settings};
//! # use rangeway_backend_gcs as _;
//!
//! let settings = Settings::default().set("anonymous", "true");
//! let (store, key) = Registry::linked().open("gs://photos/a//b.jpg", &settings)?;
//! assert_eq!((store.uri().to_string().as_str(), key.as_str()), ("gs://photos", "a//b.jpg"));
//! # Ok::<(), rangeway_core::Error>(())
//! ```
#![forbid(unsafe_code)]

mod api;
mod attributes;
mod backend;
mod config;
mod containers;
mod copy;
mod crc32c;
mod credentials;
mod delete;
mod error;
mod generation;
mod list;
mod multipart;
mod settings;
mod store;
mod uri;

pub use {backend::GcsBackend, store::GcsStore};
