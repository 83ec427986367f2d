//! Bodies on the wire: what is sent, chunk by chunk and never gathered, and what comes back.

use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::Stream;
use futures::stream::{self, BoxStream, StreamExt};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use rangeway_core::{BodySource, Error, Payload, Pipe, ReadAt, Result, wrong_length};

use crate::direct::DirectBody;
use crate::endpoints::{UnderWay, Waiting};
use crate::failure;

/// How many bytes of a region are read at a time while it is sent.
const BLOCK: u64 = 1 << 20;

/// The body of a request: its length is known before it is sent.
pub struct RequestBody {
    total: u64,
    remaining: u64,
    source: Source,
    /// The last chunk of a stream, until the stream is known to end there.
    held: Option<Bytes>,
    failure: Failure,
}

enum Source {
    Rope(std::vec::IntoIter<Bytes>),
    Stream(BoxStream<'static, Result<Bytes>>),
}

/// Where a body leaves the error that it failed with, because HTTP clients only say that it did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Failure(Arc<Mutex<Option<Error>>>);

impl Failure {
    fn set(&self, error: Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(crate) fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl RequestBody {
    /// No body.
    pub fn empty() -> Self {
        Self::rope(Vec::new())
    }

    /// Chunks in memory; they are sent as they are, without being gathered.
    pub fn rope(chunks: Vec<Bytes>) -> Self {
        let total = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        Self::new(total, Source::Rope(chunks.into_iter()))
    }

    /// The body that sends `payload`. A region is read block by block, a stream is passed on; only a stream of unknown
    /// length is collected first.
    ///
    /// # Errors
    /// Those of a stream that has to be collected.
    pub async fn from_payload(payload: Payload) -> Result<Self> {
        Ok(match payload {
            Payload::Rope(chunks) => Self::rope(chunks),
            Payload::Region { source, range } => {
                let length = range.end.saturating_sub(range.start);
                Self::new(length, Source::Stream(blocks(source, range)))
            }
            Payload::Stream { length: Some(length), stream } => Self::new(length, Source::Stream(stream)),
            Payload::Body(body) => Self::new(body.remaining(), Source::Stream(body.stream())),
            other => Self::rope(other.into_rope().await?),
        })
    }

    fn new(total: u64, source: Source) -> Self {
        Self { total, remaining: total, source, held: None, failure: Failure::default() }
    }

    /// How many bytes will be sent.
    pub fn length(&self) -> u64 {
        self.total
    }

    /// The chunks, when they are all in memory.
    pub fn as_rope(&self) -> Option<&[Bytes]> {
        match &self.source {
            Source::Rope(chunks) => Some(chunks.as_slice()),
            Source::Stream(_) => None,
        }
    }

    pub(crate) fn failure(&self) -> Failure {
        self.failure.clone()
    }

    /// Accounts for a chunk, or for the end of the source.
    fn account(&mut self, next: Option<Result<Bytes>>) -> Option<Result<Bytes>> {
        let sent = self.total - self.remaining;
        let error = match next {
            Some(Ok(bytes)) => match self.remaining.checked_sub(bytes.len() as u64) {
                Some(remaining) => {
                    self.remaining = remaining;
                    return Some(Ok(bytes));
                }
                None => wrong_length(self.total, sent + bytes.len() as u64),
            },
            Some(Err(error)) => error,
            None if self.remaining == 0 => return None,
            None => wrong_length(self.total, sent),
        };
        self.failure.set(error);
        Some(Err(Error::invalid("the payload could not be read")))
    }
}

impl From<Bytes> for RequestBody {
    fn from(bytes: Bytes) -> Self {
        Self::rope(vec![bytes])
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").field("length", &self.total).finish_non_exhaustive()
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            let next = match &mut self.source {
                Source::Rope(chunks) => chunks.next().map(Ok),
                Source::Stream(stream) => match Pin::new(stream).poll_next(cx) {
                    Poll::Ready(next) => next,
                    Poll::Pending => return Poll::Pending,
                },
            };
            if next.as_ref().is_some_and(|next| next.as_ref().is_ok_and(Bytes::is_empty)) {
                continue;
            }
            let next = match self.account(next) {
                // What is sent last is sent when the source has ended: a stream that goes on is an error in time.
                Some(Ok(bytes)) if self.remaining == 0 && matches!(self.source, Source::Stream(_)) => {
                    self.held = Some(bytes);
                    continue;
                }
                None => self.held.take().map(Ok),
                next => next,
            };
            return Poll::Ready(next.map(|bytes| bytes.map(Frame::data)));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.total == 0 || (self.remaining == 0 && matches!(self.source, Source::Rope(_)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining + self.held.as_ref().map_or(0, |held| held.len() as u64))
    }
}

/// The bytes `range` of `source`, a block at a time.
fn blocks(source: Arc<dyn ReadAt>, range: Range<u64>) -> BoxStream<'static, Result<Bytes>> {
    stream::try_unfold(range.start, move |offset| {
        let source = Arc::clone(&source);
        async move {
            if offset >= range.end {
                return Ok(None);
            }
            let length = usize::try_from(BLOCK.min(range.end - offset)).expect("a block fits into memory");
            let bytes = source.read_at(offset, length).await?;
            if bytes.len() != length {
                return Err(wrong_length(length as u64, bytes.len() as u64));
            }
            let next = offset + bytes.len() as u64;
            Ok(Some((bytes, next)))
        }
    })
    .boxed()
}

/// The body of a response on its way.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// In the HTTP library's buffers.
    Pooled(hyper::body::Incoming),
    /// In the socket.
    Direct(DirectBody),
}

impl Incoming {
    /// The next bytes that came from `host`; `None` at the end.
    pub(crate) async fn chunk(&mut self, host: &str) -> Result<Option<Bytes>> {
        match self {
            Self::Direct(body) => body.chunk().await.map_err(|error| failure::of_body(host, error)),
            Self::Pooled(body) => {
                while let Some(frame) = body.frame().await {
                    let frame = frame.map_err(|error| failure::of_body(host, error))?;
                    match frame.into_data() {
                        Ok(bytes) if !bytes.is_empty() => return Ok(Some(bytes)),
                        _ => {}
                    }
                }
                Ok(None)
            }
        }
    }
}

/// The body of a response on its way, and what it says of the endpoint that it comes from.
#[derive(Debug)]
pub(crate) struct Arriving {
    incoming: Incoming,
    host: String,
    under_way: Option<UnderWay>,
}

impl Arriving {
    pub(crate) fn new(incoming: Incoming, host: String, under_way: Option<UnderWay>) -> Self {
        Self { incoming, host, under_way }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>> {
        let waiting = Waiting::new(&mut self.under_way);
        let came = self.incoming.chunk(&self.host).await;
        waiting.end();
        self.noted(came, |bytes| bytes.as_ref().map(Bytes::len))
    }

    /// What came: so many `bytes`, the end where it is none, or that the body broke off.
    fn noted<T>(&mut self, came: Result<T>, bytes: impl Fn(&T) -> Option<usize>) -> Result<T> {
        if let Some(under_way) = &mut self.under_way {
            match came.as_ref().map(bytes) {
                Ok(Some(bytes)) => under_way.came(bytes as u64),
                Ok(None) => under_way.ended(),
                Err(_) => under_way.broke(),
            }
        }
        came
    }
}

/// The body of a response, as the engine reads it.
pub(crate) struct ResponseBody {
    arriving: Arriving,
    /// What `read` had no room for.
    rest: Bytes,
}

impl ResponseBody {
    /// The body, which is `length` bytes long.
    pub(crate) fn new(mut arriving: Arriving, length: u64) -> Self {
        if let Some(under_way) = &mut arriving.under_way {
            under_way.expects(length);
        }
        Self { arriving, rest: Bytes::new() }
    }
}

#[async_trait]
impl BodySource for ResponseBody {
    async fn chunk(&mut self) -> Result<Option<Bytes>> {
        if !self.rest.is_empty() {
            return Ok(Some(std::mem::take(&mut self.rest)));
        }
        self.arriving.chunk().await
    }

    async fn read(&mut self, buffer: &mut BytesMut) -> Result<usize> {
        let Arriving { incoming, host, under_way } = &mut self.arriving;
        if let Incoming::Direct(body) = incoming {
            let waiting = Waiting::new(under_way);
            let came = body.read(buffer).await;
            waiting.end();
            let came = came.map_err(|error| failure::of_body(host, error));
            return self.arriving.noted(came, |&read| (read > 0).then_some(read));
        }
        let Some(mut bytes) = self.chunk().await? else { return Ok(0) };
        let room = (buffer.capacity() - buffer.len()).min(bytes.len());
        buffer.extend_from_slice(&bytes.split_to(room));
        self.rest = bytes;
        Ok(room)
    }

    async fn read_pipe(&mut self, pipe: &mut Pipe, limit: usize) -> Result<Option<usize>> {
        let Arriving { incoming, host, under_way } = &mut self.arriving;
        let Incoming::Direct(body) = incoming else { return Ok(None) };
        if !self.rest.is_empty() {
            return Ok(None);
        }
        let waiting = Waiting::new(under_way);
        let moved = body.read_pipe(pipe, limit).await;
        waiting.end();
        let moved = moved.map_err(|error| failure::of_body(host, error));
        // Nothing is moved into a pipe that is full, too: that is no end.
        self.arriving.noted(moved, |moved| Some(moved.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    fn sent(body: RequestBody) -> (Result<Vec<u8>>, Option<Error>) {
        let failure = body.failure();
        let sent = block_on(body.collect()).map(|all| all.to_bytes().to_vec());
        (sent, failure.take())
    }

    fn body(payload: Payload) -> RequestBody {
        block_on(RequestBody::from_payload(payload)).expect("payload")
    }

    #[derive(Debug)]
    struct Digits;

    #[async_trait]
    impl ReadAt for Digits {
        async fn read_at(&self, offset: u64, length: usize) -> Result<Bytes> {
            let end = offset.saturating_add(length as u64);
            if end > 2_500_000 {
                return Err(Error::invalid("beyond the end"));
            }
            let digit = |at: u64| u8::try_from(at % 10).expect("a digit") + b'0';
            Ok((offset..end).map(digit).collect())
        }
    }

    #[test]
    fn every_kind_of_payload_is_sent() {
        let stream =
            |length| Payload::stream(length, stream::iter([Ok(Bytes::from("ab")), Ok(Bytes::from("c"))]));
        for payload in [
            Payload::from(vec![Bytes::from("a"), Bytes::new(), Bytes::from("bc")]),
            stream(Some(3)),
            stream(None),
        ] {
            assert_eq!(sent(body(payload)).0.expect("sent"), b"abc");
        }
        let region = sent(body(Payload::region(Arc::new(Digits), 3..2_100_003))).0.expect("sent");
        assert_eq!((region.len(), region[0], region[2_099_999]), (2_100_000, b'3', b'2'));
    }

    #[test]
    fn payloads_of_another_length_fail_with_their_own_error() {
        let two = || stream::iter([Ok(Bytes::from("ab")), Ok(Bytes::from("c"))]);
        for length in [2, 4] {
            let (result, failure) = sent(body(Payload::stream(Some(length), two())));
            assert!(result.is_err());
            assert!(failure.expect("kept").to_string().contains("announced"), "{length}");
        }
        let goes_on = stream::iter([Ok(Bytes::from("ab")), Ok(Bytes::new()), Ok(Bytes::from("c"))]);
        assert!(sent(body(Payload::stream(Some(2), goes_on))).0.is_err(), "goes on after a chunk that fits");
        let (result, failure) = sent(body(Payload::region(Arc::new(Digits), 0..3_000_000)));
        assert!(result.is_err() && failure.is_some(), "a region beyond the end");
    }
}
