//! What rangeway's stores are tested with: the conformance suite, which any [`Store`](rangeway_core::Store) can run, a
//! real S3 server in this process, and seeded data.
//!
//! ```
//! use rangeway_testkit::Seeded;
//!
//! let data = Seeded::new(42);
//! let part = data.bytes(5_000_000_000, 16);
//! assert_eq!(data.verify(5_000_000_000, &part), Ok(()));
//! ```
#![forbid(unsafe_code)]

#[cfg(feature = "conformance")]
pub mod conformance;
mod data;
#[cfg(feature = "s3-server")]
mod request_kind;
#[cfg(feature = "s3-server")]
mod s3_server;

pub use data::{MemoryTarget, Mismatch, Seeded};
#[cfg(feature = "s3-server")]
pub use request_kind::{RequestCounts, RequestKind};
#[cfg(feature = "s3-server")]
pub use s3_server::{S3Server, S3ServerOptions};
