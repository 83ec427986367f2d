//! Ranges bent for faults.

use crate::byte_range::ByteRange;

impl ByteRange {
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
    fn headers_come_back() {
        for header in ["bytes=0-9", "bytes=40-", "bytes=-10"] {
            assert_eq!(ByteRange::parse(header).map(ByteRange::header).as_deref(), Some(header));
        }
    }

    #[test]
    fn bent_ranges() {
        assert_eq!(ByteRange::From(0, Some(9)).shifted(5), ByteRange::From(5, Some(14)));
        assert_eq!(ByteRange::From(10, Some(19)).cut(3), ByteRange::From(10, Some(12)));
        assert_eq!(ByteRange::From(10, None).cut(3), ByteRange::From(10, Some(12)));
    }
}
