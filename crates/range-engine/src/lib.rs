//! The range engine: large reads and writes become many byte ranges in flight at once.
//!
//! [`Ranged`] decorates a [`Store`](rangeway_core::Store) of single requests. A read's first request is a ranged GET
//! that also tells the size, so a small object costs one request and a large one is planned from the first headers.
//! Each part has its own place in the target, goes on from its last byte when its connection breaks, and is refused
//! when the object has changed meanwhile. A large write is a multipart upload by the same scheduler.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use rangeway_core::{MemoryStore, Store, StoreExt};
//! use rangeway_range_engine::{PartSize, Policy, Ranged};
//!
//! let policy = Policy::network().threshold(1 << 20).part_size(PartSize::Bytes(1 << 20));
//! let store = Ranged::new(MemoryStore::new("demo"), policy)?;
//! store.put_bytes("big.bin", vec![7; 10 << 20]).await?;
//! assert_eq!(store.get_bytes("big.bin").await?.len(), 10 << 20);
//! assert_eq!(store.stats().requests, 1 + 10);
//! # Ok::<(), rangeway_core::Error>(()) }).unwrap();
//! ```
#![deny(unsafe_code)]

#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
mod body;
mod budget;
mod buffer;
mod controller;
mod deletion;
mod engine;
mod feed;
mod hedge;
mod link;
mod memory;
mod pace;
mod part;
mod part_size;
mod pipes;
mod plan;
mod policy;
mod ranged;
mod read;
mod retry;
mod schedule;
mod settings;
mod stats;
mod upload;
mod window;
mod write;

pub mod network;

pub use {
    deletion::{Deletions, delete},
    link::Link,
    policy::{InFlight, PartSize, Policy},
    ranged::Ranged,
    retry::Retry,
    settings::SETTINGS,
};

/// The window against simulated services, for the benchmarks.
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub mod simulation {
    pub use crate::window::simulation::{Row, rows};
}
