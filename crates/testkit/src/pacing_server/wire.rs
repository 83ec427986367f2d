//! `Wire`: one client's connection, plain or TLS, written and read with as little work as the system allows.

use std::io::{self, IoSlice, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::counts::add;
use super::pattern::{Pattern, pieces};

/// Bytes of one read of a body that is dropped: a full receive buffer mostly fits.
const SCRATCH: usize = 1 << 20;

/// The one strong owner of a socket: its connection ends when this is dropped.
#[derive(Debug)]
struct Socket(Arc<TcpStream>);

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self.0).write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One client's connection.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    /// Where bytes that nobody needs are read to; made by the first body.
    scratch: Vec<u8>,
}

#[derive(Debug)]
enum Stream {
    Plain(Socket),
    Tls(Box<StreamOwned<ServerConnection, Socket>>),
}

impl Wire {
    pub(super) fn new(socket: Arc<TcpStream>, tls: Option<&Arc<ServerConfig>>) -> io::Result<Self> {
        // Without it small answers wait 40 ms for the client's delayed acknowledgement.
        socket.set_nodelay(true)?;
        let socket = Socket(socket);
        let stream = match tls {
            None => Stream::Plain(socket),
            Some(config) => {
                let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
                Stream::Tls(Box::new(StreamOwned::new(connection, socket)))
            }
        };
        Ok(Self { stream, scratch: Vec::new() })
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.stream {
            Stream::Plain(socket) => socket.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }

    /// Writes all of `bytes`.
    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(socket) => socket.write_all(bytes),
            Stream::Tls(stream) => stream.write_all(bytes),
        }
    }

    /// Sends `head` and behind it the bytes of the pattern in `range`, which are added to `sent`.
    ///
    /// From memory, because `sendfile` costs the server half as much again and the client a fifth: it hands over
    /// single pages, where a write is copied into larger pieces.
    pub(super) fn send(
        &mut self,
        mut head: &[u8],
        pattern: &Pattern,
        range: Range<u64>,
        sent: &AtomicU64,
    ) -> io::Result<()> {
        for mut piece in pieces(range.start, range.end - range.start) {
            while !piece.is_empty() {
                let bytes = &pattern.block()[piece.clone()];
                let count = match &mut self.stream {
                    Stream::Plain(socket) => {
                        socket.write_vectored(&[IoSlice::new(head), IoSlice::new(bytes)])?
                    }
                    Stream::Tls(stream) => {
                        stream.conn.writer().write_all(std::mem::take(&mut head))?;
                        stream.write(bytes)?
                    }
                };
                if count == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                let of_head = count.min(head.len());
                head = &head[of_head..];
                piece.start += count - of_head;
                add(sent, (count - of_head) as u64);
            }
        }
        Ok(())
    }

    /// Reads `length` bytes and drops them.
    pub(super) fn discard(&mut self, length: u64) -> io::Result<()> {
        let mut left = length;
        if left > 0 && self.scratch.is_empty() {
            self.scratch = vec![0; SCRATCH];
        }
        while left > 0 {
            let most = usize::try_from(left).map_or(SCRATCH, |left| left.min(SCRATCH));
            let scratch = &mut self.scratch[..most];
            let read = match &mut self.stream {
                Stream::Plain(socket) => drop_bytes(&socket.0, scratch)?,
                Stream::Tls(stream) => stream.read(scratch)?,
            };
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left -= read as u64;
        }
        Ok(())
    }

    /// Makes the connection end with a reset instead of an orderly close, and what was not sent yet is lost.
    pub(super) fn reset_on_drop(&self) -> io::Result<()> {
        Ok(set_socket_linger(&*self.socket().0, Some(Duration::ZERO))?)
    }

    /// Waits until the client closes.
    pub(super) fn wait_for_close(&self) {
        let mut socket = &*self.socket().0;
        let mut scratch = [0; 4096];
        while socket.read(&mut scratch).is_ok_and(|read| read > 0) {}
    }

    fn socket(&self) -> &Socket {
        match &self.stream {
            Stream::Plain(socket) => socket,
            Stream::Tls(stream) => &stream.sock,
        }
    }
}

/// Takes up to as many bytes from the socket as `scratch` has, which need not be written: with `MSG_TRUNC` the kernel
/// drops them without a copy.
#[cfg(target_os = "linux")]
fn drop_bytes(socket: &TcpStream, scratch: &mut [u8]) -> io::Result<usize> {
    let flags = rustix::net::RecvFlags::TRUNC;
    let (_, read) = rustix::io::retry_on_intr(|| rustix::net::recv(socket, &mut *scratch, flags))?;
    Ok(read)
}

#[cfg(not(target_os = "linux"))]
fn drop_bytes(mut socket: &TcpStream, scratch: &mut [u8]) -> io::Result<usize> {
    socket.read(scratch)
}
