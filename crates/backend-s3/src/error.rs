//! What S3's refusals mean: the table of statuses and codes, and what a user can do about them.

use std::time::SystemTime;

use rangeway_core::{Error, ErrorKind};
use rangeway_transport::headers::ContentRange;
use rangeway_transport::xml::Element;
use rangeway_transport::{HeaderMap, Refusal, StatusCode, kind_of_status};

/// S3's answer, as the cause of an [`Error`].
#[derive(Debug, thiserror::Error)]
#[error("S3 answered {status}{}{}", spaced(code), request_id(id))]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) code: String,
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

/// The code that S3 gave for this error.
pub(crate) fn code(error: &Error) -> &str {
    let source = std::error::Error::source(error);
    source.and_then(|source| source.downcast_ref::<Answer>()).map_or("", |answer| answer.code.as_str())
}

/// The size of the object, where `error` is a refused range and S3 said the size.
pub(crate) fn size(error: &Error) -> Option<u64> {
    let source = std::error::Error::source(error)?;
    source.downcast_ref::<Answer>()?.size
}

/// The error of a refusal, of which `region` is what we thought.
pub(crate) fn of_refusal(refusal: &Refusal, region: &str) -> Error {
    let document = Element::parse(&refusal.body).ok().filter(|root| root.name == "Error");
    let retry_after = refusal.retry_after(SystemTime::now());
    of_answer(refusal.status, &refusal.headers, document.as_ref(), region).with_retry_after(retry_after)
}

/// The error of an `<Error>` document that came with status 200.
pub(crate) fn of_document(document: &Element, region: &str) -> Error {
    let code = document.text("Code").unwrap_or_default();
    // The kind follows from the code; 200 says nothing about it.
    let status = match code {
        "SlowDown" | "ServiceUnavailable" => StatusCode::SERVICE_UNAVAILABLE,
        "PreconditionFailed" => StatusCode::PRECONDITION_FAILED,
        "AccessDenied" => StatusCode::FORBIDDEN,
        "NoSuchUpload" | "NoSuchKey" | "NoSuchBucket" => StatusCode::NOT_FOUND,
        "" | "InternalError" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    of_answer(status, &HeaderMap::new(), Some(document), region)
}

fn of_answer(status: StatusCode, headers: &HeaderMap, document: Option<&Element>, region: &str) -> Error {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let field = |name| document.and_then(|document| document.text(name)).unwrap_or_default().trim();
    let or = |text: &'static str, other: &'static str| {
        let found = field(text);
        if found.is_empty() { header(other).to_owned() } else { found.to_owned() }
    };
    let (code, id) = (or("Code", "x-amz-error-code"), or("RequestId", "x-amz-request-id"));
    let text = or("Message", "x-amz-error-message");
    let right_region = or("Region", "x-amz-bucket-region");
    let message = match (text.is_empty(), code.is_empty()) {
        (false, _) => text,
        (true, false) => code.clone(),
        (true, true) => status.canonical_reason().unwrap_or("refused").to_lowercase(),
    };
    let mut error = Error::new(kind(status.as_u16(), &code), message);
    if let Some(hint) = hint(status.as_u16(), &code, region, &right_region) {
        error = error.with_hint(hint);
    }
    if is_conflict(&code) {
        error = error.with_retryable(true);
    }
    let unsatisfied = ContentRange::parse(header("content-range")).and_then(|range| range.size);
    let size = unsatisfied.or_else(|| field("ActualObjectSize").parse().ok());
    error.with_source(Answer { status: status.as_u16(), code, id, size })
}

/// Whether another write was under way at the same time, so that the condition was not decided.
fn is_conflict(code: &str) -> bool {
    matches!(code, "ConditionalRequestConflict" | "OperationAborted")
}

/// What a status and a code mean. The code counts more; HEAD has none.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
pub(crate) fn kind(status: u16, code: &str) -> ErrorKind {
    match code {
        "SlowDown"
        | "ServiceUnavailable"
        | "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "TooManyRequestsException"
        | "BandwidthLimitExceeded" => ErrorKind::RateLimited,
        "RequestTimeout" | "RequestTimeoutException" => ErrorKind::Timeout,
        "IncompleteBody" => ErrorKind::Interrupted,
        "InternalError" | "InternalFailure" | "InternalServerError" => ErrorKind::Service,
        "NoSuchKey" | "NoSuchBucket" | "NoSuchUpload" | "NoSuchVersion" => ErrorKind::NotFound,
        "BucketAlreadyExists" | "BucketAlreadyOwnedByYou" => ErrorKind::AlreadyExists,
        "PreconditionFailed"
        | "ConditionalRequestConflict"
        | "OperationAborted"
        | "BucketNotEmpty"
        | "InvalidObjectState" => ErrorKind::PreconditionFailed,
        "NotModified" => ErrorKind::NotModified,
        "InvalidRange" => ErrorKind::RangeNotSatisfiable,
        "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "TokenRefreshRequired"
        | "InvalidToken"
        | "RequestTimeTooSkewed"
        | "RequestExpired"
        | "MissingSecurityHeader"
        | "AuthFailure"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId" => ErrorKind::Unauthenticated,
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" | "InvalidPayer" | "Forbidden" => {
            ErrorKind::PermissionDenied
        }
        "BadDigest" | "InvalidDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch" => {
            ErrorKind::Integrity
        }
        "NotImplemented" | "MethodNotAllowed" => ErrorKind::Unsupported,
        _ => kind_of_status(status),
    }
}

/// What the user can do, in one sentence.
fn hint(status: u16, code: &str, region: &str, right_region: &str) -> Option<String> {
    let fixed = match code {
        "NoSuchBucket" => "check the bucket's name, or create it with: rangeway mb s3://BUCKET",
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidClientTokenId" => {
            "check the access key and its secret, and that they belong to this endpoint"
        }
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "InvalidToken" => {
            "get new temporary credentials, for example with: aws sso login"
        }
        "RequestTimeTooSkewed" | "RequestExpired" => "set this machine's clock: it differs from the server's",
        "AccessDenied" | "AllAccessDisabled" => {
            "the credentials may not do this, or the object does not exist and they may not list the bucket"
        }
        "InvalidObjectState" => "the object is archived: restore it first, then read it",
        "EntityTooLarge" => "write it in parts: larger than what one request may carry",
        "InvalidPayer" => "the bucket's readers pay: agree with request-payer=true",
        "BucketNotEmpty" => "empty it first with: rangeway rm -r --all s3://BUCKET",
        "BucketAlreadyExists" => "bucket names are shared by all accounts: choose another",
        _ => "",
    };
    if !fixed.is_empty() {
        return Some(fixed.to_owned());
    }
    let redirected = matches!(status, 301 | 307 | 308)
        || matches!(
            code,
            "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException"
        );
    if !right_region.is_empty() && right_region != region {
        return Some(format!("the bucket is in another region: set region={right_region} or AWS_REGION"));
    }
    redirected.then(|| {
        format!("the bucket is not in the region {region} at this endpoint: set region and endpoint")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_row_by_row() {
        use ErrorKind as Kind;
        for (status, code, expected, retryable) in [
            (503, "SlowDown", Kind::RateLimited, true),
            (503, "ServiceUnavailable", Kind::RateLimited, true),
            (503, "", Kind::RateLimited, true),
            (429, "", Kind::RateLimited, true),
            (400, "RequestLimitExceeded", Kind::RateLimited, true),
            (500, "InternalError", Kind::Service, true),
            (500, "", Kind::Service, true),
            (502, "", Kind::Service, true),
            (504, "", Kind::Service, true),
            (400, "RequestTimeout", Kind::Timeout, true),
            (408, "", Kind::Timeout, true),
            (400, "IncompleteBody", Kind::Interrupted, true),
            (404, "NoSuchKey", Kind::NotFound, false),
            (404, "NoSuchBucket", Kind::NotFound, false),
            (404, "NoSuchUpload", Kind::NotFound, false),
            (404, "NoSuchVersion", Kind::NotFound, false),
            (404, "", Kind::NotFound, false),
            (403, "AccessDenied", Kind::PermissionDenied, false),
            (403, "", Kind::PermissionDenied, false),
            (403, "InvalidAccessKeyId", Kind::Unauthenticated, false),
            (403, "SignatureDoesNotMatch", Kind::Unauthenticated, false),
            (400, "ExpiredToken", Kind::Unauthenticated, false),
            (400, "InvalidToken", Kind::Unauthenticated, false),
            (403, "RequestTimeTooSkewed", Kind::Unauthenticated, false),
            (401, "", Kind::Unauthenticated, false),
            (412, "PreconditionFailed", Kind::PreconditionFailed, false),
            (412, "", Kind::PreconditionFailed, false),
            (409, "ConditionalRequestConflict", Kind::PreconditionFailed, true),
            (409, "OperationAborted", Kind::PreconditionFailed, true),
            (409, "BucketNotEmpty", Kind::PreconditionFailed, false),
            (409, "BucketAlreadyExists", Kind::AlreadyExists, false),
            (409, "BucketAlreadyOwnedByYou", Kind::AlreadyExists, false),
            (403, "InvalidObjectState", Kind::PreconditionFailed, false),
            (304, "", Kind::NotModified, false),
            (416, "InvalidRange", Kind::RangeNotSatisfiable, false),
            (416, "", Kind::RangeNotSatisfiable, false),
            (400, "BadDigest", Kind::Integrity, false),
            (400, "XAmzContentSHA256Mismatch", Kind::Integrity, false),
            (400, "EntityTooLarge", Kind::InvalidInput, false),
            (400, "EntityTooSmall", Kind::InvalidInput, false),
            (400, "KeyTooLongError", Kind::InvalidInput, false),
            (400, "InvalidBucketName", Kind::InvalidInput, false),
            (400, "AuthorizationHeaderMalformed", Kind::InvalidInput, false),
            (301, "PermanentRedirect", Kind::InvalidInput, false),
            (501, "NotImplemented", Kind::Unsupported, false),
            (405, "MethodNotAllowed", Kind::Unsupported, false),
            (400, "", Kind::InvalidInput, false),
        ] {
            let body = format!("<Error><Code>{code}</Code><Message>why</Message></Error>");
            let document = Element::parse(body.as_bytes()).expect("XML");
            let status_code = StatusCode::from_u16(status).expect("status");
            let error = of_answer(status_code, &HeaderMap::new(), Some(&document), "us-east-1");
            assert_eq!((error.kind(), error.is_retryable()), (expected, retryable), "{status} {code}");
            assert_eq!(super::code(&error), code);
        }
    }

    #[test]
    fn the_right_region_is_named() {
        let body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>";
        let document = Element::parse(body.as_bytes()).expect("XML");
        let error = of_answer(StatusCode::BAD_REQUEST, &HeaderMap::new(), Some(&document), "us-east-1");
        assert!(error.hint().expect("a hint").contains("region=eu-west-1"));
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-bucket-region", "ap-south-1".parse().expect("header"));
        let error = of_answer(StatusCode::MOVED_PERMANENTLY, &headers, None, "us-east-1");
        assert!(error.hint().expect("a hint").contains("region=ap-south-1"));
    }

    #[test]
    fn an_answer_without_a_document_still_says_something() {
        let error = of_answer(StatusCode::NOT_FOUND, &HeaderMap::new(), None, "r");
        assert_eq!(error.to_string(), "not found");
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        assert_eq!(cause.as_deref(), Some("S3 answered 404"));
    }

    #[test]
    fn errors_that_come_with_success_have_their_kind() {
        for (code, kind) in [
            ("InternalError", ErrorKind::Service),
            ("SlowDown", ErrorKind::RateLimited),
            ("NoSuchUpload", ErrorKind::NotFound),
            ("PreconditionFailed", ErrorKind::PreconditionFailed),
            ("", ErrorKind::Service),
            ("InvalidPart", ErrorKind::InvalidInput),
        ] {
            let body = format!("<Error><Code>{code}</Code></Error>");
            let document = Element::parse(body.as_bytes()).expect("XML");
            assert_eq!(of_document(&document, "r").kind(), kind, "{code}");
        }
    }
}
