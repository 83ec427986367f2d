//! `Controller`: hands out the right to have a request in flight, as many at a time as the window says.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::link::Direction;
use crate::stats::Counters;
use crate::window::Window;
use crate::{InFlight, Policy};

/// What all transfers of a store share to stay within one window.
#[derive(Debug)]
pub(crate) struct Controller(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// `None` when the number is fixed.
    window: Option<Mutex<Window>>,
    size: AtomicUsize,
    /// The permits that there are, handed out or not; it follows `size`.
    permits: AtomicUsize,
    semaphore: Arc<Semaphore>,
    /// Whether the window held a request back since the last one that ended.
    held_back: AtomicBool,
    in_flight: AtomicU64,
    peak: AtomicU64,
    begun: Instant,
    counters: Arc<Counters>,
}

/// The right to have one request in flight; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    shared: Arc<Shared>,
    place: Option<OwnedSemaphorePermit>,
    /// Whether the end of its request says something of the rate.
    counts: bool,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.counts {
            self.shared.completed();
        }
        if let Some(place) = self.place.take() {
            self.shared.give_back(place);
        }
    }
}

impl Shared {
    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn completed(&self) {
        if let Some(window) = &self.window {
            let bytes = self.counters.bytes_read() + self.counters.bytes_written();
            let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
            window.completed(self.now(), bytes, self.held_back.swap(false, Ordering::Relaxed));
            self.resize(window.size());
        }
    }

    /// Lets more requests go at once, or fewer: permits that are handed out count less as they come back.
    fn resize(&self, size: usize) {
        let before = self.size.swap(size, Ordering::Relaxed);
        if before != size {
            tracing::debug!(before, size, "the window changed");
        }
        let permits = self.permits.fetch_max(size, Ordering::Relaxed);
        self.semaphore.add_permits(size.saturating_sub(permits));
        while self.shrink() {
            if self.semaphore.forget_permits(1) == 0 {
                self.permits.fetch_add(1, Ordering::Relaxed);
                break;
            }
        }
    }

    fn give_back(&self, permit: OwnedSemaphorePermit) {
        if self.shrink() {
            permit.forget();
        }
    }

    /// Counts one permit less if there are more than the window says.
    fn shrink(&self) -> bool {
        let size = self.size.load(Ordering::Relaxed);
        let less = |permits| (permits > size).then(|| permits - 1);
        self.permits.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

impl Controller {
    pub(crate) fn new(policy: &Policy, counters: Arc<Counters>) -> Self {
        let (window, size) = match policy.in_flight {
            InFlight::Fixed(size) => (None, size),
            InFlight::Auto => {
                let window = Window::new(policy.start(Direction::Down), policy.target);
                let size = window.size();
                (Some(Mutex::new(window)), size)
            }
        };
        Self(Arc::new(Shared {
            window,
            size: AtomicUsize::new(size),
            permits: AtomicUsize::new(size),
            semaphore: Arc::new(Semaphore::new(size)),
            held_back: AtomicBool::new(false),
            in_flight: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            begun: Instant::now(),
            counters,
        }))
    }

    /// How many requests may be in flight now.
    pub(crate) fn window(&self) -> usize {
        self.0.size.load(Ordering::Relaxed)
    }

    /// The most requests that were in flight at one time.
    pub(crate) fn peak(&self) -> u64 {
        self.0.peak.load(Ordering::Relaxed)
    }

    /// How many more requests may be in flight now.
    pub(crate) fn free(&self) -> usize {
        let in_flight = usize::try_from(self.0.in_flight.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        self.window().saturating_sub(in_flight)
    }

    /// Whether more requests may be in flight later, if that helps.
    pub(crate) fn may_grow(&self) -> bool {
        let Some(window) = &self.0.window else { return false };
        window.lock().unwrap_or_else(PoisonError::into_inner).may_grow(self.0.now())
    }

    /// A store that begins with writes begins with as many requests as these take.
    pub(crate) fn writes_begin(&self, policy: &Policy) {
        if let Some(window) = &self.0.window {
            let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
            window.restart(policy.start(Direction::Up));
            self.0.resize(window.size());
        }
    }

    /// Waits until one more request may be in flight; first come, first served.
    pub(crate) async fn acquire(&self) -> Permit {
        if self.0.semaphore.available_permits() == 0 {
            self.held_back();
        }
        let place =
            Arc::clone(&self.0.semaphore).acquire_owned().await.expect("the semaphore is never closed");
        let now = self.0.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.peak.fetch_max(now, Ordering::Relaxed);
        Permit { shared: Arc::clone(&self.0), place: Some(place), counts: true }
    }

    /// As [`acquire`](Self::acquire), for a request that does the work of another one.
    pub(crate) async fn acquire_spare(&self) -> Permit {
        let mut permit = self.acquire().await;
        permit.counts = false;
        permit
    }

    /// Waits until the window has room for a request that was refused, and whose permit is one too many now: it would
    /// only be refused again.
    pub(crate) async fn turn(&self) {
        /// Counts the permit again that was one too many, when nobody waits any more.
        struct TooMany<'a>(&'a Shared);
        impl Drop for TooMany<'_> {
            fn drop(&mut self) {
                self.0.permits.fetch_add(1, Ordering::Relaxed);
            }
        }
        if self.0.shrink() {
            let too_many = TooMany(&self.0);
            let permit = self.0.semaphore.acquire().await.expect("the semaphore is never closed");
            // It takes the place of the one that the request has.
            permit.forget();
            std::mem::forget(too_many);
        }
    }

    /// A transfer has more to ask for than the window lets it.
    pub(crate) fn held_back(&self) {
        self.0.held_back.store(true, Ordering::Relaxed);
    }

    /// The service asked for fewer requests, or did not answer one.
    pub(crate) fn refused(&self) {
        if let Some(window) = &self.0.window {
            let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
            window.refused(self.0.now());
            self.0.resize(window.size());
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_fixed_number_stays() {
        let controller = Controller::new(&Policy::network().in_flight(2), Arc::default());
        let permits = (controller.acquire().await, controller.acquire().await);
        assert_eq!(controller.0.semaphore.available_permits(), 0);
        controller.refused();
        drop(permits);
        assert_eq!(
            (controller.window(), controller.0.semaphore.available_permits(), controller.peak()),
            (2, 2, 2)
        );
    }

    #[tokio::test]
    async fn a_target_says_where_to_begin() {
        let policy = Policy::network().target(Some(3_125_000_000));
        let controller = Controller::new(&policy, Arc::default());
        assert_eq!((controller.window(), controller.free()), (46, 46));
        controller.writes_begin(&policy);
        assert_eq!((controller.window(), controller.0.semaphore.available_permits()), (168, 168));
        drop(controller.acquire().await);
        controller.writes_begin(&Policy::network());
        assert_eq!(controller.window(), 168, "not once there was a request");
        controller.0.resize(40);
        assert_eq!(controller.0.semaphore.available_permits(), 40);
    }

    #[tokio::test(start_paused = true)]
    async fn permits_follow_the_window_down_and_up() {
        let controller = Controller::new(&Policy::network(), Arc::default());
        let mut permits = Vec::new();
        for _ in 0..controller.window() {
            permits.push(controller.acquire().await);
        }
        controller.refused();
        let smaller = controller.window();
        assert!(smaller < permits.len());
        drop(permits);
        assert_eq!(controller.0.semaphore.available_permits(), smaller);
        controller.0.resize(40);
        assert_eq!(controller.0.semaphore.available_permits(), 40);
    }

    #[tokio::test]
    async fn a_refused_request_waits_for_room_in_a_smaller_window() {
        let controller = Controller::new(&Policy::network(), Arc::default());
        controller.turn().await;
        let mut permits = Vec::new();
        for _ in 0..16 {
            permits.push(controller.acquire().await);
        }
        controller.refused();
        assert_eq!(controller.window(), 11);
        assert!(controller.turn().now_or_never().is_none(), "given up");
        let mut turn = Box::pin(controller.turn());
        for _ in 0..5 {
            assert!((&mut turn).now_or_never().is_none());
            permits.pop();
        }
        assert!(turn.now_or_never().is_some());
        controller.turn().await;
        permits.clear();
        assert_eq!(controller.0.semaphore.available_permits(), 11);
    }
}
