//! The `http://` and `https://` backend of rangeway: files on web servers, to be read.
//!
//! The key is the path as it stands in the URL; its query is sent along, no credentials are. So settings cannot stand in
//! the URL. Servers that know ranges are read in many at once, the others in one piece; redirects are followed.
//!
//! ```
//! use rangeway_core::{Registry, Settings};
//! # use rangeway_backend_http as _;
//!
//! let (store, key) = Registry::linked().open("https://example.org/data/a%20b.bin", &Settings::default())?;
//! assert_eq!((store.uri().to_string().as_str(), key.as_str()), ("https://example.org", "data/a%20b.bin"));
//! # Ok::<(), rangeway_core::Error>(())
//! ```
#![forbid(unsafe_code)]

mod backend;
mod error;
mod redirect;
mod store;

pub use {backend::HttpBackend, store::HttpStore};
