//! From a request to the honest answer of S3.

use bytes::Bytes;
use http::StatusCode;

use super::answer::{Answer, Refusal};
use super::bucket::Bucket;
use super::request::SeenRequest;
use super::{list, object, upload};
use crate::request_kind::RequestKind;

/// The longest key, in bytes.
const MAX_KEY: usize = 1024;

/// What S3 would answer.
///
/// # Errors
/// What S3 would refuse.
pub(super) fn answer(bucket: &mut Bucket, request: &SeenRequest, body: Bytes) -> Result<Answer, Refusal> {
    if request.kind == RequestKind::CreateBucket {
        return Err(Refusal::new(409, "BucketAlreadyOwnedByYou"));
    }
    if request.bucket != bucket.name {
        return Err(Refusal::new(404, "NoSuchBucket"));
    }
    if request.key.len() > MAX_KEY {
        return Err(Refusal::new(400, "KeyTooLongError"));
    }
    match request.kind {
        RequestKind::GetObject | RequestKind::HeadObject => object::get(bucket, request),
        RequestKind::PutObject => object::put(bucket, request, body),
        RequestKind::CopyObject => object::copy(bucket, request),
        RequestKind::DeleteObject => Ok(object::delete(bucket, request)),
        RequestKind::CreateMultipart => Ok(upload::create(bucket, request)),
        RequestKind::UploadPart => upload::put_part(bucket, request, body),
        RequestKind::UploadPartCopy => upload::copy_part(bucket, request),
        RequestKind::CompleteMultipart => upload::complete(bucket, request, &body),
        RequestKind::AbortMultipart => upload::abort(bucket, request),
        RequestKind::ListUploads => Ok(upload::list(bucket)),
        RequestKind::ListObjects => list::list(bucket, request),
        RequestKind::DeleteObjects => list::delete_batch(bucket, request, &body),
        RequestKind::HeadBucket => Ok(Answer::new(StatusCode::OK)),
        _ => Err(Refusal::new(501, "NotImplemented")),
    }
}
