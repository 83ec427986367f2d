//! `Pool`: connections that wait for their next request, the most recently used first.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use http::Uri;
use tokio::io::{AsyncRead, ReadBuf};

use super::Stream;

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
    idle: Mutex<HashMap<Origin, Vec<(Instant, Stream)>>>,
}

impl Pool {
    /// At most `limit` idle connections per origin, none idle for longer than `timeout`.
    pub(super) fn new(limit: usize, timeout: Duration) -> Self {
        Self { limit, timeout, idle: Mutex::default() }
    }

    /// A connection that is still open, as far as one can tell without asking.
    pub(super) fn take(&self, origin: &Origin) -> Option<Stream> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let streams = idle.get_mut(origin)?;
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
    pub(super) fn put(&self, origin: Origin, stream: Stream) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let streams = idle.entry(origin).or_default();
        streams.retain(|(since, _)| since.elapsed() < self.timeout);
        if streams.len() < self.limit {
            streams.push((Instant::now(), stream));
        }
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
