//! `Window`: how many requests to have in flight, found by measuring. A pure state machine: completions and refusals
//! in, a number out; it knows the time only from its caller.

use std::time::Duration;

#[cfg(test)]
mod tests;

/// A window below this leaves any network idle.
const SMALLEST: usize = 8;

/// No service gives one client more than this many requests' worth of bandwidth.
const LARGEST: usize = 256;

/// Where the search begins: at AWS's 90 MB/s per connection, and parts of 8 MiB after 30 ms, this is 1 GB/s.
const START: usize = 16;

/// A step up must bring at least this much to be kept: less is noise, and each further connection has its cost.
const WORTH: f64 = 1.08;

/// Measurements over a shorter time say more about single requests than about the link.
const SHORTEST_ROUND: Duration = Duration::from_millis(100);

/// How soon to look again whether more helps, after it did not; doubles up to the longest.
const PROBE: Duration = Duration::from_secs(2);
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
    /// The time between two looks whether more helps.
    probe: Duration,
    /// The last refusal: when, and at which size.
    refused: Option<(Duration, usize)>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The size was raised; `before` says what it was, and what it brought.
    Raised { before: Option<(usize, f64)>, factor: Factor },
    /// More did not help.
    Holding { since: Duration },
}

/// How large steps are: doubling until it stops helping, then carefully.
#[derive(Debug, Clone, Copy)]
enum Factor {
    Double,
    Quarter,
}

/// One measurement: at least as many completions as the window holds.
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
    pub(crate) fn new() -> Self {
        Self {
            size: START,
            phase: Phase::Raised { before: None, factor: Factor::Double },
            round: Round { settling: true, ..Round::default() },
            probe: PROBE,
            refused: None,
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
        if self.round.completions < self.size || elapsed < SHORTEST_ROUND {
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

    /// The service refused a request at `now`, or did not answer it.
    pub(crate) fn refused(&mut self, now: Duration) {
        if self.refused.is_some_and(|(at, _)| now.saturating_sub(at) < ONE_EVENT) {
            return;
        }
        self.refused = Some((now, self.size));
        self.set(self.size * 7 / 10);
        self.phase = Phase::Holding { since: now };
    }

    fn measured(&mut self, now: Duration, rate: f64) {
        match self.phase {
            Phase::Raised { before: Some((size, earlier)), .. } if rate < earlier * WORTH => {
                self.set(size);
                self.phase = Phase::Holding { since: now };
                self.probe = (self.probe * 2).min(LONGEST_PROBE);
            }
            Phase::Raised { factor, .. } => {
                self.probe = PROBE;
                self.raise(now, rate, factor);
            }
            Phase::Holding { since } if now.saturating_sub(since) >= self.probe => {
                self.raise(now, rate, Factor::Quarter);
            }
            Phase::Holding { .. } => {}
        }
    }

    /// Takes a step up from a size that brings `rate`, if there is room for one.
    fn raise(&mut self, now: Duration, rate: f64, factor: Factor) {
        let wanted = match factor {
            Factor::Double => self.size * 2,
            Factor::Quarter => self.size + self.size.div_ceil(4),
        };
        let ceiling = match self.refused {
            Some((at, size)) if now.saturating_sub(at) < REMEMBERED => size.saturating_sub(1),
            _ => LARGEST,
        };
        let wanted = wanted.min(ceiling);
        if wanted <= self.size {
            self.phase = Phase::Holding { since: now };
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
