//! `Range` headers: read, resolved, and bent for faults.

use super::answer::Refusal;

/// The one range of a `Range` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByteRange {
    /// From the first of these bytes to the last, or to the end.
    From(u64, Option<u64>),
    /// The last so many bytes.
    Suffix(u64),
}

impl ByteRange {
    /// `None` for what is no single range of bytes: S3 then sends the whole object.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (first, last) = header.trim().strip_prefix("bytes=")?.split_once('-')?;
        if first.is_empty() {
            return Some(Self::Suffix(last.parse().ok()?));
        }
        let first = first.parse().ok()?;
        let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
        if last.is_some_and(|last| last < first) { None } else { Some(Self::From(first, last)) }
    }

    /// The bytes of an object of `size` bytes: half-open.
    pub(super) fn resolve(self, size: u64) -> Result<std::ops::Range<u64>, Refusal> {
        let range = match self {
            Self::From(first, last) => first..last.map_or(size, |last| size.min(last.saturating_add(1))),
            Self::Suffix(length) => size.saturating_sub(length)..size,
        };
        if range.start >= range.end {
            return Err(Refusal::unsatisfiable(size));
        }
        Ok(range)
    }

    pub(super) fn header(self) -> String {
        match self {
            Self::From(first, Some(last)) => format!("bytes={first}-{last}"),
            Self::From(first, None) => format!("bytes={first}-"),
            Self::Suffix(length) => format!("bytes=-{length}"),
        }
    }

    /// The same number of bytes, this much later.
    pub(super) fn shifted(self, by: u64) -> Self {
        match self {
            Self::From(first, last) => Self::From(first + by, last.map(|last| last + by)),
            Self::Suffix(length) => Self::Suffix(length.saturating_sub(by).max(1)),
        }
    }

    /// At most the first `length` bytes of it.
    pub(super) fn cut(self, length: u64) -> Self {
        match self {
            Self::From(first, last) => {
                let cut = first + length.max(1) - 1;
                Self::From(first, Some(last.map_or(cut, |last| last.min(cut))))
            }
            suffix @ Self::Suffix(_) => suffix,
        }
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
            assert_eq!(range.header(), header);
            assert_eq!(range.resolve(size).ok(), expected, "{header} of {size}");
        }
        for header in ["bytes=5-3", "bytes=0-1,4-5", "lines=0-1", "bytes=x-", "bytes=-"] {
            assert_eq!(ByteRange::parse(header), None, "{header}");
        }
    }

    #[test]
    fn bent_ranges() {
        assert_eq!(ByteRange::From(0, Some(9)).shifted(5), ByteRange::From(5, Some(14)));
        assert_eq!(ByteRange::From(10, Some(19)).cut(3), ByteRange::From(10, Some(12)));
        assert_eq!(ByteRange::From(10, None).cut(3), ByteRange::From(10, Some(12)));
    }
}
