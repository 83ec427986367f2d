//! Times, sizes and rates as people read them.

use std::time::{Duration, SystemTime};

use indicatif::BinaryBytes;

/// The first second that RFC 3339 has no four-digit year for.
const YEAR_10000: u64 = 253_402_300_800;

/// A time as RFC 3339 in UTC, with fractions of a second only where there are some; `None` for times it cannot express.
pub(crate) fn rfc3339(time: SystemTime) -> Option<String> {
    in_range(time).then(|| humantime::format_rfc3339(time).to_string())
}

/// A time as RFC 3339 in UTC, in whole seconds.
pub(crate) fn rfc3339_seconds(time: SystemTime) -> Option<String> {
    in_range(time).then(|| humantime::format_rfc3339_seconds(time).to_string())
}

fn in_range(time: SystemTime) -> bool {
    time.duration_since(SystemTime::UNIX_EPOCH).is_ok_and(|since| since.as_secs() < YEAR_10000)
}

/// A number of bytes with a unit: `1.50 MiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    BinaryBytes(bytes).to_string()
}

/// A number of bytes in a time, as a rate: `1.50 MiB/s`.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate with three digits, never negative"
)]
pub(crate) fn rate(count: u64, time: Duration) -> String {
    let seconds = time.as_secs_f64().max(1e-9);
    format!("{}/s", bytes((count as f64 / seconds) as u64))
}

/// `1 object`, `2 objects`.
pub(crate) fn objects(count: u64) -> String {
    format!("{count} object{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_cannot_be_expressed_are_left_out() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(rfc3339(at(0)).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(
            rfc3339(at(1) + Duration::from_millis(5)).as_deref(),
            Some("1970-01-01T00:00:01.005000000Z")
        );
        assert_eq!(
            rfc3339_seconds(at(1) + Duration::from_millis(5)).as_deref(),
            Some("1970-01-01T00:00:01Z")
        );
        assert_eq!(rfc3339(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), None);
        assert_eq!(rfc3339_seconds(at(YEAR_10000)), None);
    }

    #[test]
    fn sizes_and_rates_have_units() {
        assert_eq!(bytes(1_572_864), "1.50 MiB");
        assert_eq!(rate(3 << 30, Duration::from_secs(2)), "1.50 GiB/s");
        assert_eq!((objects(1), objects(0)), ("1 object".to_owned(), "0 objects".to_owned()));
    }
}
