//! The window against simulated services: a link, connections of a given rate, latency, refusals. No clock, no chance.

use std::collections::BinaryHeap;
use std::time::Duration;

use super::*;

const MB: f64 = 1e6;
const PART: f64 = 8.0 * 1024.0 * 1024.0;

/// A service and the way to it.
struct Service {
    latency: f64,
    per_connection: f64,
    link: f64,
    /// Requests beyond this many at a time are refused.
    refuses_above: usize,
}

const AWS: Service =
    Service { latency: 0.03, per_connection: 90.0 * MB, link: 10_000.0 * MB, refuses_above: usize::MAX };

/// What came of a simulation.
#[derive(Debug)]
struct Outcome {
    /// Bytes per second from the third second on.
    rate: f64,
    largest: usize,
    last: usize,
    requests: usize,
    refusals_after_two_seconds: usize,
    /// When the rate first came to 90 % of what is possible.
    reached: f64,
}

impl Service {
    /// The most that any number of connections gets.
    fn best(&self) -> f64 {
        let slots = LARGEST.min(self.refuses_above);
        let each = PART / (self.latency + PART / self.per_connection);
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        let all = each * slots as f64;
        all.min(self.link)
    }

    /// Moves parts for `seconds` with a window of its own finding. Steps of a millisecond; bandwidth is shared evenly.
    fn run(&self, seconds: u32) -> Outcome {
        const STEP: f64 = 0.001;
        let mut window = Window::new();
        let mut seed = 1u64;
        let mut flights: Vec<(f64, f64)> = Vec::new();
        let mut pauses: BinaryHeap<std::cmp::Reverse<u64>> = BinaryHeap::new();
        let (mut moved, mut moved_at_two) = (0.0, 0.0);
        let mut outcome = Outcome {
            rate: 0.0,
            largest: 0,
            last: 0,
            requests: 0,
            refusals_after_two_seconds: 0,
            reached: f64::MAX,
        };
        let mut last_second = (0.0, 0.0);
        for tick in 0..u64::from(seconds) * 1000 {
            let now = Duration::from_millis(tick);
            while pauses.peek().is_some_and(|until| until.0 <= tick) {
                pauses.pop();
            }
            while flights.len() + pauses.len() < window.size() {
                outcome.requests += 1;
                if flights.len() >= self.refuses_above {
                    window.refused(now);
                    // The refused request waits, within the window, before it is sent again.
                    pauses.push(std::cmp::Reverse(tick + 200));
                    outcome.refusals_after_two_seconds += usize::from(tick >= 2000);
                } else {
                    // Equal latencies would make all parts wait, and all parts move, at the same time.
                    seed =
                        seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    #[allow(clippy::cast_precision_loss, reason = "33 bits")]
                    let jitter = 0.5 + (seed >> 33) as f64 / (1u64 << 31) as f64;
                    flights.push((self.latency * jitter, PART));
                }
            }
            let moving = flights.iter().filter(|(wait, _)| *wait <= 0.0).count();
            #[allow(clippy::cast_precision_loss, reason = "small numbers")]
            let share = self.per_connection.min(self.link / moving.max(1) as f64) * STEP;
            for (wait, left) in &mut flights {
                if *wait > 0.0 {
                    *wait -= STEP;
                } else {
                    let bytes = share.min(*left);
                    *left -= bytes;
                    moved += bytes;
                }
            }
            let before = flights.len();
            flights.retain(|(_, left)| *left > 0.5);
            for _ in flights.len()..before {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole bytes")]
                window.completed(now, moved as u64, true);
            }
            outcome.largest = outcome.largest.max(window.size());
            if tick == 2000 {
                moved_at_two = moved;
            }
            if tick % 250 == 249 {
                let rate = (moved - last_second.1) / 0.25;
                if rate >= 0.9 * self.best() {
                    outcome.reached = outcome.reached.min(now.as_secs_f64());
                }
                last_second = (now.as_secs_f64(), moved);
            }
        }
        outcome.last = window.size();
        outcome.rate = (moved - moved_at_two) / (f64::from(seconds) - 2.0);
        outcome
    }
}

#[test]
fn services_row_by_row() {
    for (name, service, share, reached, largest) in [
        ("a cap of 800 MB/s", Service { link: 800.0 * MB, ..AWS }, 0.97, 1.0, 64),
        ("a slow link", Service { latency: 0.02, link: 100.0 * MB, ..AWS }, 0.97, 1.0, 40),
        ("10 GB/s", AWS, 0.95, 4.0, 256),
        ("25 Gbit/s", Service { link: 3_125.0 * MB, ..AWS }, 0.95, 3.0, 160),
        (
            "slow connections",
            Service { per_connection: 10.0 * MB, link: 2_000.0 * MB, ..AWS },
            0.85,
            8.0,
            256,
        ),
        ("100 ms away", Service { latency: 0.1, link: 2_000.0 * MB, ..AWS }, 0.95, 4.0, 160),
    ] {
        let outcome = service.run(30);
        let found = outcome.rate / service.best();
        assert!(found >= share, "{name}: {found:.2} of the best, {outcome:?}");
        assert!(outcome.reached <= reached, "{name}: {outcome:?}");
        assert!(outcome.largest <= largest, "{name}: more than it needs, {outcome:?}");
    }
}

#[test]
fn refusals_shrink_the_window_and_are_remembered() {
    for above in [32, 64, 100] {
        let service = Service { refuses_above: above, ..AWS };
        let outcome = service.run(30);
        let refused = outcome.refusals_after_two_seconds * 100 / outcome.requests;
        assert!(refused < 3, "{above}: {refused} %, {outcome:?}");
        assert!(outcome.last <= above, "{above}: {outcome:?}");
        assert!(outcome.rate >= 0.6 * service.best(), "{above}: {outcome:?}");
    }
}

#[test]
fn a_window_that_holds_nothing_back_says_nothing() {
    let mut window = Window::new();
    for millisecond in 0..60_000 {
        window.completed(Duration::from_millis(millisecond), millisecond * 1_000_000, false);
    }
    assert_eq!(window.size(), START);
}

#[test]
fn the_window_stays_within_its_limits() {
    let mut window = Window::new();
    for second in 0..100 {
        window.refused(Duration::from_secs(second * 2));
    }
    assert_eq!(window.size(), SMALLEST);
}
