//! `Pace`: what a store's answers and bodies usually do, from which follows what is late.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many observations make a distribution, and no more are kept: a store's behaviour changes within minutes.
const KEPT: usize = 128;

/// Fewer observations than this say nothing about what is usual.
const ENOUGH: usize = 8;

/// How many observations come between two looks at all of them.
const PER_LOOK: usize = 8;

/// One in ten takes longer than the time that is doubled here, so that a race is rare on a store that merely varies,
/// and still begins long before a connection that hangs would be given up.
const LATE: (f64, u64) = (0.9, 2);

/// Sooner than this, an answer would often come while the race begins.
const SOONEST: Duration = Duration::from_millis(30);

/// While nothing is known, a body that stands still for so long is late: few networks are silent for two seconds.
const HANGS: Duration = Duration::from_secs(2);

/// So many times as long as what is late, and no bytes are to be expected any more.
const HOPELESS: u32 = 10;

/// A body is slow below this part of the usual rate: so much the connections of one link do not differ.
const SLOW_SHARE: u64 = 4;

/// No body is called slow before it has been waited for so long: what is slow for a moment may be a busy link.
const PATIENCE: Duration = Duration::from_secs(1);

/// A body of fewer bytes was in the connection's buffers before it was read, and says nothing about its rate.
const TELLING: u64 = 1 << 20;

/// Observations of one store's reads; all its transfers share it.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// From a request to the first byte of its answer, in microseconds.
    waits: Observed,
    /// The longest time that a body stood still, in microseconds.
    gaps: Observed,
    /// Bytes per second of a body.
    rates: Observed,
}

impl Pace {
    /// An answer began after `wait`.
    pub(crate) fn answered(&self, wait: Duration) {
        self.waits.add(micros(wait));
    }

    /// A body was read to its end.
    pub(crate) fn finished(&self, speed: &Speed) {
        if speed.bytes >= TELLING {
            self.gaps.add(micros(speed.gap));
            self.rates.add(speed.rate());
        }
    }

    /// After how long an answer is late; `None` while nothing is known.
    pub(crate) fn late_answer(&self) -> Option<Duration> {
        self.waits.late()
    }

    /// After how long a body that stands still is late.
    pub(crate) fn late_bytes(&self) -> Duration {
        self.gaps.late().unwrap_or(HANGS)
    }

    /// After how long a body that stands still is given up, which is `limit` at most.
    pub(crate) fn hung(&self, limit: Duration) -> Duration {
        self.gaps.late().map_or(limit, |late| (late * HOPELESS).max(HANGS).min(limit))
    }

    /// How many bytes one connection brings in the time that an answer takes to begin; `None` while that is not known.
    pub(crate) fn lag(&self) -> Option<u64> {
        let bytes = u128::from(self.waits.usual()?) * u128::from(self.rates.usual()?) / 1_000_000;
        Some(u64::try_from(bytes).unwrap_or(u64::MAX))
    }

    /// Whether a body is so much slower than usual that another request would bring its `remaining` bytes sooner.
    pub(crate) fn is_slow(&self, speed: &Speed, remaining: u64) -> bool {
        speed.waited >= PATIENCE
            && remaining > speed.bytes
            && self.rates.usual().is_some_and(|usual| speed.rate() < usual / SLOW_SHARE)
    }
}

/// How fast a body came since it was opened.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Speed {
    bytes: u64,
    waited: Duration,
    /// The longest time without a byte.
    gap: Duration,
}

impl Speed {
    /// So many bytes came after `wait`.
    pub(crate) fn count(&mut self, bytes: u64, wait: Duration) {
        self.bytes += bytes;
        self.waited += wait;
        self.gap = self.gap.max(wait);
    }

    /// Bytes per second.
    fn rate(&self) -> u64 {
        let rate = u128::from(self.bytes) * 1_000_000 / self.waited.as_micros().max(1);
        u64::try_from(rate).unwrap_or(u64::MAX)
    }
}

/// The last observations of one quantity, and what follows from them, ready to be read at any time.
#[derive(Debug, Default)]
struct Observed {
    recent: Mutex<Recent>,
    /// The median; 0 while nothing is known.
    usual: AtomicU64,
    /// What nine in ten do not exceed; 0 while nothing is known.
    most: AtomicU64,
}

impl Observed {
    fn add(&self, value: u64) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.add(value);
        if recent.count >= ENOUGH && recent.count.is_multiple_of(PER_LOOK) {
            self.usual.store(recent.quantile(0.5).max(1), Ordering::Relaxed);
            self.most.store(recent.quantile(LATE.0).max(1), Ordering::Relaxed);
        }
    }

    fn usual(&self) -> Option<u64> {
        Some(self.usual.load(Ordering::Relaxed)).filter(|usual| *usual > 0)
    }

    fn late(&self) -> Option<Duration> {
        let most = Some(self.most.load(Ordering::Relaxed)).filter(|most| *most > 0)?;
        Some(Duration::from_micros(most.saturating_mul(LATE.1)).max(SOONEST))
    }
}

/// A ring of the last values.
#[derive(Debug, Default)]
struct Recent {
    values: Vec<u64>,
    count: usize,
}

impl Recent {
    fn add(&mut self, value: u64) {
        if self.values.len() < KEPT {
            self.values.push(value);
        } else {
            self.values[self.count % KEPT] = value;
        }
        self.count += 1;
    }

    /// The value that `share` of all values do not exceed.
    fn quantile(&self, share: f64) -> u64 {
        let mut values = self.values.clone();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let index = (values.len().saturating_sub(1) as f64 * share) as usize;
        *values.select_nth_unstable(index).1
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn nothing_is_late_before_enough_is_known() {
        let pace = Pace::default();
        for _ in 1..ENOUGH {
            pace.answered(20 * MS);
        }
        assert_eq!(pace.late_answer(), None);
        pace.answered(20 * MS);
        assert_eq!(pace.late_answer(), Some(40 * MS));
        assert_eq!((pace.late_bytes(), pace.hung(20 * HANGS)), (HANGS, 20 * HANGS));
    }

    #[test]
    fn a_few_that_hang_do_not_make_hanging_usual() {
        let pace = Pace::default();
        for number in 0..1000 {
            pace.answered(if number % 20 == 7 { 2000 * MS } else { 20 * MS });
        }
        assert_eq!(pace.late_answer(), Some(40 * MS));
    }

    #[test]
    fn what_becomes_slower_is_soon_no_longer_late() {
        let pace = Pace::default();
        for _ in 0..1000 {
            pace.answered(20 * MS);
        }
        for _ in 0..KEPT {
            pace.answered(300 * MS);
        }
        assert_eq!(pace.late_answer(), Some(600 * MS));
    }

    #[test]
    fn a_fast_store_is_not_raced_for_a_moment() {
        let pace = Pace::default();
        for _ in 0..100 {
            pace.answered(MS);
            pace.finished(&speed(8 << 20, 1, MS));
        }
        assert_eq!((pace.late_answer(), pace.late_bytes()), (Some(SOONEST), SOONEST));
        assert_eq!((pace.hung(20 * HANGS), pace.hung(MS)), (HANGS, MS));
    }

    #[test]
    fn slow_bodies_row_by_row() {
        let pace = Pace::default();
        assert!(!pace.is_slow(&speed(1, 1, 100_000 * MS), 8 << 20), "nothing is known");
        for _ in 0..100 {
            pace.finished(&speed(8 << 20, 8, 10 * MS));
            pace.finished(&speed(1 << 10, 1, MS / 1000));
        }
        for (bytes, waited, remaining, slow) in [
            (4 << 20, 1000, 64 << 20, true),
            (4 << 20, 900, 64 << 20, false),
            (4 << 20, 1000, 1 << 20, false),
            (40 << 20, 1000, 64 << 20, false),
        ] {
            let slow_one = speed(bytes, 10, waited / 10 * MS);
            assert_eq!(pace.is_slow(&slow_one, remaining), slow, "{bytes} in {waited} ms, {remaining} left");
        }
    }

    /// `bytes` in `steps`, each of which took `wait`.
    fn speed(bytes: u64, steps: u32, wait: Duration) -> Speed {
        let mut speed = Speed::default();
        for _ in 0..steps {
            speed.count(bytes / u64::from(steps), wait);
        }
        speed
    }
}
