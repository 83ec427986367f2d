//! `Policy`: when to split, into what, how much at once, and when to try again. Typed, checked, settable.

use std::time::Duration;

use rangeway_core::{Alias, Error, Operation, Result, Setting, SettingKind, Settings};

use crate::link::{Direction, Link};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

const PART_SIZE: Setting = Setting::new(
    "part-size",
    SettingKind::Size,
    "Size of the ranges and upload parts that large transfers are split into; `auto` is 8MiB. Upload parts grow \
     where the service allows only so many of them.",
)
.env(&["RANGEWAY_PART_SIZE"])
.default("auto");

const THRESHOLD: Setting = Setting::new(
    "threshold",
    SettingKind::Size,
    "Reads of up to this many bytes are one request, larger ones are split. 8MiB unless set.",
)
.env(&["RANGEWAY_THRESHOLD"]);

const PUT_THRESHOLD: Setting = Setting::new(
    "put-threshold",
    SettingKind::Size,
    "Writes of up to this many bytes are one request, larger ones are multipart uploads. 16MiB unless set; files are \
     never written in parts.",
)
.env(&["RANGEWAY_PUT_THRESHOLD"]);

const IN_FLIGHT: Setting = Setting::new(
    "in-flight",
    SettingKind::Count,
    "How many requests for parts a store has in flight at one time, all its transfers together. `auto` finds the number \
     from 8 to 256 that brings the most, and backs off where the service asks for less. `auto` unless set, 8 for files.",
)
.env(&["RANGEWAY_IN_FLIGHT"]);

const LINK: Setting = Setting::new(
    "link",
    SettingKind::Text,
    "What kind of service is at the other end, which says where the search for the number of requests begins: `aws` for \
     90 MB/s down and 20 MB/s up on each connection, `high-performance` for 150 and 100. `aws` unless set.",
)
.env(&["RANGEWAY_LINK"]);

const TARGET: Setting = Setting::new(
    "target",
    SettingKind::Rate,
    "The rate that is enough, in all. As many requests are in flight from the beginning as it takes on such a `link`, and \
     no more are tried once it is reached. Nothing is held back to keep to it.",
)
.env(&["RANGEWAY_TARGET"])
.aliases(&[Alias::new("S3DLIO_TARGET_GBPS", "Gbit/s")]);

const MEMORY_LIMIT: Setting = Setting::new(
    "memory-limit",
    SettingKind::Size,
    "How many bytes a store's reads hold in buffers of their own, and as many its writes. Memory that the caller \
     asked for, such as a whole object as one buffer, and what a stream of unknown length brings before its first \
     part is sent, does not count. 128MiB unless set.",
)
.env(&["RANGEWAY_MEMORY_LIMIT"]);

const RECYCLED_MEMORY: Setting = Setting::new(
    "recycled-memory",
    SettingKind::Size,
    "How many bytes of results that are no longer in use a store keeps for the next ones, as fresh memory costs time. \
     What nobody asks for within 10 s is given back. `0` keeps none. 1GiB unless set.",
)
.env(&["RANGEWAY_RECYCLED_MEMORY"]);

const ATTEMPTS: Setting = Setting::new(
    "attempts",
    SettingKind::Count,
    "How often a request is sent before its failure is final, the first time included. 6 unless set, 1 for files.",
)
.env(&["RANGEWAY_ATTEMPTS"]);

const BACKOFF: Setting = Setting::new(
    "backoff",
    SettingKind::Duration,
    "Wait before the second attempt, 100ms unless set; each further wait is up to twice as long, at most 20s, with jitter. A longer \
     `Retry-After` of the service is honoured.",
)
.env(&["RANGEWAY_BACKOFF"]);

const FIRST_BYTE_TIMEOUT: Setting = Setting::new(
    "first-byte-timeout",
    SettingKind::Duration,
    "How long one attempt waits for the answer to a request. 30s unless set.",
)
.env(&["RANGEWAY_FIRST_BYTE_TIMEOUT"]);

const STALL_TIMEOUT: Setting = Setting::new(
    "stall-timeout",
    SettingKind::Duration,
    "How long a body may stand still before the attempt is given up and resumed elsewhere. 20s unless set.",
)
.env(&["RANGEWAY_STALL_TIMEOUT"]);

const HEDGE: Setting = Setting::new(
    "hedge",
    SettingKind::Flag,
    "Whether a read whose answer or bytes are late, compared with the store's other reads, is raced by a second request. \
     At most one request in twenty is. `true` unless set; files are never raced.",
)
.env(&["RANGEWAY_HEDGE"]);

/// The engine's rows of the settings table: every backend understands them.
pub const SETTINGS: &[Setting] = &[
    PART_SIZE,
    THRESHOLD,
    PUT_THRESHOLD,
    IN_FLIGHT,
    LINK,
    TARGET,
    MEMORY_LIMIT,
    RECYCLED_MEMORY,
    ATTEMPTS,
    BACKOFF,
    FIRST_BYTE_TIMEOUT,
    STALL_TIMEOUT,
    HEDGE,
];

/// How large the parts of a transfer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartSize {
    /// What suits the store and the object: 8 MiB, more where an upload would need too many parts.
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
            hedge: true,
        }
    }

    /// For files on this machine: writes are never split, and few reads at once fill a disk's queue.
    pub fn local() -> Self {
        Self {
            put_threshold: u64::MAX,
            in_flight: InFlight::Fixed(8),
            attempts: 1,
            hedge: false,
            ..Self::network()
        }
    }

    /// This policy with what `settings` say.
    ///
    /// # Errors
    /// `InvalidInput` that names the setting.
    pub fn from_settings(mut self, settings: &Settings) -> Result<Self> {
        let is_auto =
            |setting| settings.text(setting).is_some_and(|value| value.eq_ignore_ascii_case("auto"));
        if is_auto(&PART_SIZE) {
            self.part_size = PartSize::Auto;
        } else {
            replace(&mut self.part_size, settings.size(&PART_SIZE)?.map(PartSize::Bytes));
        }
        if is_auto(&IN_FLIGHT) {
            self.in_flight = InFlight::Auto;
        } else {
            replace(&mut self.in_flight, settings.count(&IN_FLIGHT)?.map(InFlight::Fixed));
        }
        if let Some(name) = settings.text(&LINK) {
            self.link = match name.to_ascii_lowercase().as_str() {
                "aws" => Link::Aws,
                "high-performance" => Link::HighPerformance,
                _ => {
                    return Err(Error::invalid(format!("link is {name:?}, not `aws` or `high-performance`"))
                        .with_operation(Operation::Configure));
                }
            };
        }
        self.target = settings.rate(&TARGET)?.or(self.target);
        replace(&mut self.threshold, settings.size(&THRESHOLD)?);
        replace(&mut self.put_threshold, settings.size(&PUT_THRESHOLD)?);
        replace(&mut self.memory_limit, settings.size(&MEMORY_LIMIT)?);
        replace(&mut self.recycled_memory, settings.size(&RECYCLED_MEMORY)?);
        replace(&mut self.attempts, settings.count(&ATTEMPTS)?);
        replace(&mut self.backoff, settings.duration(&BACKOFF)?);
        replace(&mut self.first_byte_timeout, settings.duration(&FIRST_BYTE_TIMEOUT)?);
        replace(&mut self.stall_timeout, settings.duration(&STALL_TIMEOUT)?);
        replace(&mut self.hedge, settings.flag(&HEDGE)?);
        self.validate()?;
        Ok(self)
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
        check(!self.stall_timeout.is_zero(), "stall-timeout must be more than 0")
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

    /// Sets [`hedge`](Self#structfield.hedge).
    pub fn hedge(mut self, hedge: bool) -> Self {
        self.hedge = hedge;
        self
    }
}

fn replace<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() -> Result<()> {
        Policy::network().validate()?;
        Policy::local().validate()
    }

    #[test]
    fn settings_change_what_they_name() -> Result<()> {
        let settings =
            Settings::default().set("part-size", "1MiB").set("in-flight", "3").set("backoff", "5ms");
        let policy = Policy::network().from_settings(&settings)?;
        assert_eq!((policy.part_size, policy.in_flight), (PartSize::Bytes(MIB), InFlight::Fixed(3)));
        assert_eq!(policy.backoff, Duration::from_millis(5));
        let auto = Settings::default().set("part-size", "auto").set("in-flight", "auto");
        assert_eq!(Policy::network().from_settings(&auto)?, Policy::network());
        Ok(())
    }

    #[test]
    fn bad_values_are_refused_by_name() {
        for (name, value) in [
            ("part-size", "1KiB"),
            ("in-flight", "0"),
            ("attempts", "0"),
            ("memory-limit", "1MiB"),
            ("threshold", "many"),
            ("stall-timeout", "0s"),
        ] {
            let error =
                Policy::network().from_settings(&Settings::default().set(name, value)).expect_err(name);
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
