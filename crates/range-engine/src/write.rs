//! The life of a write: one request if it is small, and otherwise a multipart upload that leaves nothing behind when
//! it fails or nobody waits for it any more.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use rangeway_core::{
    Error, ErrorKind, Key, MultipartUpload, Operation, PartSpec, Payload, PutOptions, PutResponse, Result,
    UploadedPart,
};
use tokio::sync::oneshot;

use crate::engine::{Engine, until};
use crate::feed::Feed;
use crate::plan;
use crate::schedule::{Schedule, task_failed};
use crate::upload::RangedUpload;

/// How long parts under way may take to end before their upload is aborted without them.
const GRACE: Duration = Duration::from_secs(2);

/// Writes an object.
pub(crate) async fn put(
    engine: &Arc<Engine>,
    key: &Key,
    payload: Payload,
    options: PutOptions,
) -> Result<PutResponse> {
    try_put(engine, key, payload, options).await.map_err(|error| engine.locate(Operation::Put, key, error))
}

async fn try_put(
    engine: &Arc<Engine>,
    key: &Key,
    payload: Payload,
    options: PutOptions,
) -> Result<PutResponse> {
    let length = payload.length();
    if engine.policy.put_threshold == u64::MAX {
        // The store takes any payload as it is, and what has been streamed into it cannot be sent again.
        engine.counters.request(1);
        let written = until(options.deadline, engine.store.put(key, payload, options)).await?;
        engine.counters.written(length.unwrap_or_default());
        return Ok(written);
    }
    let threshold = engine.policy.put_threshold.min(engine.store.capabilities().max_put_size);
    match length {
        Some(length) if length <= threshold => {
            let write = async {
                // A stream may stand still, or wait for other writes: it holds no memory that those wait for.
                let payload = match payload {
                    Payload::Stream { .. } => payload.into_rope().await?.into(),
                    payload => payload,
                };
                let _reservation = engine.write_budget.acquire(length).await;
                put_one(engine, key, payload, options.clone()).await
            };
            until(options.deadline, write).await
        }
        Some(_) => put_parts(engine, key, Feed::new(payload)?, length, options).await,
        None => {
            let mut feed = Feed::new(payload)?;
            let begin = async {
                let head = feed.next(threshold).await?.unwrap_or(Payload::Rope(Vec::new()));
                Ok((head.into_rope().await?, feed.is_at_end().await?))
            };
            let (head, is_all) = until(options.deadline, begin).await?;
            if is_all {
                let write = async {
                    let head = Payload::Rope(head);
                    let _reservation = engine.write_budget.acquire(head.length().unwrap_or_default()).await;
                    put_one(engine, key, head, options.clone()).await
                };
                return until(options.deadline, write).await;
            }
            feed.put_back(head);
            put_parts(engine, key, feed, None, options).await
        }
    }
}

/// Writes an object by one request.
async fn put_one(engine: &Engine, key: &Key, payload: Payload, options: PutOptions) -> Result<PutResponse> {
    let rope = payload.into_rope().await?;
    let size = rope.iter().map(|chunk| chunk.len() as u64).sum();
    let _permit = engine.permit(options.deadline).await?;
    let mut sent = 0;
    let put = || {
        sent += 1;
        engine.store.put(key, rope.clone().into(), options.clone())
    };
    let written = engine.request(engine.upload_timeout(size), options.deadline, put).await;
    let written = written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists | ErrorKind::PreconditionFailed if sent > 1 => error
            .with_hint("the answer to an earlier attempt was lost: the object may be the one of this write"),
        _ => error,
    })?;
    engine.counters.written(size);
    Ok(written)
}

/// Writes an object by a multipart upload, on a task of its own: if this future is dropped, the task still ends the
/// upload.
async fn put_parts(
    engine: &Arc<Engine>,
    key: &Key,
    feed: Feed,
    length: Option<u64>,
    options: PutOptions,
) -> Result<PutResponse> {
    let (_waiting, gone) = oneshot::channel::<()>();
    let (engine, key) = (Arc::clone(engine), key.clone());
    let deadline = options.deadline;
    let task = {
        let tasks = engine.uploads.clone();
        tasks.spawn(async move {
            let upload = Arc::new(RangedUpload::start(&engine, &key, options).await?);
            let mut schedule = Schedule::new(Arc::clone(&engine));
            let sending = until(deadline, send_parts(&mut schedule, &engine, &upload, feed, length));
            let sent = tokio::select! {
                // A payload of the caller's that panics must not leave the upload open either.
                sent = AssertUnwindSafe(sending).catch_unwind() => sent.unwrap_or_else(|_| {
                    Err(Error::new(ErrorKind::Cancelled, "the payload of the write panicked"))
                }),
                _ = gone => Err(Error::new(ErrorKind::Cancelled, "nobody waits for the write any more")),
            };
            let completed = match sent {
                Ok(parts) => upload.complete(parts).await,
                Err(error) => Err(error),
            };
            if completed.is_err() {
                // A service may keep a part that it goes on with after the abort.
                schedule.settle(GRACE).await;
                if let Err(error) = upload.abort().await {
                    tracing::warn!(%error, "an upload could not be aborted: its parts remain at the service");
                }
            }
            completed
        })
    };
    task.await.map_err(task_failed)?
}

/// Sends all parts and gives them in order.
async fn send_parts(
    schedule: &mut Schedule<UploadedPart>,
    engine: &Arc<Engine>,
    upload: &Arc<RangedUpload>,
    mut feed: Feed,
    length: Option<u64>,
) -> Result<Vec<UploadedPart>> {
    let limits = engine.store.capabilities().parts;
    let base = engine.policy.part_size.base();
    let fixed = length.map(|length| plan::upload_part_size(length, base, &limits)).transpose()?;
    let (mut number, mut offset) = (1, 0);
    loop {
        let size = fixed.unwrap_or_else(|| plan::streamed_part_size(number, base, &limits));
        // A stream may stand still, or wait for other writes: it holds no memory that those wait for.
        let (reservation, payload) = if feed.may_stall() {
            let payload = schedule.meanwhile(feed.next(size)).await??;
            let found = payload.as_ref().and_then(Payload::length).unwrap_or_default();
            // A write that has no part under way takes memory in any case: the bytes are there already.
            let reserved = schedule.reserve(&engine.write_budget, found, Duration::ZERO).await?;
            (reserved.unwrap_or_else(|| engine.write_budget.overdraw(found)), payload)
        } else {
            // What others hold they send, and give back.
            let reserved = schedule.reserve(&engine.write_budget, size, Duration::MAX).await?;
            let reservation = reserved.expect("patience without end");
            (reservation, schedule.meanwhile(feed.next(size)).await??)
        };
        let Some(payload) = payload else { break };
        if number > limits.max_count {
            return Err(Error::invalid(format!("the object needs more than {} parts", limits.max_count))
                .with_hint("set a larger part-size"));
        }
        let part = PartSpec { number, offset };
        offset += payload.length().unwrap_or_default();
        number += 1;
        let upload = Arc::clone(upload);
        schedule
            .start(async move {
                let uploaded = upload.send(part, payload).await;
                drop(reservation);
                uploaded
            })
            .await?;
    }
    let mut parts = schedule.finish().await?;
    parts.sort_unstable_by_key(|part| part.number);
    Ok(parts)
}
