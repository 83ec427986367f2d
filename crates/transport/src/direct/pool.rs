//! `Pool`: connections that wait for their next request, the most recently used first.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use http::Uri;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::stream::Stream;

/// Scheme, host and port: what a connection is good for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Origin(String);

impl Origin {
    pub(super) fn of(uri: &Uri) -> Self {
        let authority = uri.authority().map_or("", http::uri::Authority::as_str);
        Self(format!("{}://{authority}", uri.scheme_str().unwrap_or_default()))
    }
}

/// Idle connections by origin.
pub(super) struct Pool {
    limit: usize,
    timeout: Duration,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    /// Connections and since when they are idle, the newest last.
    streams: HashMap<Origin, Vec<(Instant, Stream)>>,
    /// Closes connections that nobody asks for any more.
    sweeper: Option<JoinHandle<()>>,
}

impl Pool {
    /// At most `limit` idle connections per origin, none idle for longer than `timeout`.
    pub(super) fn new(limit: usize, timeout: Duration) -> Self {
        Self { limit, timeout, idle: Mutex::default() }
    }

    /// A connection that is still open, as far as one can tell without asking.
    pub(super) fn take(&self, origin: &Origin) -> Option<Stream> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let streams = idle.streams.get_mut(origin)?;
        // The newest is last: once it is too old, all of them are.
        while let Some((since, mut stream)) = streams.pop() {
            if since.elapsed() >= self.timeout {
                streams.clear();
            } else if is_quiet(&mut stream) {
                return Some(stream);
            }
        }
        None
    }

    /// Keeps a connection whose answer was read to its end.
    pub(super) fn put(self: &Arc<Self>, origin: Origin, stream: Stream) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let streams = idle.streams.entry(origin).or_default();
        streams.retain(|(since, _)| since.elapsed() < self.timeout);
        if streams.len() < self.limit {
            streams.push((Instant::now(), stream));
        }
        if idle.sweeper.as_ref().is_none_or(JoinHandle::is_finished)
            && let Ok(runtime) = Handle::try_current()
        {
            idle.sweeper = Some(runtime.spawn(sweep(Arc::downgrade(self), self.timeout)));
        }
    }

    /// Closes what has been idle for too long, and says how long the rest may stay; `None` when nothing is left.
    fn sweep(&self) -> Option<Duration> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.streams.retain(|_, streams| {
            streams.retain(|(since, _)| since.elapsed() < self.timeout);
            !streams.is_empty()
        });
        let oldest = idle.streams.values().flatten().map(|(since, _)| *since).min();
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

/// Whether nothing has come on an idle connection: neither its end nor bytes that nobody asked for.
fn is_quiet(stream: &mut Stream) -> bool {
    let mut byte = [0];
    let mut context = Context::from_waker(Waker::noop());
    Pin::new(stream).poll_read(&mut context, &mut ReadBuf::new(&mut byte)).is_pending()
}
