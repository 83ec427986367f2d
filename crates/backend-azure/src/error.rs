//! What Azure's refusals mean: the table of statuses and codes, and what a user can do about them.

use std::time::SystemTime;

use rangeway_core::{Error, ErrorKind};
use rangeway_transport::headers::ContentRange;
use rangeway_transport::xml::Element;
use rangeway_transport::{HeaderMap, Refusal, StatusCode, kind_of_status};

/// Azure's answer, as the cause of an [`Error`].
#[derive(Debug, thiserror::Error)]
#[error("Azure answered {status}{}{}", spaced(code), request_id(id))]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) code: String,
    id: String,
    /// The size of the blob, where a range was refused and the answer says it.
    size: Option<u64>,
}

fn spaced(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!(" {code}") }
}

fn request_id(id: &str) -> String {
    if id.is_empty() { String::new() } else { format!(" (request {id})") }
}

fn answer(error: &Error) -> Option<&Answer> {
    std::error::Error::source(error)?.downcast_ref()
}

/// The code that Azure gave for this error.
pub(crate) fn code(error: &Error) -> &str {
    answer(error).map_or("", |answer| answer.code.as_str())
}

/// The size of the blob, where `error` is a refused range and Azure said the size.
pub(crate) fn size(error: &Error) -> Option<u64> {
    answer(error)?.size
}

/// The error of a refusal.
pub(crate) fn of_refusal(refusal: &Refusal) -> Error {
    let document = Element::parse(&refusal.body).ok().filter(|root| root.name == "Error");
    let retry_after = refusal.retry_after(SystemTime::now());
    of_answer(refusal.status, &refusal.headers, document.as_ref()).with_retry_after(retry_after)
}

/// The error of a status with these headers, and perhaps a document.
pub(crate) fn of_answer(status: StatusCode, headers: &HeaderMap, document: Option<&Element>) -> Error {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let field = |name| document.and_then(|document| document.text(name)).unwrap_or_default().trim();
    let code = [header("x-ms-error-code"), field("Code")].into_iter().find(|code| !code.is_empty());
    let code = code.unwrap_or_default().to_owned();
    // The lines after the first repeat the request's id and the time.
    let message = match (field("Message").lines().next(), code.is_empty()) {
        (Some(line), _) => line.to_owned(),
        (None, false) => code.clone(),
        (None, true) => status.canonical_reason().unwrap_or("refused").to_lowercase(),
    };
    let mut error = Error::new(kind(status.as_u16(), &code), message);
    if let Some(hint) = hint(&code) {
        error = error.with_hint(hint);
    }
    // A container that is being deleted, or a copy under way, is over some time.
    if matches!(code.as_str(), "ContainerBeingDeleted" | "PendingCopyOperation") {
        error = error.with_retryable(true);
    }
    let size = ContentRange::parse(header("content-range")).and_then(|range| range.size);
    error.with_source(Answer {
        status: status.as_u16(),
        code,
        id: header("x-ms-request-id").to_owned(),
        size,
    })
}

/// What a status and a code mean. The code counts more.
///
/// Source: <https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes>.
pub(crate) fn kind(status: u16, code: &str) -> ErrorKind {
    match code {
        "ServerBusy"
        | "TooManyRequests"
        | "AccountIopsLimitExceeded"
        | "EgressIsOverAccountLimit"
        | "IngressIsOverAccountLimit" => ErrorKind::RateLimited,
        "OperationTimedOut" => ErrorKind::Timeout,
        "InternalError" => ErrorKind::Service,
        "BlobNotFound" | "ContainerNotFound" | "ResourceNotFound" | "CannotVerifyCopySource" => {
            ErrorKind::NotFound
        }
        "BlobAlreadyExists" | "ContainerAlreadyExists" | "ResourceAlreadyExists" => ErrorKind::AlreadyExists,
        "ConditionNotMet"
        | "TargetConditionNotMet"
        | "SourceConditionNotMet"
        | "LeaseIdMissing"
        | "ContainerBeingDeleted"
        | "PendingCopyOperation"
        | "SnapshotsPresent"
        | "BlobArchived"
        | "BlobImmutableDueToPolicy" => match status {
            304 => ErrorKind::NotModified,
            _ => ErrorKind::PreconditionFailed,
        },
        "InvalidRange" => ErrorKind::RangeNotSatisfiable,
        "AuthenticationFailed"
        | "InvalidAuthenticationInfo"
        | "NoAuthenticationInformation"
        | "AuthenticationRequired" => ErrorKind::Unauthenticated,
        "AuthorizationFailure"
        | "AuthorizationPermissionMismatch"
        | "AuthorizationResourceTypeMismatch"
        | "AuthorizationServiceMismatch"
        | "AuthorizationProtocolMismatch"
        | "AuthorizationSourceIPMismatch"
        | "InsufficientAccountPermissions"
        | "AccountIsDisabled"
        | "PublicAccessNotPermitted" => ErrorKind::PermissionDenied,
        "Md5Mismatch" | "Crc64Mismatch" | "InvalidMd5" => ErrorKind::Integrity,
        "NotImplemented" | "APINotImplemented" | "UnsupportedHttpVerb" | "FeatureVersionMismatch" => {
            ErrorKind::Unsupported
        }
        _ => kind_of_status(status),
    }
}

/// What the user can do, in one sentence.
fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "ContainerNotFound" => "check the container's name, or create it with: rangeway mb az://CONTAINER",
        "AuthenticationFailed" | "InvalidAuthenticationInfo" => {
            "check the account's key or signature, that it belongs to this account, and this machine's clock"
        }
        "NoAuthenticationInformation" | "PublicAccessNotPermitted" => {
            "the container is not public: give a key, a signature or a token"
        }
        "AuthorizationPermissionMismatch" => {
            "whoever signed in needs a role like \"Storage Blob Data Contributor\" on the account or the container"
        }
        "AuthorizationFailure" => "the signature does not allow this, or the account's network rules do not",
        "SnapshotsPresent" => "the blob has snapshots: delete them first",
        "BlobArchived" => "the blob is archived: change its tier first, then read it",
        "LeaseIdMissing" => "somebody holds a lease on it: wait until it ends, or break it",
        "AccountIsDisabled" => "the account is disabled: look at its subscription",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_row_by_row() {
        for (status, code, expected) in [
            (503, "ServerBusy", ErrorKind::RateLimited),
            (500, "OperationTimedOut", ErrorKind::Timeout),
            (500, "InternalError", ErrorKind::Service),
            (404, "BlobNotFound", ErrorKind::NotFound),
            (404, "", ErrorKind::NotFound),
            (409, "BlobAlreadyExists", ErrorKind::AlreadyExists),
            (412, "ConditionNotMet", ErrorKind::PreconditionFailed),
            (304, "ConditionNotMet", ErrorKind::NotModified),
            (304, "", ErrorKind::NotModified),
            (416, "InvalidRange", ErrorKind::RangeNotSatisfiable),
            (403, "AuthenticationFailed", ErrorKind::Unauthenticated),
            (403, "AuthorizationFailure", ErrorKind::PermissionDenied),
            (400, "InvalidBlobOrBlock", ErrorKind::InvalidInput),
            (429, "", ErrorKind::RateLimited),
            (502, "", ErrorKind::Service),
        ] {
            assert_eq!(kind(status, code), expected, "{status} {code}");
        }
    }

    #[test]
    fn an_answer_without_a_document_still_says_something() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ms-error-code", "BlobNotFound".parse().expect("a value"));
        headers.insert("x-ms-request-id", "r-1".parse().expect("a value"));
        let error = of_answer(StatusCode::NOT_FOUND, &headers, None);
        let source = std::error::Error::source(&error).expect("an answer").to_string();
        assert_eq!(
            (error.kind(), source.as_str()),
            (ErrorKind::NotFound, "Azure answered 404 BlobNotFound (request r-1)")
        );
    }

    #[test]
    fn the_size_of_a_refused_range_is_kept() {
        let mut headers = HeaderMap::new();
        headers.insert("content-range", "bytes */0".parse().expect("a value"));
        assert_eq!(size(&of_answer(StatusCode::RANGE_NOT_SATISFIABLE, &headers, None)), Some(0));
    }
}
