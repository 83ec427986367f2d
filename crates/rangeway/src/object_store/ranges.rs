//! Many ranges of one object: near ones are read together, far ones at the same time.

use std::ops::Range;

use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};
use object_store::OBJECT_STORE_COALESCE_DEFAULT as LARGEST_GAP;
use rangeway_core::{Error, ErrorKind, GetOptions, GetRange, Key, Result, Store};

/// How many reads are under way at one time; the engine splits large ones further.
const CONCURRENT: usize = 16;

/// The bytes of each of `ranges`, cut at the end of the object, all of one state of the object.
pub(super) async fn read(store: &dyn Store, key: &Key, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
    for range in ranges {
        GetRange::Bounded(range.clone()).validate()?;
    }
    let reads = merge(ranges);
    let fetch = async |range: Range<u64>| -> Result<(Option<String>, Bytes)> {
        let found = store.get(key, GetOptions::new().range(range)).await?;
        Ok((found.meta.etag, found.body.bytes().await?))
    };
    let found: Vec<_> =
        stream::iter(reads.iter().cloned().map(fetch)).buffered(CONCURRENT).try_collect().await?;
    if found.iter().any(|(etag, _)| *etag != found[0].0) {
        let message = "the object was overwritten while its ranges were read";
        return Err(Error::new(ErrorKind::PreconditionFailed, message));
    }
    ranges
        .iter()
        .map(|range| {
            let read = reads.partition_point(|read| read.start <= range.start) - 1;
            cut(range, reads[read].start, &found[read].1)
        })
        .collect()
}

/// The reads that cover `ranges`, in order and apart by more than [`LARGEST_GAP`].
fn merge(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut ranges = ranges.to_vec();
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(LARGEST_GAP) => {
                last.end = last.end.max(range.end);
            }
            _ => merged.push(range),
        }
    }
    merged
}

/// The part of `bytes`, which begin at `offset`, that is `range`.
fn cut(range: &Range<u64>, offset: u64, bytes: &Bytes) -> Result<Bytes> {
    let within = |position: u64| usize::try_from(position - offset).unwrap_or(usize::MAX).min(bytes.len());
    let (start, end) = (within(range.start), within(range.end));
    if start == end {
        let message = format!("the range starts at byte {}, after the end of the object", range.start);
        return Err(Error::new(ErrorKind::RangeNotSatisfiable, message));
    }
    Ok(bytes.slice(start..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::single_range_in_vec_init, reason = "lists of ranges, some of them of one")]
    fn near_ranges_are_read_together() {
        let far = LARGEST_GAP + 10;
        let one = 0..2;
        for (ranges, expected) in [
            (vec![], vec![]),
            (vec![one.clone()], vec![one]),
            (vec![5..7, 0..2], vec![0..7]),
            (vec![0..9, 2..3, 9..10], vec![0..10]),
            (vec![0..10, far..far + 1], vec![0..far + 1]),
            (vec![0..9, far..far + 1], vec![0..9, far..far + 1]),
        ] {
            assert_eq!(merge(&ranges), expected, "{ranges:?}");
        }
    }

    #[test]
    fn ranges_are_cut_at_the_end() {
        let bytes = Bytes::from_static(b"abcdef");
        for (range, expected) in [
            (10..12, Some("ab")),
            (14..99, Some("ef")),
            (15..16, Some("f")),
            (16..17, None),
            (90..u64::MAX, None),
        ] {
            assert_eq!(cut(&range, 10, &bytes).ok().as_deref(), expected.map(str::as_bytes), "{range:?}");
        }
    }
}
