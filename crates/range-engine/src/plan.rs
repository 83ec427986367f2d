//! The plan of a transfer: pure functions from sizes to ranges and parts.

use rangeway_core::{Error, GetRange, PartLimits, Result};

const MIB: u64 = 1 << 20;

/// The range that the first request of a read asks for: as much as one request may bring.
///
/// A long suffix is asked for whole, since where it begins is known only from the answer; so is everything when the
/// threshold is `u64::MAX`.
pub(crate) fn first_range(wanted: Option<&GetRange>, threshold: u64) -> Option<GetRange> {
    let cut = |start: u64, end: u64| Some(GetRange::Bounded(start..end.min(start.saturating_add(threshold))));
    match wanted {
        _ if threshold == u64::MAX => wanted.cloned(),
        None => cut(0, u64::MAX),
        Some(GetRange::Bounded(range)) => cut(range.start, range.end),
        Some(GetRange::Offset(start)) => cut(*start, u64::MAX),
        Some(GetRange::Suffix(length)) => Some(GetRange::Suffix(*length)),
    }
}

/// The part size of an upload of `length` bytes: `base`, or as much more as it takes to stay within `limits`.
///
/// # Errors
/// `InvalidInput` when the object is larger than the service takes.
pub(crate) fn upload_part_size(length: u64, base: u64, limits: &PartLimits) -> Result<u64> {
    let needed = length.div_ceil(u64::from(limits.max_count));
    let size = if needed > base { needed.checked_next_multiple_of(MIB).unwrap_or(needed) } else { base };
    // Rounding up is a nicety that must not cost the last MiB of what the service takes.
    let size = if size > limits.max_size { needed.max(limits.max_size.min(base)) } else { size };
    let size = size.max(limits.min_size);
    if size > limits.max_size {
        let largest = limits.max_size.saturating_mul(u64::from(limits.max_count));
        return Err(Error::invalid(format!(
            "{length} bytes are too many for one object: the service takes {largest} at most"
        )));
    }
    Ok(size)
}

/// The size of part `number` (from 1) of an upload of unknown length: it doubles every tenth of the parts that the
/// service allows, so that 8 MiB parts reach 8 TiB before 10,000 of them are used up.
pub(crate) fn streamed_part_size(number: u32, base: u64, limits: &PartLimits) -> u64 {
    let doublings = (number - 1) / (limits.max_count / 10).max(1);
    let grown = base.checked_shl(doublings).filter(|grown| grown >> doublings == base).unwrap_or(u64::MAX);
    grown.clamp(limits.min_size, limits.max_size)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const S3: PartLimits = PartLimits::new(5 * MIB, 5 << 30, 10_000);

    #[test]
    fn the_first_request_row_by_row() {
        for (wanted, first) in [
            (None, GetRange::Bounded(0..100)),
            (Some(GetRange::Bounded(5..50)), GetRange::Bounded(5..50)),
            (Some(GetRange::Bounded(5..500)), GetRange::Bounded(5..105)),
            (Some(GetRange::Offset(7)), GetRange::Bounded(7..107)),
            (Some(GetRange::Offset(u64::MAX)), GetRange::Bounded(u64::MAX..u64::MAX)),
            (Some(GetRange::Suffix(500)), GetRange::Suffix(500)),
        ] {
            assert_eq!(first_range(wanted.as_ref(), 100), Some(first), "{wanted:?}");
        }
        assert_eq!(first_range(None, u64::MAX), None);
    }

    #[test]
    fn upload_part_sizes_row_by_row() {
        for (length, size) in [
            (0, Ok(8 * MIB)),
            (10_000 * 8 * MIB, Ok(8 * MIB)),
            (10_000 * 8 * MIB + 1, Ok(9 * MIB)),
            (5 << 40, Ok(525 * MIB)),
            (10_000 * (5 << 30), Ok(5 << 30)),
            (10_000 * (5 << 30) + 1, Err(())),
        ] {
            assert_eq!(upload_part_size(length, 8 * MIB, &S3).map_err(|_| ()), size, "{length}");
        }
        assert_eq!(
            upload_part_size(1, 64 << 10, &S3).ok(),
            Some(5 * MIB),
            "never below the service's minimum"
        );
    }

    #[test]
    fn a_stream_of_unknown_length_can_reach_five_tebibytes() {
        let total: u64 = (1..=10_000).map(|number| streamed_part_size(number, 8 * MIB, &S3)).sum();
        assert!(total >= 5 << 40, "{total}");
        assert_eq!(streamed_part_size(1, 8 * MIB, &S3), 8 * MIB);
        assert_eq!(streamed_part_size(1001, 8 * MIB, &S3), 16 * MIB);
    }

    proptest! {
        #[test]
        fn upload_parts_stay_within_the_limits(length in 0..=10_000 * (5u64 << 30), base in 1 << 16..6u64 << 30) {
            let size = upload_part_size(length, base, &S3)?;
            prop_assert!((S3.min_size..=S3.max_size).contains(&size));
            prop_assert!(length.div_ceil(size) <= u64::from(S3.max_count));
        }

        #[test]
        fn streamed_parts_never_shrink(number in 1..10_000u32, base in 1 << 16..5u64 << 30) {
            let (this, next) = (streamed_part_size(number, base, &S3), streamed_part_size(number + 1, base, &S3));
            prop_assert!(this <= next && (S3.min_size..=S3.max_size).contains(&this));
        }
    }
}
