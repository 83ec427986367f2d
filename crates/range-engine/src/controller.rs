//! `Controller`: how many requests a store has in flight, all its transfers together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Hands out the right to have a request in flight. The window is the number that the policy says.
#[derive(Debug)]
pub(crate) struct Controller {
    window: usize,
    semaphore: Arc<Semaphore>,
    in_flight: Arc<AtomicU64>,
    peak: AtomicU64,
}

/// The right to have one request in flight; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    in_flight: Arc<AtomicU64>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Controller {
    pub(crate) fn new(window: usize) -> Self {
        Self {
            window,
            semaphore: Arc::new(Semaphore::new(window)),
            in_flight: Arc::default(),
            peak: AtomicU64::new(0),
        }
    }

    /// How many requests may be in flight now.
    pub(crate) fn window(&self) -> usize {
        self.window
    }

    /// The most requests that were in flight at one time.
    pub(crate) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    /// Waits until one more request may be in flight; first come, first served.
    pub(crate) async fn acquire(&self) -> Permit {
        let permit =
            Arc::clone(&self.semaphore).acquire_owned().await.expect("the semaphore is never closed");
        let now = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(now, Ordering::Relaxed);
        Permit { in_flight: Arc::clone(&self.in_flight), _permit: permit }
    }
}
