//! What an answer to a read says of the object's size, and whether that can be.

use std::ops::Range;

use http::{StatusCode, header};
use rangeway_core::{Error, ErrorKind, GetRange, Result};

use crate::Response;
use crate::headers::ContentRange;

/// Which bytes the body of `response` holds, and how large the object is.
///
/// # Errors
/// `Integrity` when its headers contradict each other, or do not say it.
pub fn extent(response: &Response) -> Result<(Range<u64>, u64)> {
    let length = response.content_length();
    if response.status != StatusCode::PARTIAL_CONTENT {
        let size = length.ok_or_else(no_length)?;
        return Ok((0..size, size));
    }
    let wrong = |what: String| Error::new(ErrorKind::Integrity, what);
    let text = response.headers.get(header::CONTENT_RANGE);
    let text = text.and_then(|text| text.to_str().ok()).unwrap_or_default();
    let Some(ContentRange { range: Some(range), size: Some(size) }) = ContentRange::parse(text) else {
        return Err(wrong(format!("a partial answer has the Content-Range {text:?}")));
    };
    match length {
        Some(length) if length != range.end - range.start => {
            Err(wrong(format!("the Content-Range is {text:?} and the Content-Length {length}")))
        }
        _ => Ok((range, size)),
    }
}

/// The error of an answer that does not say how long the object is.
pub fn no_length() -> Error {
    Error::new(ErrorKind::Integrity, "the service does not say how long the object is")
}

/// The error of a read of `range`, judged by the size that the service says. A refusal of bytes that the object has is
/// no statement about its size: taken for one, the object would read as empty.
pub fn refused(error: Error, range: &GetRange, size: Option<u64>) -> Error {
    match size.filter(|_| error.kind() == ErrorKind::RangeNotSatisfiable) {
        Some(size) if size > 0 && range.resolve(size).is_ok() => {
            let what = format!("the service refuses a range of an object of {size} bytes that holds it");
            Error::new(ErrorKind::Integrity, what).with_source(error)
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_row_by_row() {
        for (range, size, kind) in [
            (GetRange::Bounded(0..10), Some(0), ErrorKind::RangeNotSatisfiable),
            (GetRange::Bounded(10..20), Some(10), ErrorKind::RangeNotSatisfiable),
            (GetRange::Bounded(9..20), Some(10), ErrorKind::Integrity),
            (GetRange::Suffix(1), Some(10), ErrorKind::Integrity),
            (GetRange::Offset(0), None, ErrorKind::RangeNotSatisfiable),
        ] {
            let error = refused(Error::new(ErrorKind::RangeNotSatisfiable, ""), &range, size);
            assert_eq!(error.kind(), kind, "{range:?} of {size:?}");
        }
        let other = refused(Error::new(ErrorKind::NotFound, ""), &GetRange::Offset(0), Some(1));
        assert_eq!(other.kind(), ErrorKind::NotFound);
    }
}
