//! What an answer to a read says of the object's size, and whether that can be.

use std::ops::Range;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use rangeway_core::{
    Attributes, Body, Conditions, Error, ErrorKind, GetOptions, GetRange, GetResponse, HeadOptions,
    HeadResponse, ObjectMeta, Result,
};

use crate::Response;
use crate::headers::ContentRange;

/// Which bytes the body of `response` holds, and how large the object is.
///
/// # Errors
/// `Integrity` when its headers contradict each other; `Unsupported` when they do not say it.
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

impl Response {
    /// The object, or the range of it, that is the answer to a GET. `meta` is given the object's size and the headers.
    ///
    /// # Errors
    /// `Integrity` as [`extent`]; those of the conditions, as [`check`].
    pub fn into_object(
        self,
        conditions: &Conditions,
        attributes: Attributes,
        meta: impl FnOnce(u64, &HeaderMap) -> ObjectMeta,
    ) -> Result<GetResponse> {
        let (range, size) = extent(&self)?;
        let meta = meta(size, &self.headers);
        check(conditions, &meta)?;
        let length = range.end - range.start;
        let body = if length == 0 { Body::from_bytes(Bytes::new()) } else { self.into_body(length) };
        Ok(GetResponse::new(meta, range, attributes, body))
    }
}

/// The error of an answer that does not say how long the object is.
pub fn no_length() -> Error {
    Error::unsupported("the service does not say how long the object is")
}

/// Evaluates the conditions on what came back: some services, and some emulators, ignore them.
pub fn check(conditions: &Conditions, meta: &ObjectMeta) -> Result<()> {
    match &meta.etag {
        Some(etag) => conditions.check(Some(etag), meta.last_modified),
        None => Ok(()),
    }
}

/// The error of a read that failed with `error`, where the service says that the object has `size` bytes. One that
/// refuses a range and does not say the size is asked for it, by `head`.
pub async fn of_range<F>(
    error: Error,
    size: Option<u64>,
    options: &GetOptions,
    head: impl FnOnce(HeadOptions) -> F,
) -> Error
where
    F: Future<Output = Result<HeadResponse>>,
{
    let range = options.range.as_ref().unwrap_or(&GetRange::Offset(0));
    // Ranges that begin later are refused by objects that are not empty, too.
    let says_enough =
        error.kind() != ErrorKind::RangeNotSatisfiable || size.is_some() || range.resolve(1).is_err();
    if says_enough {
        return refused(error, range, size);
    }
    let mut asked = HeadOptions::new().conditions(options.conditions.clone());
    asked.version.clone_from(&options.version);
    match head(asked).await {
        Ok(found) => refused(error, range, Some(found.meta.size)),
        // No statement about the size, which an empty object would make.
        Err(other) if other.kind() == ErrorKind::RangeNotSatisfiable => {
            let what = "the service refuses the range, and refuses to say how long the object is";
            Error::new(ErrorKind::Integrity, what).with_source(other)
        }
        Err(other) => other,
    }
}

/// The error of a read of `range`, judged by the size that the service says. A refusal of bytes that the object has is
/// no statement about its size: taken for one, the object would read as empty.
fn refused(error: Error, range: &GetRange, size: Option<u64>) -> Error {
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
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn a_refusal_to_say_the_size_is_no_empty_object() {
        let refusal = || Error::new(ErrorKind::RangeNotSatisfiable, "416");
        let options = GetOptions::new().range(0..10);
        let error = block_on(of_range(refusal(), None, &options, async |_| Err(refusal())));
        assert_eq!(error.kind(), ErrorKind::Integrity);
    }

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
