//! `object_store`'s own integration functions over the adapter, each on an empty store of each kind.

mod behaviour;
mod engine;
mod memory;
mod suite;
