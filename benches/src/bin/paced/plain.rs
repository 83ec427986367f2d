//! What the rows are measured by: a plain client that reads one stream, or ranges on a fixed number of connections.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};

use crate::client::BUCKET;

/// The usual size of a range.
const RANGE: u64 = 8 << 20;
/// More than the socket mostly has at once, less than what the processor keeps near.
const BUFFER: usize = 1 << 20;
const HEAD: usize = 4096;

/// Reads an object with one request to its end.
pub(crate) fn stream(endpoint: &str, key: &str, bytes: u64) -> Result<()> {
    let mut socket = connect(endpoint)?;
    fetch(&mut socket, key, None, bytes, &mut vec![0; BUFFER])
}

/// Reads an object as ranges, each connection one after another.
pub(crate) fn ranges(endpoint: &str, key: &str, bytes: u64, connections: usize) -> Result<()> {
    let next = AtomicU64::new(0);
    let read = || -> Result<()> {
        let mut socket = connect(endpoint)?;
        let mut buffer = vec![0; BUFFER];
        loop {
            let start = next.fetch_add(RANGE, Ordering::Relaxed);
            if start >= bytes {
                return Ok(());
            }
            let length = RANGE.min(bytes - start);
            fetch(&mut socket, key, Some(start), length, &mut buffer)?;
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(read)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a thread returns its error"))
    })
}

fn connect(endpoint: &str) -> Result<TcpStream> {
    let authority = endpoint.strip_prefix("http://").context("the endpoint is not plain HTTP")?;
    let socket = TcpStream::connect(authority)?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Sends a request and reads the `length` bytes of its answer into `buffer`, again and again.
fn fetch(
    socket: &mut TcpStream,
    key: &str,
    start: Option<u64>,
    length: u64,
    buffer: &mut [u8],
) -> Result<()> {
    let range =
        start.map(|start| format!("Range: bytes={start}-{}\r\n", start + length - 1)).unwrap_or_default();
    socket.write_all(format!("GET /{BUCKET}/{key} HTTP/1.1\r\nHost: localhost\r\n{range}\r\n").as_bytes())?;
    let mut head = [0; HEAD];
    let mut filled = 0;
    let of_body = loop {
        filled += some(socket, &mut head[filled..])?;
        if let Some(end) = head[..filled].windows(4).position(|window| window == b"\r\n\r\n") {
            break filled - end - 4;
        }
    };
    ensure!(head.starts_with(b"HTTP/1.1 20"), "{}", String::from_utf8_lossy(&head[..filled]));
    let mut left = length - of_body as u64;
    while left > 0 {
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        left -= some(socket, &mut buffer[..most])? as u64;
    }
    Ok(())
}

fn some(socket: &mut TcpStream, buffer: &mut [u8]) -> Result<usize> {
    let read = socket.read(buffer)?;
    ensure!(read > 0, io::Error::from(io::ErrorKind::UnexpectedEof));
    Ok(read)
}
