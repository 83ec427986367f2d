//! `PacingCounts`: what a pacing server has seen and done, and the counters behind it.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::request_kind::{Counters, RequestCounts, RequestKind};

/// What a [`PacingServer`](crate::PacingServer) has seen and done: a snapshot.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PacingCounts {
    /// The requests by kind, refused ones included.
    pub requests: RequestCounts,
    /// The connections that were accepted.
    pub connections: u64,
    /// The bytes of objects that went out.
    pub bytes_out: u64,
    /// The bytes of request bodies that came in.
    pub bytes_in: u64,
    /// The requests that were refused with `SlowDown`.
    pub slow_downs: u64,
    /// The bodies that ended with a reset.
    pub resets: u64,
    /// The bodies that stood still.
    pub stalls: u64,
    /// The requests whose first byte was one of the late ones.
    pub late_first_bytes: u64,
    /// Admitted and refused requests of each second since the first request; empty without a limit on requests.
    pub by_second: Vec<Admissions>,
}

/// The requests of one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Admissions {
    /// Those that were served.
    pub admitted: u64,
    /// Those that were refused with `SlowDown`.
    pub refused: u64,
}

impl PacingCounts {
    /// The share of requests that were refused from this second after the first request on.
    pub fn refused_after(&self, second: usize) -> f64 {
        let rest = self.by_second.get(second..).unwrap_or_default();
        let refused: u64 = rest.iter().map(|second| second.refused).sum();
        let all = refused + rest.iter().map(|second| second.admitted).sum::<u64>();
        #[allow(clippy::cast_precision_loss, reason = "a share needs no more than a double has")]
        let share = refused as f64 / all.max(1) as f64;
        share
    }

    /// The counts as one line of JSON.
    pub fn json(&self) -> String {
        let mut line = String::from("{\"requests\":{");
        let seen = RequestKind::ALL.iter().map(|kind| (kind, self.requests.of(*kind)));
        for (index, (kind, count)) in seen.filter(|(_, count)| *count > 0).enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(line, "{comma}\"{kind:?}\":{count}");
        }
        line.push('}');
        for (name, count) in [
            ("total", self.requests.total()),
            ("peak_in_flight", self.requests.peak_in_flight() as u64),
            ("connections", self.connections),
            ("bytes_out", self.bytes_out),
            ("bytes_in", self.bytes_in),
            ("slow_downs", self.slow_downs),
            ("resets", self.resets),
            ("stalls", self.stalls),
            ("late_first_bytes", self.late_first_bytes),
        ] {
            let _ = write!(line, ",\"{name}\":{count}");
        }
        let column = |pick: fn(&Admissions) -> u64| -> String {
            let texts: Vec<String> = self.by_second.iter().map(|second| pick(second).to_string()).collect();
            texts.join(",")
        };
        let (admitted, refused) = (column(|second| second.admitted), column(|second| second.refused));
        let _ = write!(line, ",\"admitted_by_second\":[{admitted}],\"refused_by_second\":[{refused}]}}");
        line
    }
}

/// The counters behind [`PacingCounts`].
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) requests: Counters,
    pub(super) connections: AtomicU64,
    pub(super) bytes_out: AtomicU64,
    pub(super) bytes_in: AtomicU64,
    pub(super) slow_downs: AtomicU64,
    pub(super) resets: AtomicU64,
    pub(super) stalls: AtomicU64,
    pub(super) late_first_bytes: AtomicU64,
    seconds: Mutex<Seconds>,
}

#[derive(Debug, Default)]
struct Seconds {
    first: Option<Instant>,
    rows: Vec<Admissions>,
}

impl Tally {
    /// Counts a request that a limit has admitted or refused at `now`.
    pub(super) fn decided(&self, admitted: bool, now: Instant) {
        let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        let first = *seconds.first.get_or_insert(now);
        let second = usize::try_from(now.duration_since(first).as_secs()).unwrap_or(usize::MAX);
        if seconds.rows.len() <= second {
            seconds.rows.resize(second + 1, Admissions::default());
        }
        let row = &mut seconds.rows[second];
        if admitted {
            row.admitted += 1;
        } else {
            row.refused += 1;
            add(&self.slow_downs, 1);
        }
    }

    pub(super) fn snapshot(&self) -> PacingCounts {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        PacingCounts {
            requests: self.requests.snapshot(),
            connections: count(&self.connections),
            bytes_out: count(&self.bytes_out),
            bytes_in: count(&self.bytes_in),
            slow_downs: count(&self.slow_downs),
            resets: count(&self.resets),
            stalls: count(&self.stalls),
            late_first_bytes: count(&self.late_first_bytes),
            by_second: self.seconds.lock().unwrap_or_else(PoisonError::into_inner).rows.clone(),
        }
    }

    pub(super) fn reset(&self) {
        self.requests.reset();
        for counter in [
            &self.connections,
            &self.bytes_out,
            &self.bytes_in,
            &self.slow_downs,
            &self.resets,
            &self.stalls,
            &self.late_first_bytes,
        ] {
            counter.store(0, Ordering::Relaxed);
        }
        *self.seconds.lock().unwrap_or_else(PoisonError::into_inner) = Seconds::default();
    }
}

pub(super) fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn refusals_are_told_apart_by_second_and_the_line_is_json() {
        let tally = Tally::default();
        tally.requests.begin(RequestKind::GetObject);
        let start = Instant::now();
        for (millisecond, admitted) in
            [(0, true), (100, false), (1_999, false), (3_000, true), (3_500, false)]
        {
            tally.decided(admitted, start + Duration::from_millis(millisecond));
        }
        let counts = tally.snapshot();
        assert_eq!((counts.slow_downs, counts.by_second.len()), (3, 4));
        assert!((counts.refused_after(0) - 0.6).abs() < 1e-9 && (counts.refused_after(2) - 0.5).abs() < 1e-9);
        assert!(counts.refused_after(9).abs() < 1e-9);
        assert_eq!(
            counts.json(),
            "{\"requests\":{\"GetObject\":1},\"total\":1,\"peak_in_flight\":1,\"connections\":0,\"bytes_out\":0,\
             \"bytes_in\":0,\"slow_downs\":3,\"resets\":0,\"stalls\":0,\"late_first_bytes\":0,\
             \"admitted_by_second\":[1,0,0,1],\"refused_by_second\":[1,1,0,1]}"
        );
        tally.reset();
        assert!(tally.snapshot().by_second.is_empty());
    }
}
