//! What this process uses of its machine: processor time, and the beginning of a peak of memory.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The time that all threads together have spent on processors, in the system's calls too.
pub(crate) fn processor_time() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap_or_default()
}

/// Makes the peak of resident memory, which stores tell, begin anew where the system can.
///
/// Source: `clear_refs` in <https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html>.
pub(crate) fn forget_peak_memory() {
    // Where this is refused the peak is that of the whole run: an upper bound.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_processor_time() {
        let before = processor_time();
        let deadline = std::time::Instant::now() + Duration::from_mins(1);
        while processor_time() == before {
            assert!(std::time::Instant::now() < deadline, "the clock stands still");
        }
    }
}
