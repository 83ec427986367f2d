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

pub use data::{MemoryTarget, Mismatch, Seeded};
