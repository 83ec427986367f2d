//! What rangeway's stores are tested with: the conformance suite, which any [`Store`](rangeway_core::Store) can run, a
//! real S3 server in this process, one that misbehaves by a script, one that costs next to nothing and keeps a pace, and
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

#[cfg(any(feature = "fault-server", feature = "pacing-server"))]
mod byte_range;
#[cfg(feature = "conformance")]
pub mod conformance;
mod data;
#[cfg(feature = "fault-server")]
mod fault_server;
#[cfg(feature = "pacing-server")]
mod pacing_server;
#[cfg(any(feature = "fault-server", feature = "pacing-server", feature = "s3-server"))]
mod request_kind;
#[cfg(any(feature = "fault-server", feature = "s3-server"))]
mod runner;
#[cfg(feature = "s3-server")]
mod s3_server;
#[cfg(feature = "secret-watch")]
mod secret_watch;
#[cfg(any(feature = "pacing-server", feature = "s3-server"))]
mod tls;
#[cfg(any(feature = "fault-server", feature = "pacing-server"))]
mod xml;

pub use data::{MemoryTarget, Mismatch, Seeded};
#[cfg(feature = "fault-server")]
pub use fault_server::{Ending, Fault, FaultServer, Matcher, Rule, SeenRequest};
#[cfg(feature = "pacing-server")]
pub use pacing_server::{Admissions, PacingCounts, PacingServer, PacingServerOptions, Pattern};
#[cfg(any(feature = "fault-server", feature = "pacing-server", feature = "s3-server"))]
pub use request_kind::{RequestCounts, RequestKind};
#[cfg(feature = "s3-server")]
pub use s3_server::{S3Server, S3ServerOptions};
#[cfg(feature = "secret-watch")]
pub use secret_watch::SecretWatch;
