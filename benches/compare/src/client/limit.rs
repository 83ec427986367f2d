//! What the machine can do at all: threads that read from their sockets straight into the object's place.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use memmap2::MmapMut;

use super::memory::{Pages, Warm, fresh};
use super::{Chunks, PART, tls};
use crate::access::{Access, BUCKET};

/// Threads, each with a connection: more than two cores can be busy with.
const CONNECTIONS: usize = 8;
/// More than the head of an answer; what it holds of the body is copied.
const HEAD: usize = 1024;

/// A connection that blocks.
pub(crate) trait Connection: Read + Write + Send {}

impl<T: Read + Write + Send> Connection for T {}

/// What a thread needs for its requests; connections stay open from one run to the next.
pub(crate) struct Limit {
    access: Access,
    tls: Option<Arc<rustls::ClientConfig>>,
    idle: Mutex<Vec<Box<dyn Connection>>>,
}

/// Where the object is read to.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Fresh(Pages),
    Warm(Warm<Memory>),
}

/// A mapping that can be taken out of its place.
#[derive(Debug, Default)]
pub(crate) struct Memory(Option<MmapMut>);

impl AsRef<[u8]> for Memory {
    fn as_ref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Limit {
    pub(crate) fn new(access: &Access) -> Result<Arc<Self>> {
        let tls = access.ca()?.map(|ca| tls::config(&ca)).transpose()?;
        Ok(Arc::new(Self { access: access.clone(), tls, idle: Mutex::default() }))
    }

    /// Reads an object of `size` bytes.
    pub(crate) fn get(&self, key: &str, size: usize, target: &Target) -> Result<Chunks> {
        let make = |pages| Ok(Memory(Some(fresh(size, pages)?)));
        let mut memory = match target {
            Target::Fresh(pages) => make(*pages)?,
            Target::Warm(warm) => warm.take(|| make(Pages::Huge))?,
        };
        let whole = memory.0.as_deref_mut().context("no memory")?;
        let parts = Mutex::new((0_usize..).step_by(PART).zip(whole.chunks_mut(PART)));
        let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
        self.on_all_connections(|connection| {
            while let Some((start, part)) = next() {
                let range = format!("Range: bytes={start}-{}\r\n", start + part.len() - 1);
                connection.write_all(self.head("GET", key, &range).as_bytes())?;
                receive(connection, part)?;
            }
            Ok(())
        })?;
        Ok(vec![match target {
            Target::Fresh(_) => Bytes::from_owner(memory),
            Target::Warm(warm) => warm.lend(memory),
        }])
    }

    /// Sends an object as the parts of an upload that is never completed.
    pub(crate) fn put(&self, key: &str, bytes: &[u8]) -> Result<()> {
        let parts = Mutex::new((1_u32..).zip(bytes.chunks(PART)));
        let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
        self.on_all_connections(|connection| {
            while let Some((number, part)) = next() {
                let key = format!("{key}?partNumber={number}&uploadId=1");
                let length = format!("Content-Length: {}\r\n", part.len());
                connection.write_all(self.head("PUT", &key, &length).as_bytes())?;
                connection.write_all(part)?;
                receive(connection, &mut [])?;
            }
            Ok(())
        })
    }

    /// Gives each thread a connection, and waits for all of them.
    fn on_all_connections(&self, work: impl Fn(&mut dyn Connection) -> Result<()> + Sync) -> Result<()> {
        let work = || -> Result<()> {
            let mut connection = self.connection()?;
            work(connection.as_mut())?;
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            Ok(())
        };
        thread::scope(|scope| {
            let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| thread.join().expect("a thread returns its error"))
        })
    }

    fn head(&self, method: &str, key: &str, header: &str) -> String {
        format!("{method} /{BUCKET}/{key} HTTP/1.1\r\nHost: {}\r\n{header}\r\n", self.access.authority())
    }

    fn connection(&self) -> Result<Box<dyn Connection>> {
        if let Some(idle) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            return Ok(idle);
        }
        let socket = TcpStream::connect(self.access.authority())?;
        socket.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Box::new(socket),
            Some(config) => Box::new(tls::connect(config, socket)?),
        })
    }
}

/// Reads an answer, and its body into `part`, which it fills.
fn receive(connection: &mut dyn Connection, part: &mut [u8]) -> Result<()> {
    let mut buffer = [0_u8; HEAD];
    let mut filled = 0;
    let body = loop {
        let read = connection.read(&mut buffer[filled..])?;
        ensure!(read > 0, io::Error::from(io::ErrorKind::UnexpectedEof));
        filled += read;
        if let Some(end) = buffer[..filled].windows(4).position(|window| window == b"\r\n\r\n") {
            break &buffer[end + 4..filled];
        }
    };
    ensure!(buffer.starts_with(b"HTTP/1.1 20"), "refused: {}", String::from_utf8_lossy(&buffer[..filled]));
    part[..body.len()].copy_from_slice(body);
    connection.read_exact(&mut part[body.len()..])?;
    Ok(())
}
