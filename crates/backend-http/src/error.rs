//! What a web server's refusals mean.

use std::time::SystemTime;

use rangeway_core::{Error, ErrorKind};
use rangeway_transport::headers::ContentRange;
use rangeway_transport::{Refusal, header, headers, kind_of_status};

/// A server's answer, as the cause of an [`Error`].
#[derive(Debug, thiserror::Error)]
#[error("the server answered {status}")]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The size of the file, where a range was refused and the answer says it.
    size: Option<u64>,
    /// Where else the file is, as the answer says it.
    location: Option<String>,
}

fn answer(error: &Error) -> Option<&Answer> {
    std::error::Error::source(error)?.downcast_ref()
}

/// The size of the file, where `error` is a refused range and the server said the size.
pub(crate) fn size(error: &Error) -> Option<u64> {
    answer(error)?.size
}

/// Where the file is, when the server said that it is elsewhere.
pub(crate) fn location(error: &Error) -> Option<&str> {
    let answer = answer(error)?;
    matches!(answer.status, 301 | 302 | 303 | 307 | 308).then_some(answer.location.as_deref())?
}

/// The error of a refusal.
pub(crate) fn of_refusal(refusal: &Refusal) -> Error {
    let status = refusal.status;
    let message = status.canonical_reason().unwrap_or("refused").to_lowercase();
    let mut error = Error::new(kind_of_status(status.as_u16()), message)
        .with_retry_after(refusal.retry_after(SystemTime::now()));
    if matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::PermissionDenied) {
        error = error.with_hint("http:// and https:// send no credentials: use a URL that needs none");
    }
    let range = headers::text(&refusal.headers, &header::CONTENT_RANGE);
    let size = range.and_then(|range| ContentRange::parse(&range)).and_then(|range| range.size);
    let location = headers::text(&refusal.headers, &header::LOCATION);
    error.with_source(Answer { status: status.as_u16(), size, location })
}
