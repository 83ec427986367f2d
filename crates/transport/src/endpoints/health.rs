//! `Health`: whether an endpoint is to be left alone, by how requests to it ended. Pure: it is told the time.

use std::time::Duration;

use tokio::time::Instant;

/// So many requests in a row that were answered badly, or not at all, and an endpoint is left alone for a while.
pub(super) const ENOUGH: u32 = 3;

/// How long an endpoint that failed is left alone; doubled each time that it fails again.
const FIRST_REST: Duration = Duration::from_secs(1);

/// The longest that an endpoint is left alone before a request looks whether it is back.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// How an endpoint is: a state machine of the outcomes of whole answers, bodies included. A head that goes well says
/// nothing, since the body may still break.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Bad outcomes in a row.
    pub(super) failures: u32,
    /// How often in a row it was left alone.
    rests: u32,
    /// Until when it is left alone.
    resting: Option<Instant>,
    /// Counts the rests: what was sent before one says nothing after it.
    epoch: u64,
}

/// When a request was sent, as far as its outcome depends on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    epoch: u64,
    /// There was no other endpoint.
    while_resting: bool,
}

impl Health {
    /// Until when it is left alone, if it is now.
    pub(super) fn rests(&self, now: Instant) -> Option<Instant> {
        self.resting.filter(|until| now < *until)
    }

    /// Whether it was not left alone, or has been well since.
    pub(super) fn is_well(&self) -> bool {
        self.resting.is_none()
    }

    /// A request is sent. The first one after a rest looks whether the endpoint is back; the others wait for what that
    /// one finds.
    pub(super) fn send(&mut self, now: Instant) -> Sent {
        let while_resting = self.rests(now).is_some();
        if !while_resting && self.resting.is_some() {
            self.resting = Some(now + FIRST_REST);
        }
        Sent { epoch: self.epoch, while_resting }
    }

    /// A whole answer came.
    pub(super) fn went_well(&mut self, sent: Sent) {
        if sent.epoch == self.epoch {
            *self = Self { epoch: self.epoch, ..Self::default() };
        }
    }

    /// No answer came, or a bad one, or a part of one.
    pub(super) fn failed(&mut self, sent: Sent, is_certain: bool, now: Instant) {
        if sent.epoch != self.epoch || sent.while_resting {
            return;
        }
        self.failures += 1;
        if is_certain || self.failures >= ENOUGH || self.rests > 0 {
            let rest = FIRST_REST.saturating_mul(1 << self.rests.min(10)).min(LONGEST_REST);
            self.rests += 1;
            self.resting = Some(now + rest);
            self.epoch += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a request.
    #[derive(Debug, Clone, Copy)]
    enum Outcome {
        Well,
        Bad,
        Unreachable,
        /// Its head was good, and its body was left.
        Dropped,
    }

    fn apply(health: &mut Health, sent: Sent, outcome: Outcome, now: Instant) {
        match outcome {
            Outcome::Well => health.went_well(sent),
            Outcome::Bad => health.failed(sent, false, now),
            Outcome::Unreachable => health.failed(sent, true, now),
            Outcome::Dropped => {}
        }
    }

    #[test]
    fn health_row_by_row() {
        use Outcome::{Bad, Dropped, Unreachable, Well};
        // Requests one after the other, each sent when the endpoint does not rest; and for how long it rests in the end.
        for (outcomes, rest) in [
            (&[][..], 0),
            (&[Bad, Bad], 0),
            (&[Bad, Bad, Bad], 1),
            (&[Bad, Bad, Well, Bad, Bad], 0),
            (&[Bad, Bad, Dropped, Bad], 1),
            (&[Unreachable], 1),
            (&[Unreachable, Bad], 2),
            (&[Unreachable, Dropped, Bad], 2),
            (&[Unreachable, Unreachable, Bad, Bad], 8),
            (&[Unreachable, Bad, Bad, Bad, Bad, Bad, Bad], 30),
            (&[Unreachable, Bad, Well], 0),
            (&[Unreachable, Bad, Well, Bad, Bad], 0),
            (&[Unreachable, Bad, Well, Unreachable], 1),
        ] {
            let (mut health, mut now) = (Health::default(), Instant::now());
            for outcome in outcomes {
                now = health.resting.map_or(now, |until| until.max(now));
                let sent = health.send(now);
                apply(&mut health, sent, *outcome, now);
            }
            let rests = health.resting.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
            assert_eq!(rests.as_secs(), rest, "{outcomes:?}");
        }
    }

    #[test]
    fn what_was_sent_before_a_rest_says_nothing_after_it() {
        let now = Instant::now();
        for old in [Outcome::Well, Outcome::Bad, Outcome::Unreachable] {
            let mut health = Health::default();
            let (before, last) = (health.send(now), health.send(now));
            health.failed(last, true, now);
            apply(&mut health, before, old, now);
            assert_eq!((health.rests, health.resting), (1, Some(now + FIRST_REST)), "{old:?}");
            // Nor does it when another one looks whether it is back.
            let later = now + FIRST_REST;
            let looks = health.send(later);
            apply(&mut health, before, old, later);
            assert_eq!((health.rests, health.resting), (1, Some(later + FIRST_REST)), "{old:?}");
            health.went_well(looks);
            assert_eq!((health.rests, health.resting), (0, None));
        }
    }

    #[test]
    fn what_is_sent_while_it_rests_can_only_make_it_well() {
        let now = Instant::now();
        let mut health = Health::default();
        let sent = health.send(now);
        health.failed(sent, true, now);
        let meanwhile = health.send(now);
        health.failed(meanwhile, true, now);
        assert_eq!((health.rests, health.resting), (1, Some(now + FIRST_REST)));
        health.went_well(meanwhile);
        assert_eq!((health.rests, health.resting), (0, None));
    }
}
