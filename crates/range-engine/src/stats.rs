//! `Counters`: what an engine did, counted as it happens; and the memory of the process, as the system counts it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that only grow.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: AtomicU64,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    retries: AtomicU64,
    hedges: AtomicU64,
}

impl Counters {
    /// Counts one request; `attempt` is its number from 1.
    pub(crate) fn request(&self, attempt: u32) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if attempt > 1 {
            self.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts one request that races another one.
    pub(crate) fn hedge(&self) {
        self.request(1);
        self.hedges.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self, bytes: u64) {
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn written(&self, bytes: u64) {
        self.bytes_written.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    pub(crate) fn bytes_written(&self) -> u64 {
        self.bytes_written.load(Ordering::Relaxed)
    }

    pub(crate) fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    pub(crate) fn hedges(&self) -> u64 {
        self.hedges.load(Ordering::Relaxed)
    }
}

/// The process's memory now, and the most it ever had, in bytes.
pub(crate) fn resident() -> (Option<u64>, Option<u64>) {
    if cfg!(target_os = "linux") {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        (field(&status, "VmRSS:"), field(&status, "VmHWM:"))
    } else {
        (None, None)
    }
}

/// A field of <https://docs.kernel.org/filesystems/proc.html>'s `status`, whose "kB" are 1024 bytes each.
fn field(status: &str, name: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_status_row_by_row() {
        let status =
            "Name:\tVmRSS\nVmHWM:\t   2048 kB\nVmRSS:\t       1 kB\nVmData:\t lots kB\nThreads:\t2\n";
        for (name, bytes) in [
            ("VmRSS:", Some(1024)),
            ("VmHWM:", Some(2048 << 10)),
            ("VmData:", None),
            ("Threads:", None),
            ("VmSwap:", None),
        ] {
            assert_eq!(field(status, name), bytes, "{name}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_says_how_much_memory_there_is() {
        let (now, peak) = resident();
        assert!(now > Some(0) && peak >= now, "{now:?} {peak:?}");
    }
}
