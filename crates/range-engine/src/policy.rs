//! `Policy`: when to split, into what, how much at once, and when to try again. Typed, checked, settable.

use std::time::{Duration, Instant};

use rangeway_core::{Error, Operation, Result};

use crate::link::{Direction, Link};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// How large the parts of a transfer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartSize {
    /// What suits the store and the object: 8 MiB, more where answers take long to begin or an upload would need too
    /// many parts, less where a read ends or memory is short.
    Auto,
    /// This many bytes; more where an upload would need too many parts.
    Bytes(u64),
}

impl PartSize {
    /// The size to start from, in bytes.
    pub fn base(self) -> u64 {
        match self {
            // 8 MiB keeps per-request costs below 1 % at 90 MB/s per connection and 25 ms latency only together with
            // many requests in flight, and 16 of them in 128 MiB of memory.
            Self::Auto => 8 * MIB,
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// How many requests for parts a store has in flight at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InFlight {
    /// As many as it takes, from 8 to 256, found by measuring.
    Auto,
    /// This many.
    Fixed(usize),
}

impl From<usize> for InFlight {
    fn from(requests: usize) -> Self {
        Self::Fixed(requests)
    }
}

/// How a store's transfers are split, scheduled and retried.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// Reads of up to this many bytes are one request.
    pub threshold: u64,
    /// Writes of up to this many bytes are one request; `u64::MAX` hands every write to the store as it is.
    pub put_threshold: u64,
    /// How large parts are.
    pub part_size: PartSize,
    /// How many requests for parts are in flight at one time.
    pub in_flight: InFlight,
    /// Where the search for the number of requests in flight begins.
    pub link: Link,
    /// Bytes per second that are enough.
    pub target: Option<u64>,
    /// How many bytes reads hold in buffers of their own, and as many writes.
    pub memory_limit: u64,
    /// How many bytes of results that are no longer in use are kept for the next ones.
    pub recycled_memory: u64,
    /// How often a request is sent, the first time included.
    pub attempts: u32,
    /// The wait before the second attempt.
    pub backoff: Duration,
    /// How long one attempt waits for its answer.
    pub first_byte_timeout: Duration,
    /// How long a body may stand still.
    pub stall_timeout: Duration,
    /// How long an operation may take that has no deadline of its own.
    pub operation_timeout: Option<Duration>,
    /// Whether late reads are raced by a second request.
    pub hedge: bool,
}

impl Policy {
    /// For services across a network.
    pub fn network() -> Self {
        Self {
            threshold: 8 * MIB,
            put_threshold: 16 * MIB,
            part_size: PartSize::Auto,
            in_flight: InFlight::Auto,
            link: Link::Aws,
            target: None,
            memory_limit: 128 * MIB,
            recycled_memory: 1024 * MIB,
            attempts: 6,
            backoff: Duration::from_millis(100),
            first_byte_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(20),
            operation_timeout: None,
            hedge: true,
        }
    }

    /// For files on this machine: writes are never split, and few reads at once fill a disk's queue.
    pub fn local() -> Self {
        Self {
            put_threshold: u64::MAX,
            in_flight: InFlight::Fixed(8),
            // What 8 requests fill. To send 1 GiB of a file to a service took 0.29 s and 206 MiB in all with it, 0.40 s and
            // 333 MiB with twice as much: memory that is touched again sooner is still in the processor's cache.
            memory_limit: 64 * MIB,
            attempts: 1,
            hedge: false,
            ..Self::network()
        }
    }

    /// For disks on this machine without the page cache between: as many requests in flight as the disk's queue takes, and
    /// writes are split, since each of their bytes waits for the disk.
    pub fn disk() -> Self {
        let memory_limit = Self::network().memory_limit;
        Self { put_threshold: 16 * MIB, in_flight: InFlight::Auto, memory_limit, ..Self::local() }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// `InvalidInput` that names the setting and its limits.
    pub fn validate(&self) -> Result<()> {
        let check = |holds: bool, rule: &str| {
            if holds { Ok(()) } else { Err(Error::invalid(rule).with_operation(Operation::Configure)) }
        };
        check(self.part_size.base() >= 64 * KIB, "part-size must be at least 64KiB")?;
        check(self.threshold >= 1, "threshold must be at least 1 byte")?;
        let in_flight = match self.in_flight {
            InFlight::Auto => 1,
            InFlight::Fixed(requests) => requests,
        };
        check((1..=4096).contains(&in_flight), "in-flight must be `auto` or from 1 to 4096")?;
        check(self.target != Some(0), "target must be more than 0")?;
        check(self.memory_limit >= self.part_size.base(), "memory-limit must hold at least one part")?;
        check((1..=100).contains(&self.attempts), "attempts must be from 1 to 100")?;
        check(!self.first_byte_timeout.is_zero(), "first-byte-timeout must be more than 0")?;
        check(!self.stall_timeout.is_zero(), "stall-timeout must be more than 0")?;
        check(self.operation_timeout != Some(Duration::ZERO), "operation-timeout must be more than 0")
    }

    /// Sets [`threshold`](Self#structfield.threshold).
    pub fn threshold(mut self, bytes: u64) -> Self {
        self.threshold = bytes;
        self
    }

    /// Sets [`put_threshold`](Self#structfield.put_threshold).
    pub fn put_threshold(mut self, bytes: u64) -> Self {
        self.put_threshold = bytes;
        self
    }

    /// Sets [`part_size`](Self#structfield.part_size).
    pub fn part_size(mut self, size: PartSize) -> Self {
        self.part_size = size;
        self
    }

    /// Sets [`in_flight`](Self#structfield.in_flight).
    pub fn in_flight(mut self, requests: impl Into<InFlight>) -> Self {
        self.in_flight = requests.into();
        self
    }

    /// Sets [`link`](Self#structfield.link).
    pub fn link(mut self, link: Link) -> Self {
        self.link = link;
        self
    }

    /// Sets [`target`](Self#structfield.target).
    pub fn target(mut self, rate: Option<u64>) -> Self {
        self.target = rate;
        self
    }

    /// With how many requests in flight the search begins.
    pub(crate) fn start(&self, direction: Direction) -> usize {
        self.link.start(direction, self.target, self.part_size.base())
    }

    /// Sets [`memory_limit`](Self#structfield.memory_limit).
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = bytes;
        self
    }

    /// Sets [`recycled_memory`](Self#structfield.recycled_memory).
    pub fn recycled_memory(mut self, bytes: u64) -> Self {
        self.recycled_memory = bytes;
        self
    }

    /// Sets [`attempts`](Self#structfield.attempts).
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets [`backoff`](Self#structfield.backoff).
    pub fn backoff(mut self, wait: Duration) -> Self {
        self.backoff = wait;
        self
    }

    /// Sets [`first_byte_timeout`](Self#structfield.first_byte_timeout).
    pub fn first_byte_timeout(mut self, timeout: Duration) -> Self {
        self.first_byte_timeout = timeout;
        self
    }

    /// Sets [`stall_timeout`](Self#structfield.stall_timeout).
    pub fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = timeout;
        self
    }

    /// Sets [`operation_timeout`](Self#structfield.operation_timeout).
    pub fn operation_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.operation_timeout = timeout;
        self
    }

    /// `deadline`, or that of an operation which begins now and has none.
    pub(crate) fn deadline(&self, deadline: Option<Instant>) -> Option<Instant> {
        deadline.or_else(|| Instant::now().checked_add(self.operation_timeout?))
    }

    /// Sets [`hedge`](Self#structfield.hedge).
    pub fn hedge(mut self, hedge: bool) -> Self {
        self.hedge = hedge;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() -> Result<()> {
        Policy::network().validate()?;
        Policy::disk().validate()?;
        Policy::local().validate()
    }
}
