//! `object_store`'s own integration functions over the adapter, each on an empty store of each kind.

mod behaviour;
mod engine;
#[cfg(feature = "file")]
mod file;
#[cfg(feature = "gcs")]
mod gcs;
#[cfg(feature = "gcs")]
mod gcs_clients;
mod memory;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "s3")]
mod s3_clients;
mod suite;
