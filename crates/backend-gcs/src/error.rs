//! What Google's refusals mean: the table of statuses and codes, and what a user can do about them.

use std::time::SystemTime;

use rangeway_core::{Error, ErrorKind};
use rangeway_transport::headers::ContentRange;
use rangeway_transport::xml::Element;
use rangeway_transport::{HeaderMap, Refusal, StatusCode, kind_of_status};
use serde::Deserialize;

/// Google's answer, as the cause of an [`Error`].
#[derive(Debug, thiserror::Error)]
#[error("Google Cloud Storage answered {status}{}{}", spaced(code), request_id(id))]
pub(crate) struct Answer {
    status: u16,
    /// The code of the XML API, or the reason of the JSON API.
    code: String,
    id: String,
    /// The size of the object, where a range was refused and the answer says it.
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

/// The code that Google gave for this error.
pub(crate) fn code(error: &Error) -> &str {
    answer(error).map_or("", |answer| answer.code.as_str())
}

/// The size of the object, where `error` is a refused range and Google said the size.
pub(crate) fn size(error: &Error) -> Option<u64> {
    answer(error)?.size
}

/// The error of a refusal; `anonymous` when the request showed no credentials.
pub(crate) fn of_refusal(refusal: &Refusal, anonymous: bool) -> Error {
    let retry_after = refusal.retry_after(SystemTime::now());
    let error = of_answer(refusal.status, &refusal.headers, &refusal.body).with_retry_after(retry_after);
    match error.kind() {
        ErrorKind::Unauthenticated | ErrorKind::PermissionDenied if anonymous => error.with_hint(
            "the bucket is not public: leave anonymous out, and sign in with gcloud auth application-default login or \
             GOOGLE_APPLICATION_CREDENTIALS",
        ),
        _ => error,
    }
}

/// The error of a status with these headers and this body, of either API.
pub(crate) fn of_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Said { code, message } = Said::read(body);
    let message = match (message.lines().next(), code.is_empty()) {
        (Some(line), _) => line.to_owned(),
        (None, false) => code.clone(),
        (None, true) => status.canonical_reason().unwrap_or("refused").to_lowercase(),
    };
    let mut error = Error::new(kind(status.as_u16(), &code), message);
    if let Some(hint) = hint(&code) {
        error = error.with_hint(hint);
    }
    let size = ContentRange::parse(header("content-range")).and_then(|range| range.size);
    let id = header("x-guploader-uploadid").to_owned();
    error.with_source(Answer { status: status.as_u16(), code, id, size })
}

/// What the body of a refusal says; nothing where it has none, as for HEAD.
#[derive(Debug, Default)]
struct Said {
    code: String,
    message: String,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        if let Some(said) = Self::of_json(body) {
            return said;
        }
        let Some(document) = Element::parse(body).ok().filter(|root| root.name == "Error") else {
            return Self::default();
        };
        let field = |name| document.text(name).unwrap_or_default().trim().to_owned();
        Self { code: field("Code"), message: field("Message") }
    }

    fn of_json(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Document {
            error: Inner,
        }
        #[derive(Deserialize)]
        struct Inner {
            #[serde(default)]
            message: String,
            #[serde(default)]
            errors: Vec<One>,
        }
        #[derive(Deserialize)]
        struct One {
            #[serde(default)]
            reason: String,
        }
        let Document { error } = serde_json::from_slice(body).ok()?;
        let code = error.errors.into_iter().next().map(|one| one.reason).unwrap_or_default();
        Some(Self { code, message: error.message })
    }
}

/// What a status and a code mean. The code counts more; HEAD has none.
///
/// Source: <https://cloud.google.com/storage/docs/xml-api/reference-status> and
/// <https://cloud.google.com/storage/docs/json_api/v1/status-codes>.
pub(crate) fn kind(status: u16, code: &str) -> ErrorKind {
    match code {
        "SlowDown"
        | "TooManyRequests"
        | "ServiceUnavailable"
        | "rateLimitExceeded"
        | "userRateLimitExceeded" => ErrorKind::RateLimited,
        "RequestTimeout" => ErrorKind::Timeout,
        "IncompleteBody" | "uploadBrokenConnection" => ErrorKind::Interrupted,
        "InternalError" | "internalError" | "backendError" => ErrorKind::Service,
        "NoSuchKey" | "NoSuchBucket" | "NoSuchUpload" | "NoSuchVersion" | "notFound" => ErrorKind::NotFound,
        "BucketAlreadyExists" | "BucketAlreadyOwnedByYou" | "BucketNameUnavailable" => {
            ErrorKind::AlreadyExists
        }
        "PreconditionFailed" | "BucketNotEmpty" | "conditionNotMet" => ErrorKind::PreconditionFailed,
        "InvalidRange" | "requestedRangeNotSatisfiable" => ErrorKind::RangeNotSatisfiable,
        "AuthenticationRequired"
        | "ExpiredToken"
        | "InvalidSecurity"
        | "SignatureDoesNotMatch"
        | "authError"
        | "required"
        | "expired" => {
            // The JSON API says `required` of a missing parameter, too.
            if code == "required" && status != 401 {
                kind_of_status(status)
            } else {
                ErrorKind::Unauthenticated
            }
        }
        "AccessDenied"
        | "AccountProblem"
        | "UserProjectAccessDenied"
        | "UserProjectAccountProblem"
        | "forbidden"
        | "insufficientPermissions"
        | "accountDisabled"
        | "quotaExceeded" => ErrorKind::PermissionDenied,
        "BadDigest" => ErrorKind::Integrity,
        "NotImplemented" | "MethodNotAllowed" | "notImplemented" => ErrorKind::Unsupported,
        _ => kind_of_status(status),
    }
}

/// What the user can do, in one sentence.
fn hint(code: &str) -> Option<&'static str> {
    Some(match code {
        "NoSuchBucket" => "check the bucket's name, or create it with: rangeway mb gs://BUCKET",
        "AuthenticationRequired" | "authError" | "ExpiredToken" | "expired" => {
            "the token is not valid any more: sign in again with gcloud auth application-default login"
        }
        "AccessDenied" | "forbidden" | "insufficientPermissions" => {
            "whoever signed in needs a role like \"Storage Object User\" on the bucket"
        }
        "UserProjectMissing" => "the reader of this bucket pays: name a project with -o user-project=PROJECT",
        "AccountProblem" | "accountDisabled" | "UserProjectAccountProblem" => {
            "the account or its billing is disabled: look at the project in Google's console"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_row_by_row() {
        for (status, code, expected) in [
            (503, "SlowDown", ErrorKind::RateLimited),
            (503, "ServiceUnavailable", ErrorKind::RateLimited),
            (503, "backendError", ErrorKind::Service),
            (429, "rateLimitExceeded", ErrorKind::RateLimited),
            (429, "", ErrorKind::RateLimited),
            (408, "", ErrorKind::Timeout),
            (500, "InternalError", ErrorKind::Service),
            (404, "NoSuchKey", ErrorKind::NotFound),
            (404, "notFound", ErrorKind::NotFound),
            (404, "", ErrorKind::NotFound),
            (409, "conflict", ErrorKind::PreconditionFailed),
            (412, "PreconditionFailed", ErrorKind::PreconditionFailed),
            (412, "conditionNotMet", ErrorKind::PreconditionFailed),
            (304, "", ErrorKind::NotModified),
            (416, "InvalidRange", ErrorKind::RangeNotSatisfiable),
            (401, "AuthenticationRequired", ErrorKind::Unauthenticated),
            (401, "required", ErrorKind::Unauthenticated),
            (400, "required", ErrorKind::InvalidInput),
            (403, "AccessDenied", ErrorKind::PermissionDenied),
            (403, "forbidden", ErrorKind::PermissionDenied),
            (403, "rateLimitExceeded", ErrorKind::RateLimited),
            (400, "NotImplemented", ErrorKind::Unsupported),
            (400, "InvalidArgument", ErrorKind::InvalidInput),
            (502, "", ErrorKind::Service),
        ] {
            assert_eq!(kind(status, code), expected, "{status} {code}");
        }
    }

    #[test]
    fn both_apis_are_understood() {
        let xml = b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>NoSuchKey</Code><Message>It is not there.</Message></Error>";
        let json = br#"{"error":{"code":404,"message":"It is not there.","errors":[{"message":"x","domain":"global","reason":"notFound"}]}}"#;
        for (body, expected) in [(&xml[..], "NoSuchKey"), (&json[..], "notFound")] {
            let error = of_answer(StatusCode::NOT_FOUND, &HeaderMap::new(), body);
            assert_eq!((error.kind(), code(&error)), (ErrorKind::NotFound, expected));
            assert!(error.to_string().contains("It is not there."), "{error}");
            let source = std::error::Error::source(&error).expect("an answer").to_string();
            assert_eq!(source, format!("Google Cloud Storage answered 404 {expected}"));
        }
    }

    #[test]
    fn an_answer_without_a_document_still_says_something() {
        for body in [&b""[..], b"<html/>", b"{}", b"oops"] {
            let error = of_answer(StatusCode::NOT_FOUND, &HeaderMap::new(), body);
            assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::NotFound, "not found"));
        }
    }

    #[test]
    fn the_size_of_a_refused_range_is_kept() {
        let mut headers = HeaderMap::new();
        headers.insert("content-range", "bytes */0".parse().expect("a value"));
        assert_eq!(size(&of_answer(StatusCode::RANGE_NOT_SATISFIABLE, &headers, b"")), Some(0));
    }
}
