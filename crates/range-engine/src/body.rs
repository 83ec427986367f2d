//! `RangedBody`: the body of a read that is made of many parts, whichever way it is consumed.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{FutureExt, TryFutureExt};
use rangeway_core::{BodySource, Error, ErrorKind, Result, WriteAt};
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::budget::Reservation;
use crate::engine::Engine;
use crate::part::{PartReader, Source};
use crate::part_size::{Known, Left, Sizes};
use crate::schedule::{Schedule, task_failed};

/// So few bytes often arrive as one chunk, which is then the result without a copy.
const SMALL: usize = 64 << 10;

/// How much of a part is handed to a target at a time. The last part of a transfer is then nearly written when its last
/// byte comes, and the memory is huge pages. A GiB from loopback to tmpfs took 0.57 s and 0.63 CPU-seconds in pieces of
/// 4 MiB, 0.57 s and 0.70 in those of 1 MiB, 0.67 s and 0.82 in those of 256 KiB.
const PIECE: u64 = 4 << 20;

/// Pieces are a multiple of this, so that they begin where blocks of a disk do, and are worth a call.
const GRAIN: u64 = 64 << 10;

/// A write that takes longer keeps the service waiting: what is in the connection's buffers lasts less long.
const SLOW: Duration = Duration::from_millis(50);

/// How long a read waits for memory that others hold. They give it back in the time that a few parts take, unless what
/// they hold waits for their callers.
const PATIENCE: Duration = Duration::from_secs(1);

/// The body of a read: an open first part, and the rest in parts of the policy's size.
#[derive(Debug)]
pub(crate) struct RangedBody {
    source: Arc<Source>,
    /// The part whose bytes are handed on as they come.
    first: PartReader,
    /// What no part has been planned for yet.
    rest: Range<u64>,
    /// Bytes of the parts that have been planned.
    planned: u64,
    sizes: Sizes,
    /// Parts that are being read ahead, in order.
    ahead: VecDeque<AbortOnDropHandle<Result<(Bytes, Reservation)>>>,
    /// Bytes of a part for which `read` had no room.
    left_over: Bytes,
    /// Whether a part failed: what follows it must never be taken for what follows the one before it.
    failed: bool,
}

impl RangedBody {
    pub(crate) fn new(first: PartReader, rest: Range<u64>) -> Self {
        let source = first.source();
        let sizes = Sizes::new(source.engine.policy.part_size, rest.end - rest.start);
        let planned = first.remaining();
        Self {
            source,
            first,
            rest,
            planned,
            sizes,
            ahead: VecDeque::new(),
            left_over: Bytes::new(),
            failed: false,
        }
    }

    fn engine(&self) -> &Arc<Engine> {
        &self.source.engine
    }

    /// Where the next byte stands in the object, unless parts are being read ahead.
    fn position(&self) -> u64 {
        if self.first.remaining() > 0 { self.first.position() } else { self.rest.start }
    }

    /// Whether parts are being read ahead, or have been handed out in pieces.
    fn is_streaming(&self) -> bool {
        !self.ahead.is_empty() || !self.left_over.is_empty()
    }

    /// Whether everything that remains is in the first part.
    fn is_one_part(&self) -> bool {
        self.rest.is_empty() && !self.is_streaming()
    }

    /// How long the next part is when `started` parts are under way: as long as `memory` for each of them allows.
    fn next_length(&self, started: usize, memory: u64) -> u64 {
        let engine = self.engine();
        let left = Left {
            unplanned: self.rest.end - self.rest.start,
            unfinished: self.planned.saturating_sub(self.source.arrived()),
            slots: (started + engine.controller.free()) as u64,
            memory,
        };
        let known = Known { lag: engine.pace.lag(), may_grow: engine.controller.may_grow() };
        self.sizes.next(left, known)
    }

    /// The next `length` bytes as a part, which is not started.
    fn plan(&mut self, length: u64) -> PartReader {
        let range = self.rest.start..self.rest.start + length;
        self.rest.start = range.end;
        self.planned += length;
        PartReader::new(Arc::clone(&self.source), range, None)
    }

    /// The next part, which is not started; the one that is open comes first.
    fn next_part(&mut self, started: usize, memory: u64) -> Option<PartReader> {
        if self.first.remaining() > 0 {
            return Some(self.first.take());
        }
        (!self.rest.is_empty()).then(|| self.plan(self.next_length(started, memory)))
    }

    /// What each part may hold of the memory that is ours.
    fn memory_per_part(&self) -> u64 {
        let engine = self.engine();
        engine.policy.memory_limit / engine.controller.window() as u64
    }

    /// Reads ahead as far as the window and the memory allow. Without memory for the part that is needed next, it
    /// becomes the first one: streams that nobody goes on with may hold memory for ever.
    fn read_ahead(&mut self) {
        let engine = Arc::clone(self.engine());
        while !self.rest.is_empty() {
            if self.ahead.len() >= engine.controller.window() {
                engine.controller.held_back();
                break;
            }
            let length = self.next_length(self.ahead.len(), self.memory_per_part());
            let Some(reservation) = engine.read_budget.try_acquire(length) else {
                if self.ahead.is_empty() && self.first.remaining() == 0 {
                    self.first = self.plan(length);
                }
                break;
            };
            let mut part = self.plan(length);
            let engine = Arc::clone(&engine);
            self.ahead.push_back(AbortOnDropHandle::new(tokio::spawn(async move {
                part.enter().await?;
                Ok((read_whole(&engine, &mut part).await?, reservation))
            })));
        }
    }
}

/// Hands the bytes of a part to `target` as they come, at `offset`: slower than whole parts, and with no memory of ours.
async fn pass_through(part: &mut PartReader, target: &Arc<dyn WriteAt>, mut offset: u64) -> Result<()> {
    while let Some(bytes) = part.chunk().await? {
        let end = offset + bytes.len() as u64;
        target.write_at(offset, bytes).await?;
        offset = end;
    }
    Ok(())
}

/// Hands the bytes of a part to `target` at `offset`, `piece` bytes at a time: through a pipe as long as both ends can.
async fn hand_over(
    engine: &Engine,
    part: &mut PartReader,
    target: &Arc<dyn WriteAt>,
    mut offset: u64,
    piece: u64,
) -> Result<()> {
    let piece = in_memory(piece)?;
    let mut pipe = if target.takes_pipes() { engine.pipes.take() } else { None };
    while part.remaining() > 0 {
        part.enter().await?;
        let before = part.position();
        if let Some(mut filled) = pipe.take() {
            // What is in it comes before anything that has to be read.
            let fits = part.fill_pipe(&mut filled, piece).await?;
            if fits || filled.length() > 0 {
                pipe = Some(filled);
            } else {
                engine.pipes.put(filled);
            }
        }
        let mut writing = if let Some(pipe) = pipe.take() {
            target.write_pipe(offset, pipe).map_ok(Some).boxed()
        } else {
            let mut buffer = engine.buffers.take(piece);
            part.fill(&mut buffer.bytes).await?;
            target.write_at(offset, buffer.freeze()).map_ok(|()| None).boxed()
        };
        let begun = Instant::now();
        pipe = if let Ok(written) = timeout(PATIENCE, &mut writing).await {
            written?
        } else {
            // What the target waits for may be a request to this very store.
            part.leave();
            writing.await?
        };
        if begun.elapsed() > SLOW {
            part.hold_up();
        }
        offset += part.position() - before;
    }
    if let Some(pipe) = pipe {
        engine.pipes.put(pipe);
    }
    Ok(())
}

/// All bytes of a part in a buffer of their own. A caller who keeps more of them than pass through at a time makes them
/// results.
async fn read_whole(engine: &Engine, part: &mut PartReader) -> Result<Bytes> {
    let length = in_memory(part.remaining())?;
    let buffers = if engine.buffers.has_room(length) { &engine.buffers } else { &engine.results };
    let mut buffer = buffers.take_at(part.position(), length);
    part.fill(&mut buffer.bytes).await?;
    Ok(buffer.freeze())
}

fn in_memory(bytes: u64) -> Result<usize> {
    usize::try_from(bytes).map_err(|_| Error::invalid("the part is larger than the address space"))
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
                self.failed = true;
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
        loop {
            schedule.slot().await?;
            let Some(mut part) = self.next_part(schedule.len(), u64::MAX) else { break };
            let after = spare.split_off(in_memory(part.remaining())?);
            let mut piece = std::mem::replace(&mut spare, after);
            let position = part.position();
            schedule
                .start(async move {
                    part.enter().await?;
                    part.fill(&mut piece).await?;
                    Ok((position, piece))
                })
                .await?;
        }
        let mut pieces = schedule.finish().await?;
        pieces.sort_unstable_by_key(|(position, _)| *position);
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
        let mut buffer = self.engine().results.take_at(self.position(), length);
        self.read_into(&mut buffer.bytes, length).await?;
        Ok(buffer.freeze())
    }

    async fn write_to(&mut self, target: &Arc<dyn WriteAt>, _length: u64) -> Result<()> {
        if self.failed {
            return Err(Error::new(ErrorKind::Interrupted, "a part of the body failed before"));
        }
        if self.is_streaming() {
            let mut offset = 0;
            while let Some(bytes) = self.chunk().await? {
                let end = offset + bytes.len() as u64;
                target.write_at(offset, bytes).await?;
                offset = end;
            }
            return Ok(());
        }
        let begin = self.position();
        let engine = Arc::clone(self.engine());
        let mut schedule = Schedule::new(Arc::clone(&engine));
        let mut patience = PATIENCE;
        loop {
            schedule.slot().await?;
            let Some(mut part) = self.next_part(schedule.len(), u64::MAX) else { break };
            let offset = part.position() - begin;
            let piece = (PIECE.min(self.memory_per_part()) / GRAIN * GRAIN).max(GRAIN).min(part.remaining());
            let Some(reservation) = schedule.reserve(&engine.read_budget, piece, patience).await? else {
                patience = Duration::ZERO;
                schedule.meanwhile(pass_through(&mut part, target, offset)).await??;
                continue;
            };
            let (target, engine) = (Arc::clone(target), Arc::clone(&engine));
            schedule
                .start(async move {
                    hand_over(&engine, &mut part, &target, offset, piece).await?;
                    drop(reservation);
                    Ok(())
                })
                .await?;
        }
        schedule.finish().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;
    use rangeway_core::{GetOptions, MemoryStore, StoreExt};

    use super::*;
    use crate::{PartSize, Policy, read};

    const MIB: u64 = 1 << 20;

    #[tokio::test]
    async fn the_memory_of_chunks_that_were_kept_is_used_again() -> Result<()> {
        let policy = Policy::network().threshold(MIB).part_size(PartSize::Bytes(MIB)).memory_limit(4 * MIB);
        let store = MemoryStore::new("demo");
        store.put_bytes("k", vec![7; 16 << 20]).await?;
        let engine = Arc::new(Engine::new(Arc::new(store), policy));
        for (kept, parts, results) in [(0, 4, 0), (16, 4, 11), (16, 4, 11), (0, 4, 11)] {
            let mut chunks = Vec::new();
            let mut body = read::get(&engine, &"k".into(), GetOptions::new()).await?.body.stream();
            while let Some(chunk) = body.try_next().await? {
                chunks.push(chunk);
                chunks.truncate(kept);
            }
            drop((body, chunks));
            let idle = [&engine.buffers, &engine.results].map(|buffers| buffers.idle_bytes() / MIB);
            // The first part's bytes are those of the first answer.
            assert_eq!(idle, [parts, results], "{kept} of 16 chunks kept");
        }
        Ok(())
    }
}
