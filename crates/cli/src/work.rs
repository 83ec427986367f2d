//! `Work`: what a store did, for `-v`, the demo and the benchmark.

use rangeway::TransferStats;
use serde::Serialize;

use crate::text;

/// What a store did since it was opened, or between two moments. Peaks are those since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Work {
    pub(crate) requests: u64,
    pub(crate) bytes_read: u64,
    pub(crate) bytes_written: u64,
    pub(crate) retries: u64,
    pub(crate) hedges: u64,
    pub(crate) fallbacks: u64,
    pub(crate) peak_in_flight: u64,
    pub(crate) peak_buffered: u64,
    /// Of the whole process.
    pub(crate) peak_memory: Option<u64>,
}

impl From<TransferStats> for Work {
    fn from(stats: TransferStats) -> Self {
        Self {
            requests: stats.requests,
            bytes_read: stats.bytes_read,
            bytes_written: stats.bytes_written,
            retries: stats.retries,
            hedges: stats.hedges,
            fallbacks: stats.fallbacks,
            peak_in_flight: stats.peak_in_flight,
            peak_buffered: stats.peak_buffered,
            peak_memory: stats.peak_resident,
        }
    }
}

impl Work {
    /// What was done since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            requests: self.requests - before.requests,
            bytes_read: self.bytes_read - before.bytes_read,
            bytes_written: self.bytes_written - before.bytes_written,
            retries: self.retries - before.retries,
            hedges: self.hedges - before.hedges,
            fallbacks: self.fallbacks - before.fallbacks,
            ..self
        }
    }

    /// This work and other of the same store.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            bytes_read: self.bytes_read + other.bytes_read,
            bytes_written: self.bytes_written + other.bytes_written,
            retries: self.retries + other.retries,
            hedges: self.hedges + other.hedges,
            fallbacks: self.fallbacks + other.fallbacks,
            peak_in_flight: self.peak_in_flight.max(other.peak_in_flight),
            peak_buffered: self.peak_buffered.max(other.peak_buffered),
            peak_memory: self.peak_memory.max(other.peak_memory),
        }
    }

    /// Whether nothing was done.
    pub(crate) fn is_nothing(self) -> bool {
        self.requests == 0 && self.bytes_read == 0 && self.bytes_written == 0
    }

    /// The requests, in words.
    pub(crate) fn requests_in_words(self) -> String {
        let Self { requests, retries, hedges, fallbacks, peak_in_flight, .. } = self;
        let plural = if requests == 1 { "" } else { "s" };
        let words = format!(
            "{requests} request{plural}, at most {peak_in_flight} in flight, {retries} retries, {hedges} hedges"
        );
        // On the direct path all goes as it should; whoever reads slowly may want to know of the other.
        if fallbacks == 0 { words } else { format!("{words}, {fallbacks} fallbacks") }
    }

    /// The memory, in words.
    pub(crate) fn memory_in_words(self) -> String {
        let buffered = format!("at most {} in buffers", text::bytes(self.peak_buffered));
        match self.peak_memory {
            Some(peak) => format!("{buffered}, {} of memory in all", text::bytes(peak)),
            None => buffered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_and_sums_keep_peaks() {
        let before = Work { requests: 3, bytes_read: 5, peak_in_flight: 2, ..Work::default() };
        let after = Work { requests: 7, bytes_read: 9, peak_in_flight: 4, ..Work::default() };
        let work = after.since(before);
        assert_eq!((work.requests, work.bytes_read, work.peak_in_flight), (4, 4, 4));
        assert_eq!(before.and(work), after);
        assert!(Work::default().is_nothing() && !work.is_nothing());
    }

    #[test]
    fn it_reads_as_words() {
        let work = Work { requests: 1, peak_in_flight: 1, peak_buffered: 1 << 20, ..Work::default() };
        assert_eq!(work.requests_in_words(), "1 request, at most 1 in flight, 0 retries, 0 hedges");
        let work = Work { fallbacks: 3, ..work };
        assert!(work.requests_in_words().ends_with(", 3 fallbacks"));
        assert_eq!(work.memory_in_words(), "at most 1.00 MiB in buffers");
    }
}
