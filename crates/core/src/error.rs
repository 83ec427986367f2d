//! The one error type of every public signature: a kind to act on, where it happened, and the cause.
//! One word wide, so that `Result<T>` stays small on the paths that move bytes.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in terms a caller can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The object or the container does not exist.
    NotFound,
    /// A create-only write met something that exists already.
    AlreadyExists,
    /// A condition (`if_match`, `if_unmodified_since`, ...) did not hold.
    PreconditionFailed,
    /// `if_none_match` or `if_modified_since` found the object unchanged.
    NotModified,
    /// The credentials are valid but may not do this.
    PermissionDenied,
    /// Credentials are missing, wrong or expired.
    Unauthenticated,
    /// The service asks for fewer requests (503 `SlowDown`, 429).
    RateLimited,
    /// One attempt, or the whole operation, took longer than allowed.
    Timeout,
    /// The connection or the body broke off before its end.
    Interrupted,
    /// The service could not be reached: name resolution, connect or TLS failed.
    Connect,
    /// The service failed by its own fault (5xx).
    Service,
    /// The bytes or the answer are not what was promised: nothing of it may be used.
    Integrity,
    /// A range that starts at or after the end of the object.
    RangeNotSatisfiable,
    /// The caller's input is not valid: a key, a URI, a setting, an option.
    InvalidInput,
    /// The store cannot do this at all; see its `Capabilities`.
    Unsupported,
    /// The local system refused or failed: disk full, permissions, a missing folder.
    Io,
    /// The operation was cancelled.
    Cancelled,
}

impl ErrorKind {
    /// The kind in lower-case words, as it stands in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not found",
            Self::AlreadyExists => "already exists",
            Self::PreconditionFailed => "precondition failed",
            Self::NotModified => "not modified",
            Self::PermissionDenied => "permission denied",
            Self::Unauthenticated => "unauthenticated",
            Self::RateLimited => "rate limited",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
            Self::Connect => "cannot connect",
            Self::Service => "service error",
            Self::Integrity => "integrity",
            Self::RangeNotSatisfiable => "range not satisfiable",
            Self::InvalidInput => "invalid input",
            Self::Unsupported => "unsupported",
            Self::Io => "i/o error",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether another attempt may succeed where this one did not.
    fn is_transient(self) -> bool {
        matches!(self, Self::RateLimited | Self::Timeout | Self::Interrupted | Self::Connect | Self::Service)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The operation during which an error came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each variant is the method of `Store` or `Backend` of that name")]
pub enum Operation {
    Open,
    Head,
    Get,
    Put,
    Multipart,
    List,
    Delete,
    Copy,
    Container,
    Configure,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Head => "head",
            Self::Get => "get",
            Self::Put => "put",
            Self::Multipart => "multipart upload",
            Self::List => "list",
            Self::Delete => "delete",
            Self::Copy => "copy",
            Self::Container => "container",
            Self::Configure => "configuration",
        })
    }
}

/// An error of any rangeway operation.
///
/// `Display` prints this level only; walk [`std::error::Error::source`] for the causes.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    operation: Option<Operation>,
    uri: Option<String>,
    message: String,
    hint: Option<String>,
    retryable: bool,
    attempts: u32,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind`; `message` says what happened, in lower case and without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: None,
            uri: None,
            message: message.into(),
            hint: None,
            retryable: kind.is_transient(),
            attempts: 1,
            retry_after: None,
            source: None,
        }))
    }

    /// An [`ErrorKind::InvalidInput`] error.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, message)
    }

    /// An [`ErrorKind::Unsupported`] error.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// An error of the local system; the kind follows from [`std::io::Error::kind`].
    pub fn io(message: impl Into<String>, source: std::io::Error) -> Self {
        use std::io::ErrorKind as IoKind;
        let kind = match source.kind() {
            IoKind::NotFound => ErrorKind::NotFound,
            IoKind::AlreadyExists => ErrorKind::AlreadyExists,
            IoKind::PermissionDenied => ErrorKind::PermissionDenied,
            IoKind::InvalidInput | IoKind::InvalidFilename => ErrorKind::InvalidInput,
            IoKind::Unsupported => ErrorKind::Unsupported,
            _ => ErrorKind::Io,
        };
        Self::new(kind, message).with_source(source)
    }

    /// Names the operation, unless an inner level did so already.
    pub fn with_operation(mut self, operation: Operation) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// Names the object or container, unless an inner level did so already.
    pub fn with_uri(mut self, uri: impl fmt::Display) -> Self {
        if self.0.uri.is_none() {
            self.0.uri = Some(uri.to_string());
        }
        self
    }

    /// Adds what the user can do about it: one sentence, shown by the command line on its own line.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the cause.
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Overrides whether another attempt makes sense; the default follows from the kind.
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// The wait the service asked for (`Retry-After`).
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// Marks that `attempts` attempts did not help: an outer layer must not try again.
    pub fn exhausted(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self.0.retryable = false;
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation that failed, where known.
    pub fn operation(&self) -> Option<Operation> {
        self.0.operation
    }

    /// The object or container, without query and secrets, where known.
    pub fn uri(&self) -> Option<&str> {
        self.0.uri.as_deref()
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Whether another attempt may help.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// How many attempts were made, from 1.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The wait the service asked for before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the object or container does not exist.
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        match (inner.operation, &inner.uri) {
            (Some(operation), Some(uri)) => write!(f, "{operation} {uri}: ")?,
            (Some(operation), None) => write!(f, "{operation}: ")?,
            (None, Some(uri)) => write!(f, "{uri}: ")?,
            (None, None) => {}
        }
        if inner.message.is_empty() || inner.message == inner.kind.as_str() {
            write!(f, "{}", inner.kind)?;
        } else {
            write!(f, "{}: {}", inner.kind, inner.message)?;
        }
        if inner.attempts > 1 {
            write!(f, " (after {} attempts)", inner.attempts)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("operation", &inner.operation)
            .field("uri", &inner.uri)
            .field("message", &inner.message)
            .field("retryable", &inner.retryable)
            .field("attempts", &inner.attempts)
            .field("source", &inner.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn display_prints_this_level_only() {
        let cause = std::io::Error::other("disk on fire");
        let error = Error::io("writing the temporary file", cause)
            .with_operation(Operation::Put)
            .with_uri("file:///data/x");
        assert_eq!(error.to_string(), "put file:///data/x: i/o error: writing the temporary file");
        assert_eq!(StdError::source(&error).map(ToString::to_string).as_deref(), Some("disk on fire"));
    }

    #[test]
    fn exhausted_errors_are_not_retried_again() {
        let error = Error::new(ErrorKind::RateLimited, "slow down").exhausted(5);
        assert!(!error.is_retryable());
        assert_eq!(error.to_string(), "rate limited: slow down (after 5 attempts)");
    }

    #[test]
    fn the_innermost_uri_and_operation_win() {
        let error = Error::invalid("x").with_operation(Operation::Get).with_operation(Operation::Put);
        assert_eq!(error.operation(), Some(Operation::Get));
    }
}
