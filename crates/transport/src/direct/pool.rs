//! `Pool`: connections that wait for their next request, the most recently used first.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use http::Uri;
use http::uri::{Authority, Scheme};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use crate::ClientOptions;
use crate::stream::Stream;

/// Scheme, host and port: what a connection is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin(Option<Scheme>, Option<Authority>);

impl Origin {
    pub(super) fn of(uri: &Uri) -> Self {
        Self(uri.scheme().cloned(), uri.authority().cloned())
    }
}

/// The right to have a connection open besides the idle ones: held by a request until its body has been read.
pub(super) type Permit = Option<OwnedSemaphorePermit>;

/// A connection, with a buffer that it keeps from request to request.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: Stream,
    /// What has been read and not handed out.
    pub(super) buffer: BytesMut,
}

/// A connection that a request uses. It is closed before the permit is given back.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) connection: Connection,
    pub(super) permit: Permit,
}

/// Idle connections by origin.
pub(super) struct Pool {
    limit: usize,
    timeout: Duration,
    idle: Mutex<Idle>,
    /// How many connections an origin may have open; idle ones are taken before one is opened.
    connections: Option<usize>,
    permits: Mutex<Vec<(Origin, Arc<Semaphore>)>>,
}

#[derive(Default)]
struct Idle {
    /// Connections and since when they are idle, the newest last. A client speaks to a few origins at most.
    connections: Vec<(Origin, Vec<(Instant, Connection)>)>,
    /// Closes connections that nobody asks for any more.
    sweeper: Option<JoinHandle<()>>,
}

impl Pool {
    pub(super) fn new(options: &ClientOptions) -> Self {
        Self {
            limit: options.idle_connections,
            timeout: options.idle_timeout,
            idle: Mutex::default(),
            connections: options.connections,
            permits: Mutex::default(),
        }
    }

    /// Waits for the right to use a connection to `origin`.
    ///
    /// Who has it takes an idle connection, and opens one only when there is none: so there are never more of them
    /// than permits.
    pub(super) async fn permit(&self, origin: &Origin) -> Permit {
        let permits = self.connections?.min(Semaphore::MAX_PERMITS);
        let semaphore = {
            let mut all = self.permits.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Semaphore::new(permits));
            Arc::clone(of(&mut all, origin, new))
        };
        semaphore.acquire_owned().await.ok()
    }

    /// A connection that is still open, as far as one can tell without asking.
    pub(super) fn take(&self, origin: &Origin) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, connections) = idle.connections.iter_mut().find(|(known, _)| known == origin)?;
        // The newest is last: once it is too old, all of them are.
        while let Some((since, mut connection)) = connections.pop() {
            if since.elapsed() >= self.timeout {
                connections.clear();
            } else if is_quiet(&mut connection.stream) {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection whose answer was read to its end, and then lets the next request have it.
    pub(super) fn put(self: &Arc<Self>, origin: &Origin, Lease { connection, permit }: Lease) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let connections = of(&mut idle.connections, origin, Vec::new);
        if connections.len() < self.limit {
            connections.push((Instant::now(), connection));
        }
        if idle.sweeper.as_ref().is_none_or(JoinHandle::is_finished)
            && let Ok(runtime) = Handle::try_current()
        {
            idle.sweeper = Some(runtime.spawn(sweep(Arc::downgrade(self), self.timeout)));
        }
        drop(permit);
    }

    /// Closes what has been idle for too long, and says how long the rest may stay; `None` when nothing is left.
    fn sweep(&self) -> Option<Duration> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.connections.retain_mut(|(_, connections)| {
            connections.retain(|(since, _)| since.elapsed() < self.timeout);
            !connections.is_empty()
        });
        let oldest = idle.connections.iter().flat_map(|(_, all)| all).map(|(since, _)| *since).min();
        if oldest.is_none() {
            idle.sweeper = None;
        }
        oldest.map(|since| self.timeout.saturating_sub(since.elapsed()))
    }
}

/// Sweeps until the pool is empty or gone.
async fn sweep(pool: Weak<Pool>, first: Duration) {
    let mut next = Some(first);
    while let Some(wait) = next {
        tokio::time::sleep(wait).await;
        next = pool.upgrade().and_then(|pool| pool.sweep());
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// What belongs to `origin`.
fn of<'a, T>(all: &'a mut Vec<(Origin, T)>, origin: &Origin, new: impl FnOnce() -> T) -> &'a mut T {
    let known = all.iter().position(|(known, _)| known == origin);
    let at = known.unwrap_or_else(|| {
        all.push((origin.clone(), new()));
        all.len() - 1
    });
    &mut all[at].1
}

/// Whether nothing has come on an idle connection: neither its end nor bytes that nobody asked for.
fn is_quiet(stream: &mut Stream) -> bool {
    let mut byte = [0];
    let mut context = Context::from_waker(Waker::noop());
    Pin::new(stream).poll_read(&mut context, &mut ReadBuf::new(&mut byte)).is_pending()
}
