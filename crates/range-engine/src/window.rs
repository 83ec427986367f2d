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

/// For so long, no step goes back to where the service refused requests; doubles up to the longest each time that they
/// are refused there again. The first is short, because one refusal may be an accident.
const REMEMBERED: Duration = Duration::from_secs(4);
const LONGEST_REMEMBERED: Duration = Duration::from_secs(64);

/// The number of requests in flight that a store should have.
#[derive(Debug)]
pub(crate) struct Window {
    size: usize,
    phase: Phase,
    round: Round,
    /// How long the next hold is.
    probe: Duration,
    /// Where the service refused requests the last time, unless as many have been in flight since.
    limit: Option<Limit>,
    /// Bytes per second that are enough.
    target: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// The size was raised; `before` says what it was, and what it brought. At `safe`, nothing was refused.
    Raised { before: Option<(usize, f64)>, safe: usize, step: Step },
    /// More did not help.
    Holding { until: Duration },
}

/// How large steps are: doubling until it stops helping, then carefully.
#[derive(Debug, Clone, Copy)]
enum Step {
    Double,
    Quarter,
    /// Towards a limit: few requests more at first, a single one close to it, and twice as many each time that none is
    /// refused. What is beyond the limit is refused, so to look whether it still stands costs one request.
    By(usize),
}

/// Where a service refused requests.
#[derive(Debug, Clone, Copy)]
struct Limit {
    size: usize,
    at: Duration,
    /// For how long it is not tried again.
    kept: Duration,
}

impl Limit {
    fn is_remembered(&self, now: Duration) -> bool {
        now.saturating_sub(self.at) < self.kept
    }

    /// Whether a size is about where this limit is: a service counts what has just ended a moment longer than we do.
    fn is_near(&self, size: usize) -> bool {
        self.size.abs_diff(size) <= self.size / 8
    }
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
            phase: Phase::Raised { before: None, safe: SMALLEST, step: Step::Double },
            round: Round { settling: true, ..Round::default() },
            probe: PROBE,
            limit: None,
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
            // Refusals come at once, and no rate is looked at.
            _ if self.is_small_step() => self.size / 8,
            Phase::Raised { step: Step::Double, .. } => self.size / 2,
            _ if self.round.settling => self.size / 2,
            _ => self.size,
        }
    }

    /// The service refused a request at `now`, or did not answer it.
    pub(crate) fn refused(&mut self, now: Duration) {
        let known = self.limit;
        if known.is_some_and(|limit| now.saturating_sub(limit.at) < ONE_EVENT) {
            return;
        }
        let kept = match known {
            Some(limit) if limit.is_near(self.size) => (limit.kept * 2).min(LONGEST_REMEMBERED),
            _ => REMEMBERED,
        };
        if !known.is_some_and(|limit| limit.is_remembered(now)) {
            self.probe = PROBE;
        }
        self.limit = Some(Limit { size: self.size, at: now, kept });
        match self.phase {
            // It was the step that was too large.
            Phase::Raised { before: Some((size, _)), safe, .. } => {
                if safe > size {
                    self.probe = PROBE;
                }
                self.back_to(now, safe);
            }
            _ => self.back_to(now, self.size * 7 / 10),
        }
    }

    /// Whether more requests may be in flight later, if they help.
    pub(crate) fn may_grow(&self, now: Duration) -> bool {
        let is_looking = matches!(self.phase, Phase::Raised { .. });
        let is_at = |limit: Limit| limit.is_remembered(now) && (limit.is_near(self.size) || !is_looking);
        self.size < LARGEST && !self.limit.is_some_and(is_at)
    }

    /// Whether the size was raised by so little that a rate says nothing of it.
    fn is_small_step(&self) -> bool {
        matches!(self.phase, Phase::Raised { before: Some((size, _)), step: Step::By(_), .. }
            if self.size < a_quarter_more(size))
    }

    fn measured(&mut self, now: Duration, rate: f64) {
        if self.limit.is_some_and(|limit| self.size >= limit.size) {
            self.limit = None;
        }
        let is_enough = self.target.is_some_and(|target| rate >= target);
        match self.phase {
            _ if is_enough => self.phase = Phase::Holding { until: now },
            Phase::Raised { before: Some(before), step: Step::By(count), .. } if self.is_small_step() => {
                self.raise(now, before, Step::By(count * 2));
            }
            Phase::Raised { before: Some((size, earlier)), .. } if rate < earlier * WORTH => {
                self.back_to(now, size);
            }
            Phase::Raised { step, .. } => {
                self.probe = PROBE;
                let step = match step {
                    Step::By(count) => Step::By(count * 2),
                    step => step,
                };
                self.raise(now, (self.size, rate), step);
            }
            Phase::Holding { until } if now >= until => {
                self.raise(now, (self.size, rate), Step::Quarter);
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

    /// Takes a step up, if there is room for one. What comes of it is compared with the size and the rate of `before`.
    fn raise(&mut self, now: Duration, before: (usize, f64), step: Step) {
        let (step, most) = match (self.limit, step) {
            (None, Step::By(_)) => (Step::Quarter, LARGEST),
            (None, step) => (step, LARGEST),
            (Some(limit), step) => {
                let first = if limit.is_near(self.size) { 1 } else { self.size.div_ceil(16) };
                let step = if let Step::By(_) = step { step } else { Step::By(first) };
                // No further than halfway: the closer, the fewer requests are refused.
                let halfway = usize::midpoint(self.size, limit.size);
                (step, if limit.is_remembered(now) { halfway } else { halfway.max(self.size + 1) })
            }
        };
        let wanted = match step {
            Step::Double => self.size * 2,
            Step::Quarter => a_quarter_more(self.size),
            Step::By(count) => self.size + count,
        };
        let wanted = wanted.min(most).min(LARGEST);
        if wanted <= self.size {
            self.phase = Phase::Holding { until: now };
            return;
        }
        self.phase = Phase::Raised { before: Some(before), safe: self.size, step };
        self.set(wanted);
    }

    fn set(&mut self, size: usize) {
        self.size = size.clamp(SMALLEST, LARGEST);
        self.round.settling = true;
    }
}

fn a_quarter_more(size: usize) -> usize {
    size + size.div_ceil(4)
}
