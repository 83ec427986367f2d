//! How large the parts of a read are: pure functions of what is known of the service, and of what is left to read.

use crate::PartSize;

const MIB: u64 = 1 << 20;

/// No part is larger: what breaks off or is raced would be asked for again in pieces too large to share out.
const LARGEST: u64 = 64 * MIB;

/// Sizes that follow from a division are multiples of this, so that no memory page and no disk block is shared.
const GRAIN: u64 = 64 << 10;

/// What is known when the next part of a read is planned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    /// Bytes that no part has been planned for.
    pub(crate) unplanned: u64,
    /// Bytes of planned parts that have not come yet.
    pub(crate) unfinished: u64,
    /// How many parts of this read may be in flight at one time, with those that are.
    pub(crate) slots: u64,
    /// Memory for each part, in bytes; `u64::MAX` where it is the caller's.
    pub(crate) memory: u64,
}

/// What is known of the service.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// What one connection brings in the time that an answer takes to begin, in bytes, once that is known.
    pub(crate) lag: Option<u64>,
    /// Whether more requests can be in flight if that helps.
    pub(crate) may_grow: bool,
}

/// The sizes of the parts of one read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    size: PartSize,
    /// Parts below the base size are no gain for what fits into one of them.
    is_short: bool,
}

impl Sizes {
    /// For a read of which `rest` bytes follow those of its first request.
    pub(crate) fn new(size: PartSize, rest: u64) -> Self {
        Self { size, is_short: rest <= size.base() }
    }

    /// The length of the next part.
    pub(crate) fn next(self, left: Left, known: Known) -> u64 {
        let base = match self.size {
            PartSize::Bytes(bytes) => return bytes.min(left.unplanned),
            PartSize::Auto => self.size.base(),
        };
        let lag = known.lag.unwrap_or_default();
        // Less than half the base gains nothing: the first request brings that much in any case, and the end of a long
        // read comes less than 0.1 % sooner in the simulation.
        let most = usual(base, lag, known.may_grow).min(left.memory / GRAIN * GRAIN).max(base / 2);
        // Where answers begin at once, more requests only cost more.
        let least = if self.is_short || lag < base / 8 { base } else { base / 2 };
        // All parts end together when each slot gets the same of what is left.
        let even = (left.unplanned.saturating_add(left.unfinished)).div_ceil(left.slots.max(1));
        let size = even.clamp(least.min(most), most).next_multiple_of(GRAIN);
        match left.unplanned.div_ceil(size) {
            0 | 1 => left.unplanned,
            // Halves, and not one more part of a few bytes.
            2 => left.unplanned.div_ceil(2).next_multiple_of(GRAIN).min(left.unplanned),
            _ => size,
        }
    }
}

/// The size of parts while much is left: as many doublings of `base` as it takes to keep the wait for the first byte
/// below a quarter of a part's time; below a twentieth where more requests at a time cannot make up for the wait.
fn usual(base: u64, lag: u64, may_grow: bool) -> u64 {
    let wanted = lag.saturating_mul(if may_grow { 3 } else { 19 });
    let mut size = base;
    while size < wanted && size < LARGEST {
        size *= 2;
    }
    size
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BASE: u64 = 8 * MIB;

    /// The parts of a read whose bytes all come as soon as its slots are full.
    fn planned(size: PartSize, length: u64, slots: u64, known: Known, memory: u64) -> Vec<u64> {
        let rest = length.saturating_sub(BASE);
        let sizes = Sizes::new(size, rest);
        let mut left = Left { unplanned: rest, unfinished: length - rest, slots, memory };
        let (mut parts, mut in_flight) = (Vec::new(), 1);
        while left.unplanned > 0 {
            if in_flight >= slots {
                (left.unfinished, in_flight) = (0, 0);
            }
            let part = sizes.next(left, known);
            left.unplanned -= part;
            left.unfinished += part;
            in_flight += 1;
            parts.push(part);
        }
        parts
    }

    #[test]
    fn reads_row_by_row() {
        let far = Some(27 * MIB / 10);
        for (length, lag, parts) in [
            (9, far, vec![1]),
            (16, far, vec![8]),
            (16, None, vec![8]),
            (17, None, vec![5, 5]),
            (17, far, vec![4, 3, 3]),
            (64, None, vec![8; 7]),
            (64, Some(0), vec![8; 7]),
            (64, far, vec![4; 14]),
            (24, Some(20 * MIB), vec![4; 4]),
        ] {
            let known = Known { lag, may_grow: true };
            let found = planned(PartSize::Auto, length * MIB, 16, known, u64::MAX);
            let found: Vec<_> = found.into_iter().map(|part| part.div_ceil(MIB)).collect();
            assert_eq!(found, parts, "{length} MiB, {lag:?}");
        }
    }

    #[test]
    fn usual_sizes_row_by_row() {
        // 30 ms, 100 ms and a second at 90 MB/s.
        let [near, far, slow] = [2_700_000, 9_000_000, 90_000_000].map(Some);
        for (lag, may_grow, memory, size) in [
            (None, true, u64::MAX, 8),
            (Some(0), false, u64::MAX, 8),
            (near, true, u64::MAX, 8),
            (near, false, u64::MAX, 64),
            (far, true, u64::MAX, 32),
            (far, false, u64::MAX, 64),
            (slow, true, u64::MAX, 64),
            (far, true, 128 * MIB / 16, 8),
            (far, true, 128 * MIB / 8, 16),
            (far, true, 128 * MIB / 20, 6),
            (None, true, 128 * MIB / 64, 4),
        ] {
            let left = Left { unplanned: 1 << 40, unfinished: 0, slots: 16, memory };
            let found = Sizes::new(PartSize::Auto, 1 << 40).next(left, Known { lag, may_grow });
            assert_eq!(found / MIB, size, "{lag:?} {may_grow} {memory}");
        }
    }

    #[test]
    fn a_size_that_was_asked_for_is_exact() {
        for lag in [None, Some(90_000_000)] {
            let known = Known { lag, may_grow: false };
            let parts = planned(PartSize::Bytes(3_000_000), 20_000_000, 16, known, 1_000_000);
            assert!(parts[..parts.len() - 1].iter().all(|part| *part == 3_000_000), "{parts:?}");
        }
    }

    proptest! {
        #[test]
        fn every_byte_is_planned_once(
            length in 1..1u64 << 34,
            slots in 1..=256u64,
            lag in prop::option::of(0..1u64 << 30),
            may_grow in any::<bool>(),
            memory in prop_oneof![Just(u64::MAX), 1 << 20..1u64 << 30],
            size in prop_oneof![2 => Just(PartSize::Auto), 1 => (1u64 << 20..1 << 30).prop_map(PartSize::Bytes)],
        ) {
            let parts = planned(size, length, slots, Known { lag, may_grow }, memory);
            prop_assert_eq!(parts.iter().sum::<u64>(), length.saturating_sub(BASE));
            prop_assert!(parts.iter().all(|part| *part > 0));
            if size == PartSize::Auto {
                // The last may be what is left; all others are within the limits.
                let most = LARGEST.min(memory.max(BASE / 2));
                prop_assert!(parts.iter().all(|part| *part <= most.next_multiple_of(GRAIN)));
                prop_assert!(parts.iter().rev().skip(2).all(|part| *part >= BASE / 2));
            }
        }
    }
}
