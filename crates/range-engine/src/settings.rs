//! The engine's rows of the settings table, and the policy that their values make.

use rangeway_core::{Alias, Error, Operation, Result, Setting, SettingKind, Settings};

use crate::{InFlight, Link, PartSize, Policy};

const PART_SIZE: Setting = Setting::new(
    "part-size",
    SettingKind::Size,
    "Size of the ranges and upload parts that large transfers are split into. `auto` is 8MiB; for reads up to 64MiB where \
     answers take long to begin, and down to 4MiB at the end of a read or where memory is short. Upload parts grow \
     where the service allows only so many of them.",
)
.env(&["RANGEWAY_PART_SIZE"])
.aliases(&[
    Alias::new("S3DLIO_CHUNK_SIZE", ""),
    Alias::new("S3DLIO_GET_PART_SIZE", ""),
    Alias::new("S3DLIO_PART_SIZE_MB", "MiB"),
])
.default("auto");

const THRESHOLD: Setting = Setting::new(
    "threshold",
    SettingKind::Size,
    "Reads of up to this many bytes are one request, larger ones are split. 8MiB unless set.",
)
.env(&["RANGEWAY_THRESHOLD"])
.aliases(&[Alias::new("S3DLIO_CONCURRENT_THRESHOLD", ""), Alias::new("S3DLIO_GET_THRESHOLD", "")]);

const PUT_THRESHOLD: Setting = Setting::new(
    "put-threshold",
    SettingKind::Size,
    "Writes of up to this many bytes are one request, larger ones are multipart uploads. 16MiB unless set; `file://` \
     never writes in parts.",
)
.env(&["RANGEWAY_PUT_THRESHOLD"]);

const IN_FLIGHT: Setting = Setting::new(
    "in-flight",
    SettingKind::Count,
    "How many requests for parts a store has in flight at one time, all its transfers together. `auto` finds the number \
     from 8 to 256 that brings the most, and backs off where the service asks for less. `auto` unless set, 8 for \
     `file://`.",
)
.env(&["RANGEWAY_IN_FLIGHT"])
.aliases(&[
    Alias::new("S3DLIO_RANGE_CONCURRENCY", ""),
    Alias::new("S3DLIO_GET_INFLIGHT", ""),
    Alias::new("S3DLIO_CONCURRENCY", ""),
]);

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
     part is sent, does not count. 128MiB unless set, 64MiB for `file://`.",
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
.env(&["RANGEWAY_STALL_TIMEOUT"])
.aliases(&[Alias::new("S3DLIO_READ_TIMEOUT_MS", "ms")]);

const HEDGE: Setting = Setting::new(
    "hedge",
    SettingKind::Flag,
    "Whether a read whose answer or bytes are late, compared with the store's other reads, is raced by a second request. \
     At most one request in twenty is. `true` unless set; files are never raced.",
)
.env(&["RANGEWAY_HEDGE"]);

const OPERATION_TIMEOUT: Setting = Setting::new(
    "operation-timeout",
    SettingKind::Duration,
    "How long each operation may take that has no deadline of its own: a read with its body, a write, a copy, a head. \
     Cleaning up after one that failed is not cut short, and listings and deletions have no limit. None unless set.",
)
.env(&["RANGEWAY_OPERATION_TIMEOUT"])
.aliases(&[Alias::new("S3DLIO_OPERATION_TIMEOUT_SECS", "s")]);

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
    OPERATION_TIMEOUT,
    HEDGE,
];

impl Policy {
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
        replace(&mut self.link, link(settings)?);
        self.target = settings.rate(&TARGET)?.or(self.target);
        replace(&mut self.threshold, settings.size(&THRESHOLD)?);
        replace(&mut self.put_threshold, settings.size(&PUT_THRESHOLD)?);
        replace(&mut self.memory_limit, settings.size(&MEMORY_LIMIT)?);
        replace(&mut self.recycled_memory, settings.size(&RECYCLED_MEMORY)?);
        replace(&mut self.attempts, settings.count(&ATTEMPTS)?);
        replace(&mut self.backoff, settings.duration(&BACKOFF)?);
        replace(&mut self.first_byte_timeout, settings.duration(&FIRST_BYTE_TIMEOUT)?);
        replace(&mut self.stall_timeout, settings.duration(&STALL_TIMEOUT)?);
        self.operation_timeout = settings.duration(&OPERATION_TIMEOUT)?.or(self.operation_timeout);
        replace(&mut self.hedge, settings.flag(&HEDGE)?);
        self.validate()?;
        Ok(self)
    }
}

fn link(settings: &Settings) -> Result<Option<Link>> {
    let Some(name) = settings.text(&LINK) else { return Ok(None) };
    match name.trim().to_ascii_lowercase().as_str() {
        "aws" => Ok(Some(Link::Aws)),
        "high-performance" => Ok(Some(Link::HighPerformance)),
        _ => Err(Error::invalid(format!("link is {name:?}, not `aws` or `high-performance`"))
            .with_operation(Operation::Configure)),
    }
}

fn replace<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rangeway_core::Env;

    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn settings_change_what_they_name() -> Result<()> {
        let settings =
            Settings::default().set("part-size", "1MiB").set("in-flight", "3").set("backoff", "5ms");
        let policy = Policy::network().from_settings(&settings)?;
        assert_eq!((policy.part_size, policy.in_flight), (PartSize::Bytes(MIB), InFlight::Fixed(3)));
        assert_eq!(policy.backoff, Duration::from_millis(5));
        let link = Settings::default().set("link", "high-performance").set("target", "25Gbit/s");
        let policy = Policy::network().from_settings(&link)?;
        assert_eq!((policy.link, policy.target), (Link::HighPerformance, Some(3_125_000_000)));
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
            ("operation-timeout", "0s"),
            ("link", "modem"),
            ("target", "25"),
        ] {
            let error =
                Policy::network().from_settings(&Settings::default().set(name, value)).expect_err(name);
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn aliases_row_by_row() -> Result<()> {
        let network = Policy::network;
        for (variable, value, policy) in [
            ("S3DLIO_CONCURRENT_THRESHOLD", "1048576", network().threshold(MIB)),
            ("S3DLIO_GET_THRESHOLD", "2097152", network().threshold(2 * MIB)),
            ("S3DLIO_CHUNK_SIZE", "1048576", network().part_size(PartSize::Bytes(MIB))),
            ("S3DLIO_GET_PART_SIZE", "3145728", network().part_size(PartSize::Bytes(3 * MIB))),
            ("S3DLIO_PART_SIZE_MB", "16", network().part_size(PartSize::Bytes(16 * MIB))),
            ("S3DLIO_RANGE_CONCURRENCY", "3", network().in_flight(3)),
            ("S3DLIO_GET_INFLIGHT", "5", network().in_flight(5)),
            ("S3DLIO_CONCURRENCY", "7", network().in_flight(7)),
            ("S3DLIO_READ_TIMEOUT_MS", "1500", network().stall_timeout(Duration::from_millis(1500))),
            (
                "S3DLIO_OPERATION_TIMEOUT_SECS",
                "90",
                network().operation_timeout(Some(Duration::from_secs(90))),
            ),
            ("S3DLIO_TARGET_GBPS", "25", network().target(Some(3_125_000_000))),
        ] {
            let settings = Settings::new([(variable, value)].into_iter().collect::<Env>());
            assert_eq!(network().from_settings(&settings)?, policy, "{variable}");
            let nonsense = Settings::new([(variable, "soon")].into_iter().collect::<Env>());
            let error = network().from_settings(&nonsense).expect_err(variable).to_string();
            assert!(error.contains(variable), "{error}");
        }
        Ok(())
    }
}
