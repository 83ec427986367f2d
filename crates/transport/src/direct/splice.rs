//! From a socket into a pipe: the kernel moves what came without a copy, and programs never see it.

use std::io;

use rangeway_core::Pipe;
use rustix::io::Errno;
use rustix::pipe::{SpliceFlags, splice};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// Moves up to `limit` bytes of what has come into `pipe`: at least one, or 0 at the end or when the pipe is full.
pub(super) async fn receive(stream: &TcpStream, pipe: &mut Pipe, limit: usize) -> io::Result<usize> {
    stream.async_io(Interest::READABLE, || move_in(stream, pipe, limit)).await
}

fn move_in(stream: &TcpStream, pipe: &mut Pipe, limit: usize) -> io::Result<usize> {
    let moved = rustix::io::retry_on_intr(|| {
        splice(stream, None, pipe.writer(), None, limit, SpliceFlags::NONBLOCK | SpliceFlags::MOVE)
    });
    match moved {
        // Either nothing has come or the pipe takes no more: only the first is worth waiting for here.
        Err(Errno::AGAIN) if pipe.length() > 0 && rustix::io::ioctl_fionread(stream)? > 0 => {
            pipe.refused();
            Ok(0)
        }
        moved => Ok(moved?),
    }
}

/// Copies bytes that were read with the head into `pipe`, and says how many: 0 when it is full.
pub(super) fn copy(bytes: &[u8], pipe: &mut Pipe) -> io::Result<usize> {
    match rustix::io::retry_on_intr(|| rustix::io::write(pipe.writer(), bytes)) {
        Err(Errno::AGAIN) => {
            pipe.refused();
            Ok(0)
        }
        written => Ok(written?),
    }
}
