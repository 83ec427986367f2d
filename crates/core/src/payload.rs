//! `Payload`: the bytes of a write, wherever they are.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::{BoxStream, Stream, StreamExt};

use crate::{Body, Error, ErrorKind, ReadAt, Result};

/// The bytes to write: in memory, in a file, or still to come.
#[non_exhaustive]
pub enum Payload {
    /// A rope: chunks that follow each other, sent without being gathered first.
    Rope(Vec<Bytes>),
    /// The bytes `range` of `source`.
    Region {
        /// Where the bytes are.
        source: Arc<dyn ReadAt>,
        /// Which of them: half-open.
        range: Range<u64>,
    },
    /// Bytes that arrive in order, of known or unknown length.
    Stream {
        /// All bytes of the stream together, where known.
        length: Option<u64>,
        /// The bytes.
        stream: BoxStream<'static, Result<Bytes>>,
    },
    /// The bytes of a read: copying between stores is `to.put(&key, from.get(&key, ..).await?.body.into(), ..)`.
    Body(Body),
}

impl Payload {
    /// Bytes that arrive in order. A stream that ends before or goes beyond `length` fails the write.
    pub fn stream(length: Option<u64>, stream: impl Stream<Item = Result<Bytes>> + Send + 'static) -> Self {
        Self::Stream { length, stream: stream.boxed() }
    }

    /// The bytes `range` of `source`.
    pub fn region(source: Arc<dyn ReadAt>, range: Range<u64>) -> Self {
        Self::Region { source, range }
    }

    /// The number of bytes, where known.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Rope(chunks) => Some(chunks.iter().map(|chunk| chunk.len() as u64).sum()),
            Self::Region { range, .. } => Some(range.end.saturating_sub(range.start)),
            Self::Stream { length, .. } => *length,
            Self::Body(body) => Some(body.remaining()),
        }
    }

    /// The bytes as a rope, read into memory where they are not there yet.
    ///
    /// # Errors
    /// Those of the source; `InvalidInput` when a stream has another length than it announced.
    pub async fn into_rope(self) -> Result<Vec<Bytes>> {
        match self {
            Self::Rope(chunks) => Ok(chunks),
            Self::Region { source, range } => {
                let length = usize::try_from(range.end.saturating_sub(range.start))
                    .map_err(|_| Error::invalid("the payload is larger than the address space"))?;
                let bytes = source.read_at(range.start, length).await?;
                if bytes.len() != length {
                    return Err(wrong_length(length as u64, bytes.len() as u64));
                }
                Ok(vec![bytes])
            }
            Self::Body(body) => Ok(vec![body.bytes().await?]),
            Self::Stream { length, stream } => {
                let (mut stream, mut chunks, mut found) = (stream, Vec::new(), 0);
                while let Some(chunk) = stream.try_next().await? {
                    found += chunk.len() as u64;
                    chunks.push(chunk);
                    // At once: a stream that goes on for ever must not fill the memory first.
                    if let Some(announced) = length.filter(|announced| found > *announced) {
                        return Err(wrong_length(announced, found));
                    }
                }
                match length {
                    Some(announced) if announced != found => Err(wrong_length(announced, found)),
                    _ => Ok(chunks),
                }
            }
        }
    }
}

/// The error of a payload stream that held `found` bytes where `announced` were promised.
pub fn wrong_length(announced: u64, found: u64) -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        format!("the payload announced {announced} bytes and its stream held {found}"),
    )
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self::Rope(vec![bytes])
    }
}

impl From<Body> for Payload {
    fn from(body: Body) -> Self {
        Self::Body(body)
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<&'static [u8]> for Payload {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl From<&'static str> for Payload {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<Vec<Bytes>> for Payload {
    fn from(chunks: Vec<Bytes>) -> Self {
        Self::Rope(chunks)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Rope(_) => "Rope",
            Self::Region { .. } => "Region",
            Self::Stream { .. } => "Stream",
            Self::Body(_) => "Body",
        };
        f.debug_struct(name).field("length", &self.length()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::stream;

    use super::*;

    #[test]
    fn lengths_are_known_where_they_can_be() {
        assert_eq!(Payload::from("abc").length(), Some(3));
        assert_eq!(Payload::from(vec![Bytes::from("ab"), Bytes::from("c")]).length(), Some(3));
        assert_eq!(Payload::stream(None, stream::empty()).length(), None);
    }

    #[test]
    fn a_stream_of_another_length_is_refused() {
        let chunks = || stream::iter([Ok(Bytes::from("ab")), Ok(Bytes::from("c"))]);
        assert_eq!(block_on(Payload::stream(Some(3), chunks()).into_rope()).expect("right length").len(), 2);
        let error = block_on(Payload::stream(Some(4), chunks()).into_rope()).expect_err("wrong length");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }

    #[test]
    fn an_endless_stream_is_refused_at_its_announced_end() {
        let endless = stream::repeat_with(|| Ok(Bytes::from_static(b"abc")));
        let error = block_on(Payload::stream(Some(4), endless).into_rope()).expect_err("too long");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }

    #[derive(Debug)]
    struct Short;

    #[async_trait::async_trait]
    impl ReadAt for Short {
        async fn read_at(&self, _: u64, _: usize) -> Result<Bytes> {
            Ok(Bytes::from_static(b"a"))
        }
    }

    #[test]
    fn a_source_that_gives_less_than_asked_is_an_error() {
        block_on(Payload::region(Arc::new(Short), 0..2).into_rope()).expect_err("one byte is missing");
    }
}
