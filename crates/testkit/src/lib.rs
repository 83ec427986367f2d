//! What rangeway's stores are tested with: a conformance suite that any [`Store`](rangeway_core::Store) can run, and
//! seeded data.
//!
//! ```
//! use rangeway_testkit::Seeded;
//!
//! let data = Seeded::new(42);
//! let part = data.bytes(5_000_000_000, 16);
//! assert_eq!(data.verify(5_000_000_000, &part), Ok(()));
//! ```
#![forbid(unsafe_code)]

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
