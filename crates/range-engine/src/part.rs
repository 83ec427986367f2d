//! `PartReader`: reads one range of an object to its end, however often its connection breaks.

use std::ops::Range;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt};
use rangeway_core::{Body, Error, ErrorKind, GetOptions, Key, ObjectMeta, Operation, Pipe, Result};
use tokio::time::timeout;

use crate::controller::Permit;
use crate::engine::{Engine, limited};
use crate::hedge::timed;
use crate::pace::Speed;
use crate::retry::Attempts;

/// A broken attempt that brought this much starts the counting of attempts anew.
const PROGRESS: u64 = 256 << 10;

/// What a body did that timed out.
const STOOD_STILL: &str = "the body stood still: no byte";

/// What all parts of one read share: which object, in which state, until when.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) engine: Arc<Engine>,
    pub(crate) key: Key,
    pub(crate) version: Option<String>,
    pub(crate) deadline: Option<Instant>,
    etag: Option<String>,
    size: u64,
    last_modified: Option<SystemTime>,
    /// Bytes of all parts that have come.
    arrived: AtomicU64,
}

impl Source {
    /// The object that `meta`, the answer to the first request, identifies.
    pub(crate) fn new(engine: Arc<Engine>, options: &GetOptions, meta: &ObjectMeta) -> Self {
        Self {
            engine,
            key: meta.key.clone(),
            version: options.version.clone(),
            deadline: options.deadline,
            etag: meta.etag.clone(),
            size: meta.size,
            last_modified: meta.last_modified,
            arrived: AtomicU64::new(0),
        }
    }

    /// How many bytes have come, of all parts.
    pub(crate) fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// Sends one request for `range`; the body begins at its first byte and may end before its last.
    async fn open(&self, range: Range<u64>, attempt: u32) -> Result<Body> {
        let mut options = GetOptions::new().range(range.clone());
        options.version.clone_from(&self.version);
        // `If-Match` never holds for weak etags, and no header carries some others; the answer's is compared below.
        options.conditions.if_match = self.etag.clone().filter(|etag| !is_weak(etag) && etag.is_ascii());
        self.engine.counters.request(attempt);
        let answer = self.engine.get(&self.key, &options);
        let answer = limited(self.engine.policy.first_byte_timeout, self.deadline, "no answer", answer).await;
        let answer = answer.map_err(|error| match error.kind() {
            // Conditions of the caller were met by the first request, so only a new object can fail this one.
            ErrorKind::PreconditionFailed | ErrorKind::NotFound | ErrorKind::RangeNotSatisfiable => {
                changed().with_source(error)
            }
            _ => error,
        })?;
        let same_time = self.last_modified.is_none() || answer.meta.last_modified == self.last_modified;
        let same = match &self.etag {
            // States that differ may share a weak etag.
            Some(etag) => answer.meta.etag.as_ref() == Some(etag) && (same_time || !is_weak(etag)),
            None => same_time,
        };
        if !same || answer.meta.size != self.size {
            return Err(changed());
        }
        self.starting_at(answer.body, &answer.range, range.start).await
    }

    /// The body, which holds `came`, without the bytes before `start`.
    ///
    /// # Errors
    /// `Integrity` when `start` is not among the bytes that came.
    pub(crate) async fn starting_at(&self, mut body: Body, came: &Range<u64>, start: u64) -> Result<Body> {
        if !came.contains(&start) {
            return Err(Error::new(
                ErrorKind::Integrity,
                format!(
                    "asked for bytes from {start} on, the service answered with {}..{}",
                    came.start, came.end
                ),
            ));
        }
        let mut skip = start - came.start;
        while skip > 0 {
            let chunk = limited(self.engine.policy.stall_timeout, self.deadline, STOOD_STILL, body.chunk());
            let Some(mut chunk) = chunk.await? else { break };
            if chunk.len() as u64 > skip {
                let length = body.remaining() + chunk.len() as u64 - skip;
                let rest = chunk.split_off(usize::try_from(skip).unwrap_or(chunk.len()));
                return Ok(Body::from_stream(length, stream::iter([Ok(rest)]).chain(body.stream())));
            }
            skip -= chunk.len() as u64;
        }
        Ok(body)
    }

    fn locate(&self, error: Error) -> Error {
        self.engine.locate(Operation::Get, &self.key, error)
    }
}

fn is_weak(etag: &str) -> bool {
    etag.starts_with("W/")
}

/// The error of a read that met another state of the object than it began with.
fn changed() -> Error {
    Error::new(ErrorKind::PreconditionFailed, "the object changed while it was being read")
        .with_hint("read it again from the start")
}

/// One range of an object. What has been handed out is right; the next byte is asked for again when a body breaks.
#[derive(Debug)]
pub(crate) struct PartReader {
    source: Arc<Source>,
    range: Range<u64>,
    /// Open at the next byte, and never longer than the range.
    body: Option<Body>,
    /// The place in the window that the part has while it is read. A part without one takes a place for each request,
    /// until it is answered.
    place: Option<Permit>,
    /// How fast the body comes, while nobody but the service decides that.
    speed: Option<Speed>,
    /// Whether whoever takes the bytes has kept the body waiting.
    held_up: bool,
    attempts: Attempts,
    /// Bytes that came since the last failure.
    progress: u64,
}

impl PartReader {
    /// Reads `range`; `body`, if given, is open and begins at its first byte.
    pub(crate) fn new(source: Arc<Source>, range: Range<u64>, body: Option<Body>) -> Self {
        let attempts = Attempts::new(source.engine.policy.retry(), source.deadline);
        let body = body.map(|body| limit(body, range.end - range.start));
        Self { source, range, body, place: None, speed: None, held_up: false, attempts, progress: 0 }
    }

    /// What all parts of this read share.
    pub(crate) fn source(&self) -> Arc<Source> {
        Arc::clone(&self.source)
    }

    /// This reader, leaving one behind that is at its end.
    pub(crate) fn take(&mut self) -> Self {
        let end = self.range.end;
        let range = std::mem::replace(&mut self.range, end..end);
        Self::new(self.source(), range, self.body.take())
    }

    /// The number of bytes that have not been read yet.
    pub(crate) fn remaining(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// Takes a place in the window, unless it has one.
    ///
    /// # Errors
    /// `Timeout` when the deadline passes first.
    pub(crate) async fn enter(&mut self) -> Result<()> {
        if self.place.is_none() {
            self.place = Some(self.source.engine.permit(self.source.deadline).await?);
        }
        Ok(())
    }

    /// Gives its place in the window to others.
    pub(crate) fn leave(&mut self) {
        self.place = None;
    }

    /// The body had to wait: how fast it comes says nothing of the service from now on.
    pub(crate) fn hold_up(&mut self) {
        self.held_up = true;
        self.speed = None;
    }

    /// Where the next byte stands in the object.
    pub(crate) fn position(&self) -> u64 {
        self.range.start
    }

    /// Appends at least one byte to the spare capacity of `buffer`; 0 at the end of the range.
    pub(crate) async fn read(&mut self, buffer: &mut BytesMut) -> Result<usize> {
        Ok(self.take_in(&mut Room::Buffer(buffer)).await?.unwrap_or(0))
    }

    /// Takes what is at hand into `room`, at least one byte unless it is full; 0 at the end of the range. `None`, and
    /// nothing was taken, where the next bytes do not go into such a room.
    async fn take_in(&mut self, room: &mut Room<'_>) -> Result<Option<usize>> {
        while self.remaining() > 0 {
            match self.try_next(room).await {
                Ok(Next::Appended(read)) => return Ok(Some(self.advance(read))),
                Ok(Next::Unfit) => return Ok(None),
                Ok(_) => self.body = None,
                Err(error) => self.broke(error).await?,
            }
        }
        Ok(Some(0))
    }

    /// The next bytes without a copy; `None` at the end of the range.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>> {
        while self.remaining() > 0 {
            match self.try_next(&mut Room::Own).await {
                Ok(Next::Chunk(bytes)) => {
                    self.advance(bytes.len());
                    return Ok(Some(bytes));
                }
                Ok(_) => self.body = None,
                Err(error) => self.broke(error).await?,
            }
        }
        Ok(None)
    }

    /// Appends the rest of the range to `buffer`, as far as it has spare capacity.
    pub(crate) async fn fill(&mut self, buffer: &mut BytesMut) -> Result<()> {
        self.fill_room(Room::Buffer(buffer)).await.map(drop)
    }

    /// Moves the rest of the range into `pipe`, until that is full or holds `most` bytes. `false` where what follows has
    /// to be read.
    pub(crate) async fn fill_pipe(&mut self, pipe: &mut Pipe, most: usize) -> Result<bool> {
        self.fill_room(Room::Pipe(pipe, most)).await
    }

    async fn fill_room(&mut self, mut room: Room<'_>) -> Result<bool> {
        if !self.held_up {
            self.speed.get_or_insert_default();
        }
        while room.has_space() {
            match self.take_in(&mut room).await? {
                None => return Ok(false),
                Some(0) => break,
                Some(_) => {}
            }
            let engine = &self.source.engine;
            let is_slow = self.speed.is_some_and(|speed| engine.pace.is_slow(&speed, self.remaining()));
            if is_slow && may_leave(engine, &mut self.attempts, &mut self.progress) {
                tracing::debug!("a slow body is left for a new request");
                self.body = None;
            }
        }
        if let Some(speed) = self.speed.take_if(|_| self.range.is_empty()) {
            self.source.engine.pace.finished(&speed);
        }
        Ok(true)
    }

    /// The next bytes of the open body; one that stands still is left, and another goes on where it stood.
    async fn try_next(&mut self, room: &mut Room<'_>) -> Result<Next> {
        loop {
            self.open().await?;
            let Some(body) = &mut self.body else { return Ok(Next::End) };
            let engine = &self.source.engine;
            let filled = room.filled();
            let (next, wait) = {
                let stall = engine.policy.stall_timeout;
                let stall = if engine.policy.hedge { engine.pace.hung(stall) } else { stall };
                let next = next_of(body, room);
                let mut next = pin!(limited(stall, self.source.deadline, STOOD_STILL, next));
                timed(async {
                    match timeout(engine.pace.late_bytes(), next.as_mut()).await {
                        Ok(next) => Some(next),
                        Err(_) if may_leave(engine, &mut self.attempts, &mut self.progress) => None,
                        Err(_) => Some(next.await),
                    }
                })
                .await
            };
            let Some(next) = next else {
                tracing::debug!(?wait, "a body that stands still is left for a new request");
                self.body = None;
                // Whatever it may have left is not counted, so it is asked for again.
                room.truncate(filled);
                continue;
            };
            let next = next?;
            if let (Some(speed), Next::Appended(read)) = (&mut self.speed, &next) {
                speed.count(*read as u64, wait);
            }
            return Ok(next);
        }
    }

    /// Opens a body at the next byte, unless one is open.
    async fn open(&mut self) -> Result<()> {
        if self.body.is_none() {
            let _place = match self.place {
                Some(_) => None,
                None => Some(self.source.engine.permit(self.source.deadline).await?),
            };
            let body = self.source.open(self.range.clone(), self.attempts.number()).await?;
            self.opened(body);
        }
        Ok(())
    }

    fn opened(&mut self, body: Body) {
        self.body = Some(limit(body, self.remaining()));
        self.speed = self.speed.map(|_| Speed::default());
    }

    fn advance(&mut self, bytes: usize) -> usize {
        self.range.start += bytes as u64;
        self.progress += bytes as u64;
        self.source.arrived.fetch_add(bytes as u64, Ordering::Relaxed);
        self.source.engine.counters.read(bytes as u64);
        if self.range.is_empty() {
            // A body that goes on after its part keeps a connection.
            self.body = None;
        }
        bytes
    }

    /// Waits until the range may be asked for again, from its next byte on.
    async fn broke(&mut self, error: Error) -> Result<()> {
        self.body = None;
        if std::mem::take(&mut self.progress) >= PROGRESS {
            self.attempts.reset();
            // A connection that broke or fell silent says nothing of the service: there is nothing to wait for.
            if error.is_retryable() && matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Timeout) {
                tracing::debug!(%error, "going on over another connection");
                return self.attempts.at_once(error);
            }
        }
        let engine = &self.source.engine;
        engine.failed(&mut self.attempts, error).await.map_err(|error| self.source.locate(error))
    }
}

/// Whether an open body may be left for a new request at once; that counts as an attempt.
fn may_leave(engine: &Engine, attempts: &mut Attempts, progress: &mut u64) -> bool {
    if *progress >= PROGRESS {
        attempts.reset();
        *progress = 0;
    }
    // The last attempt is for what breaks.
    attempts.has_several() && engine.may_leave() && attempts.another()
}

/// Where the next bytes of a body go.
#[derive(Debug)]
enum Room<'a> {
    /// Where they are.
    Own,
    /// The spare capacity of a buffer.
    Buffer(&'a mut BytesMut),
    /// A pipe, until it has so many.
    Pipe(&'a mut Pipe, usize),
}

impl Room<'_> {
    fn has_space(&self) -> bool {
        match self {
            Self::Own => true,
            Self::Buffer(buffer) => buffer.len() < buffer.capacity(),
            Self::Pipe(pipe, most) => pipe.length() < *most && !pipe.is_full(),
        }
    }

    /// How much of a buffer is filled.
    fn filled(&self) -> usize {
        if let Self::Buffer(buffer) = self { buffer.len() } else { 0 }
    }

    /// Takes back what a dropped future may have left in a buffer. It leaves nothing in a pipe.
    fn truncate(&mut self, filled: usize) {
        if let Self::Buffer(buffer) = self {
            buffer.truncate(filled);
        }
    }
}

/// What a step of reading a body brought.
#[derive(Debug)]
enum Next {
    /// So many bytes in the room.
    Appended(usize),
    /// Bytes of their own.
    Chunk(Bytes),
    /// Nothing: such bytes do not go into this room.
    Unfit,
    /// Nothing: the body is at its end.
    End,
}

/// The next bytes of `body`, in `room`.
async fn next_of(body: &mut Body, room: &mut Room<'_>) -> Result<Next> {
    Ok(match room {
        _ if body.remaining() == 0 => Next::End,
        Room::Own => body.chunk().await?.map_or(Next::End, Next::Chunk),
        Room::Buffer(buffer) => Next::Appended(body.read(buffer).await?),
        Room::Pipe(pipe, most) => match body.read_pipe(pipe, *most - pipe.length()).await? {
            Some(moved) => Next::Appended(moved),
            None => Next::Unfit,
        },
    })
}

/// The first `length` bytes of `body`.
fn limit(body: Body, length: u64) -> Body {
    if body.remaining() <= length {
        return body;
    }
    let chunks = stream::try_unfold((body, length), |(mut body, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let Some(mut chunk) = body.chunk().await? else { return Ok(None) };
        chunk.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left - chunk.len() as u64;
        Ok(Some((chunk, (body, left))))
    });
    Body::from_stream(length, chunks)
}
