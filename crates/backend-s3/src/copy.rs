//! Copies within a bucket: one request where that is allowed, parts where the object is too large or a condition is set.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use rangeway_core::{
    CopyOptions, Error, ErrorKind, GetRange, HeadOptions, HeadResponse, Key, MultipartUpload, Payload,
    PutMode, PutOptions, PutResponse, Result, Store, UploadedPart,
};
use rangeway_range_engine::Retry;
use rangeway_transport::{HeaderMap, HeaderValue, Method, encode, headers};

use tokio::sync::oneshot;

use crate::api::Api;
use crate::error;
use crate::multipart::S3Upload;
use crate::store::{GIB, MIB, PARTS, S3Store, put_mode, put_response, put_write_headers};

/// The largest object that one request copies.
const MAX_COPY: u64 = 5 * GIB;

/// Parts of copies are large: no byte of them passes through here.
const PART: u64 = 512 * MIB;

/// Services may take minutes to copy an object, or to put one together.
const SERVER_SIDE_TIMEOUT: Duration = Duration::from_mins(10);

/// How many parts are copied at a time.
const IN_FLIGHT: usize = 8;

/// Copies `from` to `to`, attributes included.
pub(crate) async fn copy(
    store: &S3Store,
    api: &Arc<Api>,
    retry: &Retry,
    from: &Key,
    to: &Key,
    options: CopyOptions,
) -> Result<PutResponse> {
    if options.mode != PutMode::Overwrite {
        // Refused before anything is sent.
        put_mode(&mut HeaderMap::new(), api, &options.mode)?;
        let head = retry.run(|_| store.head(from, HeadOptions::new())).await?;
        return copy_parts(store, api, retry, from, to, head, options.mode).await;
    }
    let error = match limited(copy_whole(api, from, to)).await {
        // How S3 refuses sources beyond 5 GiB.
        Err(error) if matches!(error::code(&error), "InvalidRequest" | "EntityTooLarge") => error,
        result => return result,
    };
    let head = retry.run(|_| store.head(from, HeadOptions::new())).await?;
    if head.meta.size <= MAX_COPY {
        return Err(error);
    }
    copy_parts(store, api, retry, from, to, head, options.mode).await
}

fn source(api: &Api, from: &Key) -> Result<HeaderValue> {
    if from.is_empty() {
        return Err(Error::invalid("the empty key names the bucket, not an object"));
    }
    let path = format!("/{}/{}", encode::path(api.uri().container()), encode::path(from.as_str()));
    headers::value("x-amz-copy-source", &path)
}

async fn copy_whole(api: &Api, from: &Key, to: &Key) -> Result<PutResponse> {
    let mut request = api.object(Method::PUT, to, &[])?;
    request.headers.insert("x-amz-copy-source", source(api, from)?);
    if from == to {
        // S3 refuses to copy an object onto itself unless something is replaced.
        request.headers.insert("x-amz-storage-class", HeaderValue::from_static("STANDARD"));
    }
    put_write_headers(&mut request.headers, api, &PutOptions::new())?;
    let (headers, document) = api.send_xml(request, "CopyObjectResult").await?;
    let mut response = put_response(&headers);
    response.etag = document.text("ETag").map(str::to_owned).or(response.etag);
    Ok(response)
}

async fn copy_parts(
    store: &S3Store,
    api: &Arc<Api>,
    retry: &Retry,
    from: &Key,
    to: &Key,
    head: HeadResponse,
    mode: PutMode,
) -> Result<PutResponse> {
    let mut attributes = head.attributes;
    // A copy gets the class that a new object would get.
    attributes.storage_class = None;
    let options = PutOptions::new().attributes(attributes).mode(mode);
    if head.meta.size == 0 {
        return store.put(to, Payload::Rope(Vec::new()), options).await;
    }
    let mut shared = vec![("x-amz-copy-source", source(api, from)?)];
    if let Some(etag) = &head.meta.etag {
        shared.push(("x-amz-copy-source-if-match", headers::value("etag", etag)?));
    }
    let size = head.meta.size;
    let (api, retry, to) = (Arc::clone(api), retry.clone(), to.clone());
    let (_waiting, gone) = oneshot::channel::<()>();
    // On a task of its own, which ends the upload even when nobody waits for the copy any more.
    let task = store.copies().spawn(async move {
        let upload = retry.run(|_| S3Upload::start(Arc::clone(&api), &to, options.clone())).await?;
        let parts = stream::iter((1..).zip(plan(size)))
            .map(|(number, range)| copy_one(&upload, &retry, &shared, number, range, size))
            .buffer_unordered(IN_FLIGHT)
            .try_collect();
        let copied = tokio::select! {
            copied = parts => copied,
            _ = gone => Err(Error::new(ErrorKind::Cancelled, "nobody waits for the copy any more")),
        };
        let completed = match copied {
            Ok(parts) => limited(upload.complete(parts)).await,
            Err(error) => Err(error),
        };
        if completed.is_err()
            && let Err(error) = retry.run(|_| upload.abort()).await
        {
            tracing::warn!(%error, "an upload could not be aborted: its parts remain at the service");
        }
        completed
    });
    task.await.map_err(|error| {
        Error::new(ErrorKind::Cancelled, "the task of the copy ended early").with_source(error)
    })?
}

/// One request that the service may take long for.
async fn limited<T>(request: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| Error::new(ErrorKind::Timeout, format!("no answer within {SERVER_SIDE_TIMEOUT:?}"));
    tokio::time::timeout(SERVER_SIDE_TIMEOUT, request).await.map_err(late)?
}

async fn copy_one(
    upload: &S3Upload,
    retry: &Retry,
    shared: &[(&'static str, HeaderValue)],
    number: u32,
    range: Range<u64>,
    whole: u64,
) -> Result<UploadedPart> {
    let size = range.end - range.start;
    let mut source = shared.to_vec();
    // S3 takes ranges only of sources beyond 5 MiB.
    if size != whole {
        source.push(("x-amz-copy-source-range", headers::range(&GetRange::Bounded(range))?));
    }
    retry.run(|_| upload.copy_part(number, size, &source)).await
}

/// The parts of an object of `size` bytes.
fn plan(size: u64) -> impl Iterator<Item = Range<u64>> {
    let part = PART.max(size.div_ceil(u64::from(PARTS.max_count)));
    (0..size.div_ceil(part)).map(move |index| index * part..((index + 1) * part).min(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_cover_every_byte_once_and_fit_the_limits() {
        for size in [1, PART - 1, PART, PART + 1, 6 * GIB, 5 << 40, (5 << 40) + 1, 50_000 * GIB] {
            let parts: Vec<_> = plan(size).collect();
            assert!(parts.len() <= 10_000, "{size}: {} parts", parts.len());
            assert!(parts.iter().all(|part| part.end - part.start <= PARTS.max_size));
            assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, size));
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }
}
