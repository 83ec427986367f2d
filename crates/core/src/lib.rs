//! The types that every part of rangeway speaks: stores, keys, URIs, options, bodies, payloads, errors, settings and
//! the registry of backends. No HTTP, no TLS and no async runtime.
//!
//! A [`Registry`] turns a URI into a [`Store`] and a [`Key`]:
//!
//! ```
//! # futures::executor::block_on(async {
//! use rangeway_core::{GetOptions, Registry, Settings, Store, StoreExt};
//!
//! let (store, key) = Registry::linked().open("memory://demo/a//b.txt", &Settings::default())?;
//! store.put_bytes(&key, "0123456789").await?;
//! let response = store.get(&key, GetOptions::new().range(2..5)).await?;
//! assert_eq!((response.meta.size, response.range.clone()), (10, 2..5));
//! assert_eq!(response.body.bytes().await?, "234");
//! # Ok::<(), rangeway_core::Error>(()) }).unwrap();
//! ```
//!
//! A backend implements [`Backend`] and [`Store`] and calls [`register_backend!`]. [`MemoryStore`] is the smallest
//! complete example.
#![forbid(unsafe_code)]

mod backend;
mod body;
mod capabilities;
mod env;
mod error;
mod key;
mod memory;
mod meta;
mod options;
mod payload;
mod pipe;
mod positioned;
mod registry;
mod settings;
mod stats;
mod store;
mod uri;

pub use {
    backend::{Backend, Registration},
    body::{Body, BodySource},
    capabilities::{Capabilities, PartLimits},
    env::Env,
    error::{Error, ErrorKind, Operation, Result},
    key::Key,
    memory::{MemoryBackend, MemoryStore},
    meta::{Attributes, ContainerMeta, GetResponse, HeadResponse, ListEntry, ObjectMeta, PutResponse},
    options::{Conditions, CopyOptions, GetOptions, GetRange, HeadOptions, ListOptions, PutMode, PutOptions},
    payload::{Payload, wrong_length},
    pipe::Pipe,
    positioned::{ReadAt, WriteAt},
    registry::Registry,
    settings::{Alias, Setting, SettingKind, Settings},
    stats::TransferStats,
    store::{DeleteResult, MultipartUpload, PartSpec, Store, StoreExt, UploadedPart},
    uri::StoreUri,
};

/// What the macros expand to; not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use inventory;
}
