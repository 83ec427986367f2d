//! What a status means where the service says no more.

use rangeway_core::ErrorKind;

/// The kind of the error that an answer without success is.
///
/// Source: [RFC 9110 section 15](https://www.rfc-editor.org/rfc/rfc9110#section-15), and the practice of the services.
pub fn kind_of_status(status: u16) -> ErrorKind {
    match status {
        304 => ErrorKind::NotModified,
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::PermissionDenied,
        404 | 410 => ErrorKind::NotFound,
        405 | 501 => ErrorKind::Unsupported,
        408 => ErrorKind::Timeout,
        409 | 412 => ErrorKind::PreconditionFailed,
        416 => ErrorKind::RangeNotSatisfiable,
        429 | 503 => ErrorKind::RateLimited,
        500.. => ErrorKind::Service,
        _ => ErrorKind::InvalidInput,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_row_by_row() {
        for (status, kind) in [
            (304, ErrorKind::NotModified),
            (400, ErrorKind::InvalidInput),
            (401, ErrorKind::Unauthenticated),
            (404, ErrorKind::NotFound),
            (410, ErrorKind::NotFound),
            (412, ErrorKind::PreconditionFailed),
            (416, ErrorKind::RangeNotSatisfiable),
            (429, ErrorKind::RateLimited),
            (500, ErrorKind::Service),
            (503, ErrorKind::RateLimited),
            (599, ErrorKind::Service),
        ] {
            assert_eq!(kind_of_status(status), kind, "{status}");
        }
    }
}
