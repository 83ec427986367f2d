//! `Meter`: wall time, processor time and peak memory of this process while something runs.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

const STATUS: &str = "/proc/self/status";

/// What a run cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// From start to end.
    pub wall: Duration,
    /// Processor time of all threads, in user mode and in the kernel.
    pub cpu: Duration,
    /// The most memory that was resident at one time, in bytes; all of the process, not only what the run added.
    pub peak_memory: u64,
}

/// Measures this process, and not its children, from its start on.
#[derive(Debug)]
pub struct Meter {
    wall: Instant,
    cpu: Duration,
}

impl Meter {
    /// Starts to measure. The peak of memory starts from what is resident now.
    ///
    /// # Errors
    /// On systems without Linux' `/proc/self/clear_refs`.
    pub fn start() -> Result<Self> {
        fs::write("/proc/self/clear_refs", "5").context("resetting the peak of memory")?;
        Ok(Self { cpu: cpu_time(), wall: Instant::now() })
    }

    /// What was used since the start.
    ///
    /// # Errors
    /// On systems without Linux' `/proc/self/status`.
    pub fn stop(self) -> Result<Usage> {
        let wall = self.wall.elapsed();
        let cpu = cpu_time().saturating_sub(self.cpu);
        let status = fs::read_to_string(STATUS).context(STATUS)?;
        let peak_memory = peak_memory(&status).with_context(|| format!("no VmHWM in {STATUS}"))?;
        Ok(Usage { wall, cpu, peak_memory })
    }
}

/// Processor time of this process so far. A clock, because what `/proc` and rusage say may be whole ticks of 4 ms.
fn cpu_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

/// The peak of resident memory that a `/proc/PID/status` of Linux tells, in bytes.
fn peak_memory(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_in_bytes() {
        assert_eq!(peak_memory("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 8 kB\n"), Some(2 << 20));
        assert_eq!(peak_memory("Name:\tx\n"), None);
        assert_eq!(peak_memory("VmHWM:\tmuch\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn work_and_memory_are_seen() -> Result<()> {
        const SIZE: usize = 64 << 20;
        let meter = Meter::start()?;
        let memory = vec![7_u8; SIZE];
        let sum: u64 = std::hint::black_box(&memory).iter().map(|byte| u64::from(*byte)).sum();
        assert_eq!(sum, 7 * SIZE as u64);
        drop(memory);
        let usage = meter.stop()?;
        assert!(usage.peak_memory >= SIZE as u64, "{usage:?}");
        assert!(usage.cpu > Duration::ZERO && usage.wall > Duration::ZERO, "{usage:?}");
        Ok(())
    }
}
