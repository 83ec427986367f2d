//! The adapter to the crate [`object_store`]: what is written against its trait
//! [`ObjectStore`](object_store::ObjectStore) reads and writes through the range engine.
//!
//! ```
//! use std::sync::Arc;
//!
//! use object_store::{ObjectStore, ObjectStoreExt};
//! use rangeway::object_store::RangewayStore;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (store, path) = RangewayStore::open("memory://bucket/table/part-0.parquet")?;
//! let store: Arc<dyn ObjectStore> = Arc::new(store);
//! store.put(&path, "PAR1".into()).await?;
//! assert_eq!(store.get(&path).await?.bytes().await?, "PAR1");
//! # Ok(()) }
//! ```
//!
//! # What differs from the stores of `object_store`
//!
//! * [`Path`](object_store::path::Path) cannot hold every key: no empty segment, no `.` or `..`, no control
//!   character, no `/` at either end. Listings leave such objects out and say so with a `tracing` event, a warning
//!   except for the empty `dir/` objects that consoles make; listings do not fail because of them. The
//!   [`Store`](crate::Store) itself reaches them.
//! * A large `put` and `get` become many requests; options such as conditions hold for all of them together.
//! * The ranges of one `get_ranges` are all of one state of the object: `Precondition` when it was overwritten
//!   meanwhile.
//! * Tags are refused with `NotImplemented`, and so are attributes and `PutMode::Update` where the store has no such
//!   thing. Extensions of requests are ignored, and responses have none: there is no one response to take them from.
//! * Completing a multipart upload without any part makes an empty object; completing one of which a part has not
//!   been sent is an error.
//!
//! # Errors
//!
//! The source of each error is the [`rangeway::Error`](crate::Error). These kinds have a variant of their own:
//! `NotFound`, `AlreadyExists`, `Precondition`, `NotModified`, `NotSupported`, `PermissionDenied`, `Unauthenticated`.
//! The others are `Generic`.

mod convert;
mod deletion;
mod error;
mod listing;
mod ranges;
mod store;
mod upload;

pub use store::RangewayStore;
