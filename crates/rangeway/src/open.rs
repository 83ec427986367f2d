//! `open`: from a URI to a store with what is linked and what the environment says.

use std::sync::Arc;

use rangeway_core::{Env, Key, Registry, Result, Settings, Store};

/// Opens the store of a URI with the linked backends and the settings of the process environment, and gives the
/// URI's key beside it; the key is empty when the URI names a whole container.
///
/// Does no request. Each call makes a store of its own, with its own connections and counters: open once and share
/// the `Arc`. For settings by hand, backends by hand, or many stores that share their backends, use a [`Registry`].
///
/// # Errors
/// `InvalidInput` for a malformed URI, an unknown setting or a bad value; `Unsupported` for a scheme whose feature
/// is off.
pub fn open(uri: &str) -> Result<(Arc<dyn Store>, Key)> {
    Registry::linked().open(uri, &Settings::new(Env::process()))
}
