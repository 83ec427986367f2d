//! `object_store`'s own integration functions over the adapter, each on an empty store of each kind.

mod behaviour;
mod memory;
mod suite;
