//! `Window`: how many requests to have in flight, found by measuring. A pure state machine: completions and refusals
//! in, a number out; it knows the time only from its caller.

use std::time::Duration;

#[cfg(any(test, feature = "simulation"))]
pub(crate) mod simulation;
#[cfg(test)]
mod tests;

/// A window below this leaves any network idle.
const SMALLEST: usize = 8;

/// No service gives one client more than this many requests' worth of bandwidth.
const LARGEST: usize = 256;

/// A step up must bring at least this much to be kept: less is noise, and each further connection has its cost.
const WORTH: f64 = 1.08;

/// The part of a target that counts as all of it: a link that is named by its rate brings that much in data.
const ENOUGH: f64 = 0.95;

/// Measurements over a shorter time say more about single requests than about the link.
const SHORTEST_ROUND: Duration = Duration::from_millis(100);

/// How soon to look again whether more helps, after it did not; doubles up to the longest.
const PROBE: Duration = Duration::from_secs(1);
const LONGEST_PROBE: Duration = Duration::from_secs(32);

/// A burst of refusals is one event: their requests were all sent before the window could shrink.
const ONE_EVENT: Duration = Duration::from_secs(1);

/// For so long, no step goes back to where the service refused requests.
const REMEMBERED: Duration = Duration::from_mins(1);

/// The number of requests in flight that a store should have.
#[derive(Debug)]
pub(crate) struct Window {
    size: usize,
    phase: Phase,
    round: Round,
    /// How long the next hold is.
    probe: Duration,
    /// The last refusal: when, and at which size.
    refused: Option<(Duration, usize)>,
    /// Bytes per second that are enough.
    target: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The size was raised; `before` says what it was, and what it brought.
    Raised { before: Option<(usize, f64)>, factor: Factor },
    /// More did not help.
    Holding { until: Duration },
}

/// How large steps are: doubling until it stops helping, then carefully.
#[derive(Debug, Clone, Copy)]
enum Factor {
    Double,
    Quarter,
}

/// One measurement.
#[derive(Debug, Default)]
struct Round {
    began: Duration,
    bytes: u64,
    completions: usize,
    /// Whether the window held a request back: only then does its size say anything.
    held_back: bool,
    /// Whether requests from before the last change of the size are still among the completions.
    settling: bool,
}

impl Window {
    /// A window of `start` requests, as far as that is within the limits. It does not grow where `target` bytes per
    /// second are reached.
    pub(crate) fn new(start: usize, target: Option<u64>) -> Self {
        Self {
            size: start.clamp(SMALLEST, LARGEST),
            phase: Phase::Raised { before: None, factor: Factor::Double },
            round: Round { settling: true, ..Round::default() },
            probe: PROBE,
            refused: None,
            #[allow(clippy::cast_precision_loss, reason = "a rate needs no more than 52 bits")]
            target: target.map(|target| target as f64 * ENOUGH),
        }
    }

    /// Begins at `start` requests instead, unless something has been measured.
    pub(crate) fn restart(&mut self, start: usize) {
        let is_fresh =
            matches!(self.phase, Phase::Raised { before: None, .. }) && self.round.completions == 0;
        if is_fresh && self.round.began.is_zero() {
            self.set(start);
        }
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// A request has ended at `now`; `bytes` have been moved in all, and since the last one that ended, another was
    /// `held_back` or not.
    pub(crate) fn completed(&mut self, now: Duration, bytes: u64, held_back: bool) {
        self.round.completions += 1;
        self.round.held_back |= held_back;
        let elapsed = now.saturating_sub(self.round.began);
        if self.round.completions < self.needed() || elapsed < SHORTEST_ROUND {
            return;
        }
        let measured = self.round.held_back && !self.round.settling;
        #[allow(clippy::cast_precision_loss, reason = "a rate needs no more than 52 bits")]
        let rate = bytes.saturating_sub(self.round.bytes) as f64 / elapsed.as_secs_f64();
        self.round = Round { began: now, bytes, ..Round::default() };
        if measured {
            self.measured(now, rate);
        }
    }

    /// How many completions make a round. Parts that began together end together, so only after as many as the window
    /// holds does a rate say little of when it was measured; what doubles the rate shows after half of them.
    fn needed(&self) -> usize {
        match self.phase {
            Phase::Raised { factor: Factor::Double, .. } => self.size / 2,
            _ if self.round.settling => self.size / 2,
            _ => self.size,
        }
    }

    /// The service refused a request at `now`, or did not answer it.
    pub(crate) fn refused(&mut self, now: Duration) {
        if self.refused.is_some_and(|(at, _)| now.saturating_sub(at) < ONE_EVENT) {
            return;
        }
        if !self.is_remembered(now) {
            self.probe = PROBE;
        }
        self.refused = Some((now, self.size));
        match self.phase {
            // It was the step that was too large, and the size before it is known to be good.
            Phase::Raised { before: Some((size, _)), .. } => self.back_to(now, size),
            _ => self.back_to(now, self.size * 7 / 10),
        }
    }

    /// Whether more requests may be in flight later, if they help.
    pub(crate) fn may_grow(&self, now: Duration) -> bool {
        self.size < LARGEST && !self.is_remembered(now)
    }

    /// Whether the service refused requests not long ago.
    fn is_remembered(&self, now: Duration) -> bool {
        self.refused.is_some_and(|(at, _)| now.saturating_sub(at) < REMEMBERED)
    }

    fn measured(&mut self, now: Duration, rate: f64) {
        let is_enough = self.target.is_some_and(|target| rate >= target);
        match self.phase {
            _ if is_enough => self.phase = Phase::Holding { until: now },
            Phase::Raised { before: Some((size, earlier)), .. } if rate < earlier * WORTH => {
                self.back_to(now, size);
            }
            Phase::Raised { factor, .. } => {
                self.probe = PROBE;
                self.raise(now, rate, factor);
            }
            Phase::Holding { until } if now >= until => {
                self.raise(now, rate, Factor::Quarter);
            }
            Phase::Holding { .. } => {}
        }
    }

    /// Holds a smaller size, for longer each time.
    fn back_to(&mut self, now: Duration, size: usize) {
        self.set(size);
        self.phase = Phase::Holding { until: now + self.probe };
        self.probe = (self.probe * 2).min(LONGEST_PROBE);
    }

    /// Takes a step up from a size that brings `rate`, if there is room for one.
    fn raise(&mut self, now: Duration, rate: f64, factor: Factor) {
        let wanted = match factor {
            Factor::Double => self.size * 2,
            Factor::Quarter => self.size + self.size.div_ceil(4),
        };
        let wanted = match self.refused {
            // Halfway to where it was refused: soon as close as it gets, and each look costs fewer refusals.
            Some((_, size)) if self.is_remembered(now) => {
                wanted.min(size.saturating_sub(1)).min(usize::midpoint(self.size, size))
            }
            _ => wanted.min(LARGEST),
        };
        if wanted <= self.size {
            self.phase = Phase::Holding { until: now };
            return;
        }
        self.phase = Phase::Raised { before: Some((self.size, rate)), factor };
        self.set(wanted);
    }

    fn set(&mut self, size: usize) {
        self.size = size.clamp(SMALLEST, LARGEST);
        self.round.settling = true;
    }
}
