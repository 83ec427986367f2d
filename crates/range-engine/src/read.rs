//! The life of a read: the first request tells the size and the state of the object, the rest is planned from it.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use rangeway_core::{
    Attributes, Body, Error, ErrorKind, GetOptions, GetRange, GetResponse, HeadOptions, Key, ObjectMeta,
    Operation, Result,
};

use crate::body::RangedBody;
use crate::engine::Engine;
use crate::part::{PartReader, Source};
use crate::plan;

/// Reads an object, or a range of it: one request if it is small, and otherwise a body made of many.
pub(crate) async fn get(engine: &Arc<Engine>, key: &Key, options: GetOptions) -> Result<GetResponse> {
    try_get(engine, key, options).await.map_err(|error| engine.locate(Operation::Get, key, error))
}

async fn try_get(engine: &Arc<Engine>, key: &Key, options: GetOptions) -> Result<GetResponse> {
    if let Some(range) = &options.range {
        range.validate()?;
    }
    let mut first = options.clone();
    first.range = plan::first_range(options.range.as_ref(), engine.policy.threshold);
    let timeout = engine.policy.first_byte_timeout;
    let permit = engine.permit(options.deadline).await?;
    let answer = engine.request(timeout, options.deadline, || engine.get(key, &first)).await;
    // The caller may read the body at any pace, or never: it must not keep others from sending requests.
    drop(permit);
    let answer = match answer {
        // No byte of an empty object can be asked for, not even the last, so the refusal says that the object is there
        // and empty.
        Err(error)
            if error.kind() == ErrorKind::RangeNotSatisfiable
                && matches!(options.range, None | Some(GetRange::Suffix(_))) =>
        {
            let (meta, attributes) = empty_meta(engine, key, &options).await?;
            return Ok(GetResponse::new(meta, 0..0, attributes, Body::from_bytes(Bytes::new())));
        }
        answer => answer?,
    };
    let wanted = match &options.range {
        None => 0..answer.meta.size,
        Some(range) => range.resolve(answer.meta.size)?,
    };
    let source = Arc::new(Source::new(Arc::clone(engine), &options, &answer.meta));
    let length = wanted.end - wanted.start;
    let body = if length == 0 {
        Body::from_bytes(Bytes::new())
    } else {
        let open = first_part(first.range.as_ref(), &answer.range, &wanted, engine.policy.part_size.base());
        let body = source.starting_at(answer.body, &answer.range, wanted.start).await?;
        let rest = open.end..wanted.end;
        Body::new(length, RangedBody::new(PartReader::new(source, open, Some(body)), rest))
    };
    Ok(GetResponse::new(answer.meta, wanted, answer.attributes, body))
}

/// What is known of an empty object, or what the service says of it where the caller needs more than that.
async fn empty_meta(engine: &Engine, key: &Key, options: &GetOptions) -> Result<(ObjectMeta, Attributes)> {
    if !options.full_meta {
        return Ok((ObjectMeta::new(key, 0), Attributes::new()));
    }
    let mut head = HeadOptions::new().conditions(options.conditions.clone());
    head.version.clone_from(&options.version);
    let timeout = engine.policy.first_byte_timeout;
    let found = engine.request(timeout, options.deadline, || engine.store.head(key, head.clone())).await?;
    match found.meta.size {
        0 => Ok((found.meta, found.attributes)),
        _ => Err(Error::new(ErrorKind::Interrupted, "the object was written while it was being read")),
    }
}

/// Which of the `wanted` bytes are read from the first answer's body, which holds the bytes `came`.
fn first_part(
    asked: Option<&GetRange>,
    came: &Range<u64>,
    wanted: &Range<u64>,
    part_size: u64,
) -> Range<u64> {
    let whole = wanted.start..came.end.min(wanted.end);
    match asked {
        // A suffix was asked for whole; the first part of it comes from this body.
        Some(GetRange::Suffix(_)) if came.start == wanted.start => {
            whole.start..whole.end.min(whole.start.saturating_add(part_size))
        }
        // More than was asked for: the service ignores ranges, so all of it has to come from this one body.
        _ => whole,
    }
}
