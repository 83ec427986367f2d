//! `Pipe`: bytes that the kernel holds on their way from a socket to a file, so that no memory of ours ever has them.

use std::io::{PipeReader, PipeWriter};

/// A pipe of the kernel, and how much is in it.
///
/// A body moves bytes in ([`Body::read_pipe`](crate::Body::read_pipe)), a target takes them out
/// ([`WriteAt::write_pipe`](crate::WriteAt::write_pipe)); both count what they moved.
#[derive(Debug)]
pub struct Pipe {
    reader: PipeReader,
    writer: PipeWriter,
    length: usize,
    full: bool,
}

impl Pipe {
    /// An empty pipe, neither end of which blocks.
    pub fn new(reader: PipeReader, writer: PipeWriter) -> Self {
        Self { reader, writer, length: 0, full: false }
    }

    /// The end that bytes come out of.
    pub fn reader(&self) -> &PipeReader {
        &self.reader
    }

    /// The end that bytes go into.
    pub fn writer(&self) -> &PipeWriter {
        &self.writer
    }

    /// How many bytes are in it.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Whether it took no more bytes when some were at hand. How many it takes depends on how they are laid out.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Counts `bytes` that were moved in.
    pub fn filled(&mut self, bytes: usize) {
        self.length += bytes;
    }

    /// Notes that it takes no more bytes until some are taken out.
    pub fn refused(&mut self) {
        self.full = true;
    }

    /// Counts `bytes` that were taken out.
    pub fn emptied(&mut self, bytes: usize) {
        self.length = self.length.saturating_sub(bytes);
        self.full = false;
    }
}
