//! The facade as its users see it.

mod linked;
#[cfg(feature = "object_store")]
mod object_store;
