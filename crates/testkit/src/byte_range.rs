//! `Range` headers as the test servers read and resolve them.

use std::ops::Range;

/// The one range of a `Range` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteRange {
    /// From the first of these bytes to the last, or to the end.
    From(u64, Option<u64>),
    /// The last so many bytes.
    Suffix(u64),
}

impl ByteRange {
    /// `None` for what is no single range of bytes: S3 then sends the whole object.
    pub(crate) fn parse(header: &str) -> Option<Self> {
        let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
        if first.is_empty() {
            return Some(Self::Suffix(last.parse().ok()?));
        }
        let first = first.parse().ok()?;
        let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
        if last.is_some_and(|last| last < first) { None } else { Some(Self::From(first, last)) }
    }

    /// The bytes of an object of `size` bytes, half-open; `None` when none of them is in it.
    pub(crate) fn resolve(self, size: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From(first, last) => first..last.map_or(size, |last| size.min(last.saturating_add(1))),
            Self::Suffix(length) => size.saturating_sub(length)..size,
        };
        (range.start < range.end).then_some(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_resolve_row_by_row() {
        for (header, size, expected) in [
            ("bytes=0-9", 100, Some(0..10)),
            ("bytes=90-200", 100, Some(90..100)),
            ("bytes=40-", 100, Some(40..100)),
            ("bytes=-10", 100, Some(90..100)),
            ("bytes=-1000", 100, Some(0..100)),
            ("bytes=100-", 100, None),
            ("bytes=0-0", 0, None),
            ("bytes=-5", 0, None),
            ("bytes=-0", 100, None),
            ("bytes=0-18446744073709551615", 100, Some(0..100)),
        ] {
            let range = ByteRange::parse(header).expect(header);
            assert_eq!(range.resolve(size), expected, "{header} of {size}");
        }
        for header in ["bytes=5-3", "bytes=0-1,4-5", "lines=0-1", "bytes=x-", "bytes=-"] {
            assert_eq!(ByteRange::parse(header), None, "{header}");
        }
    }
}
