//! The life of a read: the first request tells the size and the state of the object, the rest is planned from it.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use rangeway_core::{
    Attributes, Body, BodySource, Error, ErrorKind, GetOptions, GetRange, GetResponse, HeadOptions, Key,
    ObjectMeta, Operation, Result, WriteAt,
};
use tokio_util::task::AbortOnDropHandle;

use crate::budget::Reservation;
use crate::engine::Engine;
use crate::part::{PartReader, Source};
use crate::schedule::{Schedule, task_failed};
use crate::{memory, plan};

/// So few bytes often arrive as one chunk, which is then the result without a copy.
const SMALL: usize = 64 << 10;

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

/// The body of a read: an open first part, and the rest in parts of the policy's size.
#[derive(Debug)]
struct RangedBody {
    source: Arc<Source>,
    first: PartReader,
    /// What no part has been started for yet.
    rest: Range<u64>,
    /// Parts that are being read ahead, in order.
    ahead: VecDeque<AbortOnDropHandle<Result<(Bytes, Reservation)>>>,
    /// Bytes of a part for which `read` had no room.
    left_over: Bytes,
}

impl RangedBody {
    fn new(first: PartReader, rest: Range<u64>) -> Self {
        let source = first.source();
        Self { source, first, rest, ahead: VecDeque::new(), left_over: Bytes::new() }
    }

    fn engine(&self) -> &Arc<Engine> {
        &self.source.engine
    }

    /// Whether parts are being read ahead, or have been handed out in pieces.
    fn is_streaming(&self) -> bool {
        !self.ahead.is_empty() || !self.left_over.is_empty()
    }

    /// Whether everything that remains is in the first part.
    fn is_one_part(&self) -> bool {
        self.rest.is_empty() && !self.is_streaming()
    }

    /// The readers of all parts, in order, none of which has been started.
    fn take_parts(&mut self) -> impl Iterator<Item = PartReader> + Send + use<> {
        let rest = std::mem::replace(&mut self.rest, 0..0);
        let source = Arc::clone(&self.source);
        let part_size = self.engine().policy.part_size.base();
        let first = self.first.take();
        std::iter::once(first).filter(|first| first.remaining() > 0).chain(
            plan::parts(rest, part_size).map(move |range| PartReader::new(Arc::clone(&source), range, None)),
        )
    }

    /// Reads ahead as far as the window and the memory allow; always the part that is needed next.
    fn read_ahead(&mut self) {
        let engine = Arc::clone(self.engine());
        while !self.rest.is_empty() {
            if self.ahead.len() >= engine.controller.window() {
                engine.controller.held_back();
                break;
            }
            let length = (self.rest.end - self.rest.start).min(engine.policy.part_size.base());
            let reservation = if self.ahead.is_empty() && self.first.remaining() == 0 {
                engine.read_budget.overdraw(length)
            } else {
                match engine.read_budget.try_acquire(length) {
                    Some(reservation) => reservation,
                    None => break,
                }
            };
            let range = self.rest.start..self.rest.start + length;
            self.rest.start = range.end;
            let mut part = PartReader::new(Arc::clone(&self.source), range, None);
            let engine = Arc::clone(&engine);
            self.ahead.push_back(AbortOnDropHandle::new(tokio::spawn(async move {
                let _permit = engine.permit(part.deadline()).await?;
                Ok((read_whole(&engine, &mut part).await?, reservation))
            })));
        }
    }
}

/// All bytes of a part in a buffer of their own.
async fn read_whole(engine: &Engine, part: &mut PartReader) -> Result<Bytes> {
    let mut buffer = engine.buffers.take(length_in_memory(part)?);
    part.fill(&mut buffer.bytes).await?;
    Ok(buffer.freeze())
}

fn length_in_memory(part: &PartReader) -> Result<usize> {
    usize::try_from(part.remaining()).map_err(|_| Error::invalid("the part is larger than the address space"))
}

#[async_trait]
impl BodySource for RangedBody {
    async fn chunk(&mut self) -> Result<Option<Bytes>> {
        if !self.left_over.is_empty() {
            return Ok(Some(std::mem::take(&mut self.left_over)));
        }
        self.read_ahead();
        if self.first.remaining() > 0 {
            return self.first.chunk().await;
        }
        let Some(next) = self.ahead.front_mut() else { return Ok(None) };
        let joined = next.await;
        self.ahead.pop_front();
        let (bytes, reservation) = match joined.map_err(task_failed).flatten() {
            Ok(read) => read,
            Err(error) => {
                // What is behind the part that failed must never be taken for what follows the one before it.
                self.rest = 0..0;
                self.ahead.clear();
                return Err(error);
            }
        };
        drop(reservation);
        self.read_ahead();
        Ok(Some(bytes))
    }

    async fn read(&mut self, buffer: &mut BytesMut) -> Result<usize> {
        self.read_ahead();
        if self.left_over.is_empty() && self.first.remaining() > 0 {
            return self.first.read(buffer).await;
        }
        let Some(mut bytes) = self.chunk().await? else { return Ok(0) };
        let room = (buffer.capacity() - buffer.len()).min(bytes.len());
        buffer.extend_from_slice(&bytes.split_to(room));
        self.left_over = bytes;
        Ok(room)
    }

    async fn read_into(&mut self, buffer: &mut BytesMut, length: usize) -> Result<()> {
        if self.is_one_part() {
            return self.first.fill(buffer).await;
        }
        if self.is_streaming() {
            let end = buffer.len() + length;
            while buffer.len() < end && self.read(buffer).await? > 0 {}
            return Ok(());
        }
        // Each part gets its own piece of the one allocation; together they become one buffer again, uncopied.
        let mut spare = buffer.split_off(buffer.len());
        let mut schedule = Schedule::new(Arc::clone(self.engine()));
        for (index, mut part) in self.take_parts().enumerate() {
            let after = spare.split_off(length_in_memory(&part)?);
            let mut piece = std::mem::replace(&mut spare, after);
            let engine = Arc::clone(self.engine());
            schedule
                .start(async move {
                    let _permit = engine.permit(part.deadline()).await?;
                    part.fill(&mut piece).await?;
                    Ok((index, piece))
                })
                .await?;
        }
        let mut pieces = schedule.finish().await?;
        pieces.sort_unstable_by_key(|(index, _)| *index);
        for (_, piece) in pieces {
            buffer.unsplit(piece);
        }
        buffer.unsplit(spare);
        Ok(())
    }

    async fn bytes(&mut self, length: usize) -> Result<Bytes> {
        if self.is_one_part() && length <= SMALL {
            let first = self.first.chunk().await?.unwrap_or_default();
            if first.len() == length {
                return Ok(first);
            }
            let mut buffer = BytesMut::with_capacity(length);
            buffer.extend_from_slice(&first);
            self.first.fill(&mut buffer).await?;
            return Ok(buffer.freeze());
        }
        let mut buffer = memory::with_capacity(length);
        self.read_into(&mut buffer, length).await?;
        Ok(buffer.freeze())
    }

    async fn write_to(&mut self, target: &Arc<dyn WriteAt>, _length: u64) -> Result<()> {
        if self.is_streaming() {
            let mut offset = 0;
            while let Some(bytes) = self.chunk().await? {
                let end = offset + bytes.len() as u64;
                target.write_at(offset, bytes).await?;
                offset = end;
            }
            return Ok(());
        }
        let begin = if self.first.remaining() > 0 { self.first.position() } else { self.rest.start };
        let engine = Arc::clone(self.engine());
        let mut schedule = Schedule::new(Arc::clone(&engine));
        for mut part in self.take_parts() {
            let reservation = schedule.reserve(&engine.read_budget, part.remaining()).await?;
            let (target, engine) = (Arc::clone(target), Arc::clone(&engine));
            let offset = part.position() - begin;
            schedule
                .start(async move {
                    let permit = engine.permit(part.deadline()).await?;
                    let bytes = read_whole(&engine, &mut part).await?;
                    drop(permit);
                    target.write_at(offset, bytes).await?;
                    drop(reservation);
                    Ok(())
                })
                .await?;
        }
        schedule.finish().await?;
        Ok(())
    }
}
