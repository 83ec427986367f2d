//! Pace: when bytes may go (`Bucket`), which requests are too many (`RequestLimit`), and what befalls a body (`Dice`).
//! Arithmetic on given instants; nothing here waits.

use std::time::{Duration, Instant};

/// Unused time that may be made up for, so that threads which wake late cost no rate. Bytes of this time can go at once
/// after a pause.
const SLACK: Duration = Duration::from_millis(5);
/// Bytes go in portions of this time at the given rate: few enough that waking up costs the server little.
const PORTION: Duration = Duration::from_millis(2);
/// A small portion goes slower than it must, a large one keeps other connections waiting.
const PORTIONS: std::ops::RangeInclusive<u64> = (16 << 10)..=(256 << 10);

/// The time that `amount` takes at `rate` per second.
fn time_for(amount: u64, rate: u64) -> Duration {
    let nanoseconds = u128::from(amount) * 1_000_000_000 / u128::from(rate.max(1));
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// A link of a rate in bytes per second. Whoever shares it gets its portions in the order of asking.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: u64,
    /// When the link is free again.
    free: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(rate: u64) -> Self {
        Self { rate, free: None }
    }

    /// Starts a body at `now`: time before it is not made up for.
    pub(super) fn begin(&mut self, now: Instant) {
        self.free = self.free.map(|free| free.max(now));
    }

    /// Takes `amount` bytes at `now` and says when the last of them has passed.
    pub(super) fn take(&mut self, amount: u64, now: Instant) -> Instant {
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        let start = self.free.map_or(now, |free| free.max(earliest));
        let end = start + time_for(amount, self.rate);
        self.free = Some(end);
        end
    }
}

/// How many bytes go at once at the slowest of these rates.
pub(super) fn portion(rates: impl IntoIterator<Item = u64>) -> u64 {
    let slowest = rates.into_iter().min().unwrap_or(u64::MAX);
    let bytes = u128::from(slowest) * PORTION.as_micros() / 1_000_000;
    u64::try_from(bytes).unwrap_or(u64::MAX).clamp(*PORTIONS.start(), *PORTIONS.end())
}

/// So many requests in a second, of which a full second's worth may come at once.
#[derive(Debug)]
pub(super) struct RequestLimit {
    rate: u64,
    free: Option<Instant>,
}

impl RequestLimit {
    pub(super) fn new(rate: u64) -> Self {
        Self { rate, free: None }
    }

    /// Whether a request at `now` is within the limit.
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        let earliest = now.checked_sub(Duration::from_secs(1)).unwrap_or(now);
        let start = self.free.map_or(earliest, |free| free.max(earliest));
        let end = start + time_for(1, self.rate);
        let is_within = end <= now;
        if is_within {
            self.free = Some(end);
        }
        is_within
    }
}

/// What befalls a body, with the number of bytes that go before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// All of it goes.
    Whole,
    /// The connection is reset.
    Reset(u64),
    /// The rest never goes.
    Stall(u64),
}

/// Seeded chance.
#[derive(Debug)]
pub(super) struct Dice(fastrand::Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// True for this share of the calls.
    pub(super) fn hits(&mut self, share: f64) -> bool {
        share > 0.0 && self.0.f64() < share
    }

    /// The fate of a body of `length` bytes.
    pub(super) fn fate(&mut self, length: u64, resets: f64, stalls: f64) -> Fate {
        let drawn = self.0.f64();
        if length == 0 || drawn >= resets + stalls {
            return Fate::Whole;
        }
        let at = self.0.u64(0..length);
        if drawn < resets { Fate::Reset(at) } else { Fate::Stall(at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;
    const fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn a_bucket_keeps_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(100 * MB);
        assert_eq!(bucket.take(MB, start), start + ms(10));
        // Asked at once again: behind the first.
        assert_eq!(bucket.take(MB, start), start + ms(20));
        // 2 ms late: made up for.
        assert_eq!(bucket.take(MB, start + ms(22)), start + ms(30));
        // 70 ms late: only the slack is.
        assert_eq!(bucket.take(MB, start + ms(100)), start + ms(105));
        bucket.begin(start + ms(200));
        assert_eq!(bucket.take(MB, start + ms(200)), start + ms(210));
    }

    #[test]
    fn portions_row_by_row() {
        for (rates, expected) in [
            (vec![90 * MB], 180_000),
            (vec![90 * MB, 800 * MB], 180_000),
            (vec![MB], 16 << 10),
            (vec![10_000 * MB], 256 << 10),
        ] {
            assert_eq!(portion(rates.clone()), expected, "{rates:?}");
        }
    }

    #[test]
    fn a_request_limit_admits_a_second_at_once_and_then_its_rate() {
        let start = Instant::now() + ms(5000);
        let mut limit = RequestLimit::new(10);
        let mut admitted =
            |at: u64, tries: usize| (0..tries).filter(|_| limit.admits(start + ms(at))).count();
        assert_eq!(admitted(0, 50), 10);
        assert_eq!(admitted(99, 5), 0);
        assert_eq!(admitted(100, 5), 1);
        assert_eq!(admitted(400, 5), 3);
        assert_eq!(admitted(9_000, 50), 10);
    }

    #[test]
    fn dice_fall_as_often_as_they_should_and_the_same_every_time() {
        let fates = |seed| {
            let mut dice = Dice::new(seed);
            (0..10_000).map(|_| dice.fate(1000, 0.01, 0.02)).collect::<Vec<_>>()
        };
        let drawn = fates(7);
        let resets = drawn.iter().filter(|fate| matches!(fate, Fate::Reset(at) if *at < 1000)).count();
        let stalls = drawn.iter().filter(|fate| matches!(fate, Fate::Stall(at) if *at < 1000)).count();
        assert!((70..130).contains(&resets) && (150..250).contains(&stalls), "{resets} {stalls}");
        assert_eq!(drawn, fates(7));
        assert_eq!(Dice::new(1).fate(0, 1.0, 0.0), Fate::Whole);
        assert!(!Dice::new(1).hits(0.0) && Dice::new(1).hits(1.0));
    }
}
