//! Moves bytes between memory, files and object stores with many byte ranges in flight.
//!
//! [`open()`] turns a URI into a [`Store`] and a [`Key`]. What works on `memory://` works on `s3://` and `file://`:
//!
//! ```
//! use rangeway::{GetOptions, PutOptions, Store, StoreExt};
//!
//! #[tokio::main]
//! async fn main() -> rangeway::Result<()> {
//!     let (store, key) = rangeway::open("memory://bucket/data/numbers.bin")?;
//!     store.put(&key, vec![7; 1_000_000].into(), PutOptions::new()).await?;
//!     let all = store.get_bytes(&key).await?;
//!     let part = store.get(&key, GetOptions::new().range(10..20)).await?;
//!     assert_eq!((all.len(), part.body.bytes().await?.len()), (1_000_000, 10));
//!     Ok(())
//! }
//! ```
//!
//! A large object is read and written as many byte ranges at once; how many, and how large, are settings. A small one
//! costs one request. Stores other than `memory://` need a running tokio runtime.
//!
//! `docs/semantics.md` of the repository says what each operation promises, `docs/configuration.md` lists the settings.
//!
//! # Features
//!
//! | Feature | What it adds | Default |
//! |---|---|---|
//! | `azure` | `az://`, `abfs(s)://`: Azure Blob Storage and Data Lake Storage | yes |
//! | `file` | `file://`: local files | yes |
//! | `gcs` | `gs://`, `gcs://`: Google Cloud Storage | yes |
//! | `http` | `http://`, `https://`: files on web servers, to be read | yes |
//! | `s3` | `s3://`: Amazon S3 and what speaks its protocol | yes |
//! | `object_store` | any store as an `ObjectStore` of the crate `object_store` | no |
//!
//! `memory://` is always there. A scheme whose feature is off is an error that lists the schemes that are linked.
#![forbid(unsafe_code)]

#[cfg(feature = "object_store")]
pub mod object_store;
mod open;

/// The backend of `az://`. Naming it here is what links it.
#[cfg(feature = "azure")]
pub use rangeway_backend_azure as azure;
/// The backend of `file://`. Naming it here is what links it.
#[cfg(feature = "file")]
pub use rangeway_backend_file as file;
/// The backend of `gs://`. Naming it here is what links it.
#[cfg(feature = "gcs")]
pub use rangeway_backend_gcs as gcs;
/// The backend of `http://` and `https://`. Naming it here is what links it.
#[cfg(feature = "http")]
pub use rangeway_backend_http as http;
/// The backend of `s3://`. Naming it here is what links it.
#[cfg(feature = "s3")]
pub use rangeway_backend_s3 as s3;

pub use {
    open::open,
    rangeway_core::{
        Alias, Attributes, Backend, Body, BodySource, Capabilities, Conditions, ContainerMeta, CopyOptions,
        DeleteResult, Env, Error, ErrorKind, GetOptions, GetRange, GetResponse, HeadOptions, HeadResponse,
        Key, ListEntry, ListOptions, MemoryBackend, MemoryStore, MultipartUpload, ObjectMeta, Operation,
        PartLimits, PartSpec, Payload, PutMode, PutOptions, PutResponse, ReadAt, Registration, Registry,
        Result, Setting, SettingKind, Settings, Store, StoreExt, StoreUri, TransferStats, UploadedPart,
        WriteAt, register_backend,
    },
    rangeway_range_engine::{InFlight, PartSize, Policy, Ranged},
};

/// The examples of the README are tests.
#[cfg(all(doctest, feature = "object_store"))]
#[doc = include_str!("../../../README.md")]
mod readme {}
