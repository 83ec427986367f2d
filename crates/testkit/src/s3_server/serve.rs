//! The loop that accepts connections and counts requests.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::service::S3Service;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::request_kind::{Counters, RequestKind};

/// A wait after a failed accept, which mostly means that there are no file descriptors left for now.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(20);

/// Everything that a running server needs.
pub(super) struct Server {
    pub(super) listener: TcpListener,
    pub(super) service: S3Service,
    pub(super) acceptor: Option<TlsAcceptor>,
    pub(super) counters: Arc<Counters>,
}

impl Server {
    /// Serves until dropped; its connections end with it.
    pub(super) async fn run(self) -> io::Result<()> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let mut connections = JoinSet::new();
        loop {
            let Ok((socket, _)) = listener.accept().await else {
                tokio::time::sleep(ACCEPT_BACKOFF).await;
                continue;
            };
            let (service, counters) = (self.service.clone(), Arc::clone(&self.counters));
            let acceptor = self.acceptor.clone();
            connections.spawn(async move {
                // A connection that breaks is the client's to notice.
                let _ = connection(socket, acceptor, service, counters).await;
            });
            while connections.try_join_next().is_some() {}
        }
    }
}

async fn connection(
    socket: TcpStream,
    acceptor: Option<TlsAcceptor>,
    service: S3Service,
    counters: Arc<Counters>,
) -> io::Result<()> {
    // Without it small answers wait 40 ms for the client's delayed acknowledgement.
    socket.set_nodelay(true)?;
    match acceptor {
        Some(acceptor) => http(acceptor.accept(socket).await?, service, counters).await,
        None => http(socket, service, counters).await,
    }
}

async fn http<S>(stream: S, service: S3Service, counters: Arc<Counters>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handler = service_fn(move |request: hyper::Request<Incoming>| {
        let uri = request.uri();
        let kind =
            RequestKind::of(request.method(), uri.path(), uri.query().unwrap_or_default(), request.headers());
        let under_way = UnderWay::begin(Arc::clone(&counters), kind);
        let answer = hyper::service::Service::call(&service, request);
        async move {
            let answer = answer.await?;
            Ok::<_, s3s::HttpError>(answer.map(|body| {
                // The closure's only purpose is to hold the guard until the body is gone.
                body.map_frame(move |frame| {
                    let _ = &under_way;
                    frame
                })
            }))
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), handler)
        .await
        .map_err(io::Error::other)
}

/// A request between its arrival and the end of its response's body.
struct UnderWay(Arc<Counters>);

impl UnderWay {
    fn begin(counters: Arc<Counters>, kind: RequestKind) -> Self {
        counters.begin(kind);
        Self(counters)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.end();
    }
}
