//! `Fixture`: a fresh, empty store and what it needs to live; and `Gap`: what its peer is known not to do.

use std::sync::Arc;

use rangeway_core::Store;

/// A fresh, empty store for one case, with whatever must live as long: a temporary folder, a server.
///
/// Every `Arc<dyn Store>` is one, so that a single case can be run on any store by hand.
pub trait Fixture: Send + Sync {
    /// The store.
    fn store(&self) -> Arc<dyn Store>;

    /// The cases that the peer behind the store is known to fail.
    fn gaps(&self) -> &[Gap] {
        &[]
    }
}

impl Fixture for Arc<dyn Store> {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(self)
    }
}

/// A store, and what its peer is known not to do.
impl Fixture for (Arc<dyn Store>, &'static [Gap]) {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.0)
    }

    fn gaps(&self) -> &[Gap] {
        self.1
    }
}

/// A case that fails by the fault of the peer, not of the store under test.
///
/// It is run all the same: a gap that has closed fails the test, so that the list stays true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub(super) case: &'static str,
    pub(super) reason: &'static str,
    pub(super) always: bool,
}

impl Gap {
    /// The peer always fails this case.
    pub const fn new(case: &'static str, reason: &'static str) -> Self {
        Self { case, reason, always: true }
    }

    /// The peer fails this case now and then.
    pub const fn sometimes(case: &'static str, reason: &'static str) -> Self {
        Self { case, reason, always: false }
    }
}
