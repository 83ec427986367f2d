//! The direct data path: GETs over our own HTTP/1.1 connections, whose bodies are read from the socket straight into
//! the caller's buffer. An HTTP library reads into buffers of its own, so every byte would be copied once more.

#[cfg(feature = "bench")]
pub mod bench;
mod body;
mod chunked;
mod head;
mod pool;
#[cfg(target_os = "linux")]
mod splice;

use std::io;
use std::sync::Arc;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::ClientOptions;
use crate::connect::{BoxError, Connect};

pub(crate) use body::DirectBody;
use head::Head;
pub(crate) use head::MAX_HEADERS;
use pool::{Connection, Lease, Origin, Pool};

/// The first read of an answer: enough for its head, and for a small object with it.
const FIRST_READ: usize = 16 << 10;

/// No head is longer, in bytes: S3 allows 8 KiB in all, and 2 KiB of metadata in it.
const HEAD_LIMIT: usize = 64 << 10;

/// Sends GETs over connections of its own. Cloning is cheap and shares the connections.
#[derive(Debug, Clone)]
pub(crate) struct Direct {
    connect: Connect,
    pool: Arc<Pool>,
}

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("no connection")]
    Connect(#[source] BoxError),
    #[error("the connection broke off")]
    Broken(#[from] io::Error),
    #[error("the connection broke off in the head of the answer")]
    Cut(#[source] io::Error),
    #[error("the answer is not HTTP/1.1: {0}")]
    Malformed(&'static str),
    #[error("the answer is an alert of TLS")]
    Tls,
}

impl Direct {
    pub(crate) fn new(connect: Connect, options: &ClientOptions) -> Self {
        Self { connect, pool: Arc::new(Pool::new(options)) }
    }

    /// Sends one GET as it is and gives back the head of the answer, and a body that is still on its way.
    ///
    /// A connection that was idle may have been closed meanwhile; then the request goes over another one, since
    /// nothing of an answer had come.
    pub(crate) async fn get(
        &self,
        request: &http::Request<()>,
    ) -> Result<http::Response<DirectBody>, Failure> {
        let origin = Origin::of(request.uri());
        let permit = self.pool.permit(&origin).await;
        while let Some(mut connection) = self.pool.take(&origin) {
            match exchange(&mut connection, request).await {
                Ok(head) => return Ok(self.answer(head, Lease { connection, permit }, origin)),
                Err(Failure::Broken(error)) => tracing::trace!(%error, "an idle connection had been closed"),
                Err(failure) => return Err(failure),
            }
        }
        let stream = self.connect.open(request.uri()).await.map_err(Failure::Connect)?;
        let mut connection = Connection { stream, buffer: BytesMut::new() };
        let head = exchange(&mut connection, request).await?;
        Ok(self.answer(head, Lease { connection, permit }, origin))
    }

    fn answer(&self, head: Head, lease: Lease, origin: Origin) -> http::Response<DirectBody> {
        let Head { response, framing, keep_alive } = head;
        let home = keep_alive.then(|| (Arc::clone(&self.pool), origin));
        response.map(|()| DirectBody::new(lease, framing, home))
    }
}

/// Sends the request and reads the head of the answer; what came of its body with it stays in the buffer.
async fn exchange(connection: &mut Connection, request: &http::Request<()>) -> Result<Head, Failure> {
    let Connection { stream, buffer } = connection;
    buffer.clear();
    head::write_request(buffer, request);
    stream.write_all(buffer).await?;
    stream.flush().await?;
    buffer.clear();
    let mut begun = false;
    loop {
        buffer.reserve(FIRST_READ);
        match stream.read_buf(buffer).await {
            Ok(1..) => begun = true,
            Ok(0) if begun => return Err(Failure::Cut(io::ErrorKind::UnexpectedEof.into())),
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Err(error) if begun => return Err(Failure::Cut(error)),
            Err(error) => return Err(error.into()),
        }
        while let Some((head, length)) = head::answer(buffer)? {
            buffer.advance(length);
            if !head.response.status().is_informational() {
                return Ok(head);
            }
        }
        if buffer.len() >= HEAD_LIMIT {
            return Err(Failure::Malformed("its head is longer than 64 KiB"));
        }
    }
}
