//! What this process uses of its machine: processor time, and memory at its peak.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The time that all threads together have spent on processors, in the system's calls too.
pub(crate) fn processor_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}

/// Makes [`peak_memory`] begin anew, where the system can.
///
/// Source: `clear_refs` in <https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html>.
pub(crate) fn forget_peak_memory() {
    // Where this is refused the peak is that of the whole run: an upper bound.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The most memory that was resident at one time, in bytes; `None` where the system does not say.
pub(crate) fn peak_memory() -> Option<u64> {
    peak(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn peak(status: &str) -> Option<u64> {
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1 << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_where_there_is_one() {
        for (status, expected) in [
            ("Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t 1024 kB\n", Some(2 << 20)),
            ("Name:\tx\n", None),
            ("VmHWM:\tmany kB\n", None),
        ] {
            assert_eq!(peak(status), expected, "{status}");
        }
    }

    #[test]
    fn work_takes_processor_time() {
        let before = processor_time();
        let deadline = std::time::Instant::now() + Duration::from_mins(1);
        while processor_time() == before {
            assert!(std::time::Instant::now() < deadline, "the clock stands still");
        }
    }
}
