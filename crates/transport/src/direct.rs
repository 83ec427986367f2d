//! The direct data path: GETs over our own HTTP/1.1 connections, whose bodies are read from the socket straight into
//! the caller's buffer. An HTTP library reads into buffers of its own, so every byte would be copied once more.

#[cfg(feature = "bench")]
pub mod bench;
mod body;
mod head;
mod pool;

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::ClientOptions;
use crate::connect::{BoxError, Connect};
use crate::stream::Stream;

pub(crate) use body::DirectBody;
use head::Head;
pub(crate) use head::MAX_HEADERS;
use pool::{Lease, Pool};

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
        let origin = pool::Origin::of(request.uri());
        let permit = self.pool.permit(&origin).await;
        let message = head::request(request);
        while let Some(mut stream) = self.pool.take(&origin) {
            match exchange(&mut stream, &message).await {
                Ok(answer) => return Ok(self.answer(answer, stream, origin, permit)),
                Err(Failure::Broken(error)) => tracing::trace!(%error, "an idle connection had been closed"),
                Err(failure) => return Err(failure),
            }
        }
        let mut stream = self.connect.open(request.uri()).await.map_err(Failure::Connect)?;
        let answer = exchange(&mut stream, &message).await?;
        Ok(self.answer(answer, stream, origin, permit))
    }

    fn answer(
        &self,
        (head, rest): (Head, BytesMut),
        stream: Stream,
        origin: pool::Origin,
        permit: pool::Permit,
    ) -> http::Response<DirectBody> {
        let Head { response, framing, keep_alive } = head;
        let home = keep_alive.then(|| (Arc::clone(&self.pool), origin));
        response.map(|()| DirectBody::new(Lease { stream, permit }, rest, framing, home))
    }
}

/// Sends the request and reads the head of the answer, together with what came of its body.
async fn exchange(stream: &mut Stream, message: &[u8]) -> Result<(Head, BytesMut), Failure> {
    stream.write_all(message).await?;
    stream.flush().await?;
    let mut buffer = BytesMut::with_capacity(FIRST_READ);
    let mut begun = false;
    loop {
        match stream.read_buf(&mut buffer).await {
            Ok(1..) => begun = true,
            Ok(0) if begun => return Err(Failure::Cut(io::ErrorKind::UnexpectedEof.into())),
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Err(error) if begun => return Err(Failure::Cut(error)),
            Err(error) => return Err(error.into()),
        }
        while let Some((head, length)) = head::answer(&buffer)? {
            let rest = buffer.split_off(length);
            if head.response.status().is_informational() {
                buffer = rest;
            } else {
                return Ok((head, rest));
            }
        }
        if buffer.len() >= HEAD_LIMIT {
            return Err(Failure::Malformed("its head is longer than 64 KiB"));
        }
    }
}
