//! `Wire`: one client's connection, plain or TLS, written and read with as little work as the system allows.

use std::io::{self, Read, Write};
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

/// The block of the pattern, as memory and as a file that the kernel sends from.
#[derive(Debug)]
pub(super) struct Block {
    pattern: Pattern,
    #[cfg(target_os = "linux")]
    file: std::fs::File,
}

impl Block {
    pub(super) fn new() -> io::Result<Self> {
        let pattern = Pattern::new();
        #[cfg(target_os = "linux")]
        let file = {
            let flags = rustix::fs::MemfdFlags::CLOEXEC;
            let mut file = std::fs::File::from(rustix::fs::memfd_create("pacing-block", flags)?);
            file.write_all(pattern.block())?;
            file
        };
        Ok(Self {
            pattern,
            #[cfg(target_os = "linux")]
            file,
        })
    }

    pub(super) fn pattern(&self) -> Pattern {
        self.pattern.clone()
    }

    /// Sends a piece of the block; the number of bytes that went.
    #[cfg(target_os = "linux")]
    fn send(&self, socket: &TcpStream, piece: Range<usize>) -> io::Result<usize> {
        let mut offset = piece.start as u64;
        let sent = rustix::io::retry_on_intr(|| {
            rustix::fs::sendfile(socket, &self.file, Some(&mut offset), piece.len())
        })?;
        Ok(sent)
    }

    #[cfg(not(target_os = "linux"))]
    fn send(&self, mut socket: &TcpStream, piece: Range<usize>) -> io::Result<usize> {
        socket.write(&self.pattern.block()[piece])
    }
}

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

    /// Writes the head of an answer whose body follows at once: they go together.
    pub(super) fn write_head(&mut self, head: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            #[cfg(target_os = "linux")]
            Stream::Plain(socket) => {
                let mut left = head;
                while !left.is_empty() {
                    let flags = rustix::net::SendFlags::MORE;
                    let sent = rustix::io::retry_on_intr(|| rustix::net::send(&*socket.0, left, flags))?;
                    left = &left[sent..];
                }
                Ok(())
            }
            #[cfg(not(target_os = "linux"))]
            Stream::Plain(socket) => socket.write_all(head),
            Stream::Tls(stream) => stream.conn.writer().write_all(head),
        }
    }

    /// Sends the bytes of the pattern in `range` and adds them to `sent`.
    pub(super) fn send(&mut self, block: &Block, range: Range<u64>, sent: &AtomicU64) -> io::Result<()> {
        for mut piece in pieces(range.start, range.end - range.start) {
            while !piece.is_empty() {
                let count = match &mut self.stream {
                    Stream::Plain(socket) => block.send(&socket.0, piece.clone())?,
                    Stream::Tls(stream) => stream.write(&block.pattern.block()[piece.clone()])?,
                };
                if count == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                piece.start += count;
                add(sent, count as u64);
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
