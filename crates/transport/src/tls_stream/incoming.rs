//! `Incoming`: the buffer that records arrive in.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// Enough for a record, which has up to 18 KiB, and so for a small object.
const SMALL: usize = 32 << 10;

/// Where bodies come fast. With 64 KiB a body costs a third more time, with 512 KiB nothing less.
const LARGE: usize = 256 << 10;

/// Records as they came, the opened ones taken away from the front.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
}

impl Incoming {
    /// What has not been taken away.
    pub(super) fn records(&mut self) -> &mut [u8] {
        &mut self.buffer[self.begin..self.end]
    }

    /// Takes `length` bytes away from the front.
    pub(super) fn discard(&mut self, length: usize) {
        self.begin += length;
    }

    /// Reads what is at hand, at least one byte.
    ///
    /// # Errors
    /// Those of `socket`; `UnexpectedEof` at its end; `InvalidData` for a message that is longer than any.
    pub(super) fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        socket: &mut (impl AsyncRead + Unpin),
    ) -> Poll<io::Result<()>> {
        self.make_room()?;
        let mut space = ReadBuf::new(&mut self.buffer[self.end..]);
        ready!(Pin::new(socket).poll_read(cx, &mut space))?;
        let came = space.filled().len();
        self.end += came;
        Poll::Ready(if came == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) })
    }

    /// Moves what is left to the front, and makes the buffer grow when the last read filled it.
    fn make_room(&mut self) -> io::Result<()> {
        let was_full = self.end == self.buffer.len();
        self.buffer.copy_within(self.begin..self.end, 0);
        self.end -= self.begin;
        self.begin = 0;
        if was_full && self.buffer.len() < LARGE {
            self.buffer.resize(if self.buffer.is_empty() { SMALL } else { LARGE }, 0);
        }
        if self.end == self.buffer.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a TLS message is too long"));
        }
        Ok(())
    }
}
