//! `Feed`: the bytes of a write, cut into parts in order, without being gathered first.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use rangeway_core::{Error, Payload, ReadAt, Result, wrong_length};

/// Where the next part's bytes come from.
pub(crate) enum Feed {
    /// A region whose parts can be read at the same time, each on its own task.
    Region { source: Arc<dyn ReadAt>, range: Range<u64> },
    /// Bytes that come in order.
    Chunks(Chunks),
}

/// Bytes that come in order, and how many of them were announced.
pub(crate) struct Chunks {
    pending: VecDeque<Bytes>,
    stream: BoxStream<'static, Result<Bytes>>,
    announced: Option<u64>,
    found: u64,
    may_stall: bool,
}

impl Feed {
    pub(crate) fn new(payload: Payload) -> Result<Self> {
        let announced = payload.length();
        let may_stall = matches!(payload, Payload::Stream { .. });
        let chunks = |stream: BoxStream<'static, _>| {
            Self::Chunks(Chunks {
                pending: VecDeque::new(),
                stream: stream.fuse().boxed(),
                announced,
                found: 0,
                may_stall,
            })
        };
        Ok(match payload {
            Payload::Region { source, range } => Self::Region { source, range },
            Payload::Rope(rope) => chunks(stream::iter(rope.into_iter().map(Ok)).boxed()),
            Payload::Stream { stream, .. } => chunks(stream),
            Payload::Body(body) => chunks(body.stream()),
            _ => return Err(Error::unsupported("this kind of payload")),
        })
    }

    /// Whether the bytes come from a stream of the caller's, who alone knows when they come.
    pub(crate) fn may_stall(&self) -> bool {
        matches!(self, Self::Chunks(chunks) if chunks.may_stall)
    }

    /// The next `size` bytes, fewer at the end, `None` after it. A region's bytes are not read here.
    pub(crate) async fn next(&mut self, size: u64) -> Result<Option<Payload>> {
        match self {
            Self::Region { range, .. } if range.is_empty() => Ok(None),
            Self::Region { source, range } => {
                let part = range.start..range.end.min(range.start.saturating_add(size));
                range.start = part.end;
                Ok(Some(Payload::region(Arc::clone(source), part)))
            }
            Self::Chunks(chunks) => {
                let rope = chunks.take(size).await?;
                Ok((!rope.is_empty()).then(|| Payload::Rope(rope)))
            }
        }
    }

    /// Whether no byte is left; waits for the next one to know.
    pub(crate) async fn is_at_end(&mut self) -> Result<bool> {
        match self {
            Self::Region { range, .. } => Ok(range.is_empty()),
            Self::Chunks(chunks) => Ok(!chunks.fill().await?),
        }
    }

    /// Puts a part back before the bytes that are still to come.
    pub(crate) fn put_back(&mut self, rope: Vec<Bytes>) {
        if let Self::Chunks(chunks) = self {
            for chunk in rope.into_iter().rev() {
                chunks.pending.push_front(chunk);
            }
        }
    }
}

impl Chunks {
    /// Makes sure that a byte is pending; `false` at the end.
    async fn fill(&mut self) -> Result<bool> {
        while self.pending.is_empty() {
            let Some(chunk) = self.stream.next().await.transpose()? else {
                return match self.announced {
                    Some(announced) if announced != self.found => Err(wrong_length(announced, self.found)),
                    _ => Ok(false),
                };
            };
            self.found += chunk.len() as u64;
            if self.announced.is_some_and(|announced| self.found > announced) {
                return Err(wrong_length(self.announced.unwrap_or_default(), self.found));
            }
            if !chunk.is_empty() {
                self.pending.push_back(chunk);
            }
        }
        Ok(true)
    }

    /// The next `size` bytes, fewer at the end.
    async fn take(&mut self, size: u64) -> Result<Vec<Bytes>> {
        let mut rope = Vec::new();
        let mut missing = usize::try_from(size).unwrap_or(usize::MAX);
        while missing > 0 && self.fill().await? {
            let Some(mut chunk) = self.pending.pop_front() else { break };
            if chunk.len() > missing {
                self.pending.push_front(chunk.split_off(missing));
            }
            missing -= chunk.len();
            rope.push(chunk);
        }
        Ok(rope)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rangeway_core::ErrorKind;

    use super::*;

    fn feed(announced: Option<u64>, chunks: Vec<Vec<u8>>) -> Feed {
        let chunks = stream::iter(chunks.into_iter().map(|chunk| Ok(Bytes::from(chunk))));
        Feed::new(Payload::stream(announced, chunks)).expect("a stream is a payload")
    }

    async fn drain(mut feed: Feed, size: u64) -> Result<Vec<Vec<u8>>> {
        let mut parts = Vec::new();
        while let Some(part) = feed.next(size).await? {
            parts.push(part.into_rope().await?.concat());
        }
        Ok(parts)
    }

    proptest! {
        #[test]
        fn parts_are_full_and_hold_every_byte_in_order(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..20),
            size in 1..30u64,
        ) {
            let whole = chunks.concat();
            let parts = futures::executor::block_on(drain(feed(Some(whole.len() as u64), chunks), size))?;
            prop_assert_eq!(parts.len() as u64, (whole.len() as u64).div_ceil(size));
            for part in parts.iter().rev().skip(1) {
                prop_assert_eq!(part.len() as u64, size);
            }
            prop_assert_eq!(parts.concat(), whole);
        }
    }

    #[tokio::test]
    async fn a_stream_of_another_length_is_refused() {
        for announced in [2, 4] {
            let error =
                drain(feed(Some(announced), vec![b"abc".to_vec()]), 10).await.expect_err("wrong length");
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
    }

    #[tokio::test]
    async fn what_is_put_back_comes_first() -> Result<()> {
        let mut feed = feed(None, vec![b"abc".to_vec(), b"def".to_vec()]);
        let head = feed.next(4).await?.expect("four bytes").into_rope().await?;
        assert!(!feed.is_at_end().await?);
        feed.put_back(head);
        assert_eq!(drain(feed, 10).await?, [b"abcdef".to_vec()]);
        Ok(())
    }
}
