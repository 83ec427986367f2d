//! `Budget`: how many bytes transfers hold in buffers of their own, first come, first served.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Budgets count in blocks of this size, so that a semaphore's 32-bit counts reach far enough.
const BLOCK: u64 = 4096;

/// The memory that one store's transfers share.
#[derive(Debug)]
pub(crate) struct Budget {
    blocks: u32,
    semaphore: Arc<Semaphore>,
    held: Arc<Held>,
}

/// Bytes held now and at most.
#[derive(Debug, Default)]
struct Held {
    now: AtomicU64,
    peak: AtomicU64,
}

/// Bytes taken from a budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    bytes: u64,
    held: Arc<Held>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.held.now.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Budget {
    pub(crate) fn new(bytes: u64) -> Self {
        let blocks = u32::try_from(bytes / BLOCK).unwrap_or(u32::MAX >> 3).max(1);
        Self { blocks, semaphore: Arc::new(Semaphore::new(blocks as usize)), held: Arc::default() }
    }

    /// The most bytes that were held at one time.
    pub(crate) fn peak(&self) -> u64 {
        self.held.peak.load(Ordering::Relaxed)
    }

    /// Waits for `bytes`. A request for more than there is in all waits for all there is.
    pub(crate) async fn acquire(&self, bytes: u64) -> Reservation {
        let permit = Arc::clone(&self.semaphore).acquire_many_owned(self.blocks_of(bytes)).await;
        self.reserve(bytes, Some(permit.expect("the semaphore is never closed")))
    }

    /// Takes `bytes` if they are free now.
    pub(crate) fn try_acquire(&self, bytes: u64) -> Option<Reservation> {
        let permit = Arc::clone(&self.semaphore).try_acquire_many_owned(self.blocks_of(bytes)).ok()?;
        Some(self.reserve(bytes, Some(permit)))
    }

    /// Takes `bytes` whether they are free or not: for the one part without which a transfer could not go on, and
    /// would keep what it holds for ever.
    pub(crate) fn overdraw(&self, bytes: u64) -> Reservation {
        self.try_acquire(bytes).unwrap_or_else(|| self.reserve(bytes, None))
    }

    fn blocks_of(&self, bytes: u64) -> u32 {
        u32::try_from(bytes.div_ceil(BLOCK)).unwrap_or(u32::MAX).min(self.blocks)
    }

    fn reserve(&self, bytes: u64, permit: Option<OwnedSemaphorePermit>) -> Reservation {
        let now = self.held.now.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.held.peak.fetch_max(now, Ordering::Relaxed);
        Reservation { bytes, held: Arc::clone(&self.held), _permit: permit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_come_back_when_dropped() {
        let budget = Budget::new(1 << 20);
        let all = budget.acquire(1 << 20).await;
        assert!(budget.try_acquire(1).is_none());
        let extra = budget.overdraw(10);
        drop(all);
        assert!(budget.try_acquire(1 << 20).is_some());
        drop(extra);
        assert_eq!(budget.peak(), (1 << 20) + 10);
    }

    #[tokio::test]
    async fn more_than_all_waits_for_all() {
        let budget = Budget::new(1 << 20);
        let _all = budget.acquire(1 << 40).await;
        assert!(budget.try_acquire(1).is_none());
    }
}
