//! Errors, kind by kind.

use object_store::Error as Theirs;
use object_store::path::Path;
use rangeway_core::{Error, ErrorKind};

/// What `Generic` errors call the store.
const STORE: &str = "rangeway";

/// An error about `location`.
pub(super) fn to_theirs(location: &Path, error: Error) -> Theirs {
    let path = location.to_string();
    let kind = error.kind();
    let source = error.into();
    match kind {
        ErrorKind::NotFound => Theirs::NotFound { path, source },
        ErrorKind::AlreadyExists => Theirs::AlreadyExists { path, source },
        ErrorKind::PreconditionFailed => Theirs::Precondition { path, source },
        ErrorKind::NotModified => Theirs::NotModified { path, source },
        ErrorKind::PermissionDenied => Theirs::PermissionDenied { path, source },
        ErrorKind::Unauthenticated => Theirs::Unauthenticated { path, source },
        ErrorKind::Unsupported => Theirs::NotSupported { source },
        _ => Theirs::Generic { store: STORE, source },
    }
}

/// An error of the adapter itself.
pub(super) fn generic(message: impl Into<String>) -> Theirs {
    Theirs::Generic { store: STORE, source: message.into().into() }
}

/// An option that `implementer` has nothing for.
pub(super) fn not_implemented(operation: &str, implementer: &impl ToString) -> Theirs {
    Theirs::NotImplemented { operation: operation.to_owned(), implementer: implementer.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_map_row_by_row() {
        for (kind, expected) in [
            (ErrorKind::NotFound, "NotFound"),
            (ErrorKind::AlreadyExists, "AlreadyExists"),
            (ErrorKind::PreconditionFailed, "Precondition"),
            (ErrorKind::NotModified, "NotModified"),
            (ErrorKind::PermissionDenied, "PermissionDenied"),
            (ErrorKind::Unauthenticated, "Unauthenticated"),
            (ErrorKind::Unsupported, "NotSupported"),
            (ErrorKind::RateLimited, "Generic"),
            (ErrorKind::Timeout, "Generic"),
            (ErrorKind::Interrupted, "Generic"),
            (ErrorKind::Connect, "Generic"),
            (ErrorKind::Service, "Generic"),
            (ErrorKind::Integrity, "Generic"),
            (ErrorKind::RangeNotSatisfiable, "Generic"),
            (ErrorKind::InvalidInput, "Generic"),
            (ErrorKind::Io, "Generic"),
            (ErrorKind::Cancelled, "Generic"),
        ] {
            let mapped = to_theirs(&Path::from("a/b"), Error::new(kind, "why"));
            assert!(format!("{mapped:?}").starts_with(expected), "{kind}: {mapped:?}");
            let source = std::error::Error::source(&mapped).and_then(|source| source.downcast_ref::<Error>());
            assert_eq!(source.map(Error::kind), Some(kind));
        }
    }
}
