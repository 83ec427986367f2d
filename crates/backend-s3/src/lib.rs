//! The `s3://` backend of rangeway: Amazon S3 and the many services that speak its protocol.
//!
//! `s3://BUCKET/KEY` is opened by [`S3Backend`], which the registry knows once this crate is linked. The store is an
//! [`S3Store`], one request per operation, below the range engine. Keys are sent exactly as they are: `a//b`, `../x`
//! and keys with control characters are read, written, listed and deleted like any other.
//!
//! ```
//! use rangeway_core::{Registry, Settings};
//! # use rangeway_backend_s3 as _;
//!
//! let settings = Settings::default().set("anonymous", "true");
//! let (store, key) = Registry::linked().open("s3://bucket/a//b.bin?endpoint=http://127.0.0.1:9000", &settings)?;
//! assert_eq!((store.uri().to_string().as_str(), key.as_str()), ("s3://bucket", "a//b.bin"));
//! # Ok::<(), rangeway_core::Error>(())
//! ```
#![forbid(unsafe_code)]

mod api;
mod backend;
#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
mod config;
mod containers;
mod copy;
mod credentials;
mod delete;
mod error;
mod list;
mod multipart;
mod process;
mod profile;
mod settings;
mod sign;
mod store;

pub use {backend::S3Backend, store::S3Store};
