//! What a runtime costs at least for a small object: a request without a signature on an open socket of tokio's, and
//! an answer of which nothing but the end of the head is looked for.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};
use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::access::{Access, BUCKET};

/// More than the head of an answer.
const HEAD: usize = 1024;

pub(crate) struct Bare {
    authority: String,
    idle: Mutex<Vec<TcpStream>>,
}

impl Bare {
    pub(crate) fn new(access: &Access) -> Arc<Self> {
        Arc::new(Self { authority: access.authority().to_owned(), idle: Mutex::default() })
    }

    /// Reads an object.
    pub(crate) async fn get(self: Arc<Self>, key: String) -> Result<Bytes> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut socket = match idle {
            Some(socket) => socket,
            None => TcpStream::connect(&self.authority).await?,
        };
        let request = format!("GET /{BUCKET}/{key} HTTP/1.1\r\nHost: {}\r\n\r\n", self.authority);
        socket.write_all(request.as_bytes()).await?;
        // Objects are named after their size.
        let size: usize = key.split('/').next().unwrap_or_default().parse()?;
        let mut buffer = BytesMut::with_capacity(HEAD + size);
        let mut end = None;
        while end.is_none_or(|end| buffer.len() < end + size) {
            ensure!(socket.read_buf(&mut buffer).await? > 0, io::Error::from(io::ErrorKind::UnexpectedEof));
            let head = || buffer.windows(4).position(|window| window == b"\r\n\r\n");
            end = end.or_else(|| Some(head()? + 4));
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(socket);
        buffer.advance(end.unwrap_or_default());
        Ok(buffer.freeze())
    }
}
