//! `Endpoints`: several ways to one service. Each request goes where the fewest are under way, and not to one that
//! failed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::uri::{Authority, Parts, Scheme};
use http::{StatusCode, Uri};
use rangeway_core::{Error, Result};
use tokio::time::Instant;

mod health;
#[cfg(test)]
mod tests;

use health::{Health, Sent};

/// A request that is given up sooner says nothing of its endpoint.
const PATIENCE: Duration = Duration::from_secs(1);

/// Endpoints of one service: what is written through one can be read through all.
#[derive(Debug)]
pub(crate) struct Endpoints {
    all: Vec<Endpoint>,
    /// Where the search for the next one begins, so that equals take turns.
    turn: AtomicUsize,
}

#[derive(Debug)]
struct Endpoint {
    scheme: Scheme,
    authority: Authority,
    /// Requests under way.
    load: AtomicUsize,
    health: Mutex<Health>,
}

impl Endpoint {
    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Endpoints {
    /// These endpoints, which [`checked_endpoint`](crate::checked_endpoint) has taken.
    ///
    /// # Errors
    /// `InvalidInput` when they differ in what follows the host.
    pub(crate) fn new(endpoints: &[String]) -> Result<Self> {
        let mut all = Vec::new();
        let mut path = None;
        for endpoint in endpoints {
            let bad = || Error::invalid(format!("the endpoint {endpoint:?} is no URL"));
            let Parts { scheme, authority, path_and_query, .. } =
                endpoint.parse::<Uri>().map_err(|_| bad())?.into_parts();
            let scheme = scheme.ok_or_else(bad)?;
            let authority = authority.ok_or_else(bad)?;
            if path.get_or_insert_with(|| path_and_query.clone()) != &path_and_query {
                return Err(Error::invalid("the endpoints differ in what follows the host")
                    .with_hint("list several ways to one service"));
            }
            all.push(Endpoint { scheme, authority, load: AtomicUsize::new(0), health: Mutex::default() });
        }
        Ok(Self { all, turn: AtomicUsize::new(0) })
    }

    /// Sends a request that is for the first endpoint to the one that is best now. The request is under way until what
    /// this returns is dropped.
    ///
    /// # Errors
    /// `InvalidInput` when the container and the host make no host.
    pub(crate) fn direct(self: &Arc<Self>, uri: &mut Uri) -> Result<Option<UnderWay>> {
        let now = Instant::now();
        let index = self.best(now);
        let Some(there) = self.at(uri, index)? else { return Ok(None) };
        *uri = there;
        let best = &self.all[index];
        best.load.fetch_add(1, Ordering::Relaxed);
        let sent = best.health().send(now);
        let endpoints = Arc::clone(self);
        Ok(Some(UnderWay { endpoints, index, sent, left: None, is_settled: false }))
    }

    /// The URL of what is at the first endpoint, by the first that is well: for whoever fetches it instead of us.
    ///
    /// # Errors
    /// As [`direct`](Self::direct).
    pub(crate) fn well(&self, uri: &Uri) -> Result<Option<Uri>> {
        let is_well = |endpoint: &Endpoint| endpoint.health().is_well();
        self.at(uri, self.all.iter().position(is_well).unwrap_or_default())
    }

    /// The URL at the endpoint `index` of what `uri` names at the first; `None` for what is elsewhere.
    fn at(&self, uri: &Uri, index: usize) -> Result<Option<Uri>> {
        let (Some(first), Some(authority)) = (self.all.first(), uri.authority()) else { return Ok(None) };
        // The container may stand before the host.
        let container = authority.as_str().strip_suffix(first.authority.as_str());
        let Some(container) = container.filter(|container| container.is_empty() || container.ends_with('.'))
        else {
            return Ok(None);
        };
        if index == 0 {
            return Ok(Some(uri.clone()));
        }
        let endpoint = &self.all[index];
        let mut parts = uri.clone().into_parts();
        let authority = [container, endpoint.authority.as_str()].concat();
        let bad = |_| Error::invalid(format!("{authority:?} is no host"));
        parts.authority = Some(authority.parse().map_err(bad)?);
        parts.scheme = Some(endpoint.scheme.clone());
        let bad = |error| Error::invalid("the endpoint makes no URL").with_source(error);
        Uri::from_parts(parts).map(Some).map_err(bad)
    }

    /// The endpoint with the least to do among those that do not rest, or among all if all do.
    fn best(&self, now: Instant) -> usize {
        let begin = self.turn.fetch_add(1, Ordering::Relaxed);
        let order = (0..self.all.len()).map(|step| begin.wrapping_add(step) % self.all.len());
        let key = |index: &usize| {
            let endpoint = &self.all[*index];
            // Of those that rest, the one that is to be tried first.
            let rests = endpoint.health().rests(now);
            (rests, endpoint.load.load(Ordering::Relaxed))
        };
        order.min_by_key(key).unwrap_or_default()
    }
}

/// A request that is under way to an endpoint, its body included.
#[derive(Debug)]
pub(crate) struct UnderWay {
    endpoints: Arc<Endpoints>,
    index: usize,
    sent: Sent,
    /// How many bytes of the body are to come, where it is known.
    left: Option<u64>,
    /// Whether the outcome is known.
    is_settled: bool,
}

impl UnderWay {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoints.all[self.index]
    }

    /// The endpoint answered, and will send a body of that length, where it says so.
    pub(crate) fn answered(&mut self, status: StatusCode, length: Option<u64>) {
        let is_unwell = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED;
        // The length that is said is that of a body which is not sent.
        let is_bare = status == StatusCode::NOT_MODIFIED || status == StatusCode::NO_CONTENT;
        if is_unwell || status == StatusCode::TOO_MANY_REQUESTS {
            self.broke();
        } else if is_bare {
            self.expects(0);
        } else if let Some(length) = length {
            self.expects(length);
        }
    }

    /// The body is so long, whether the endpoint said so or not.
    pub(crate) fn expects(&mut self, length: u64) {
        self.left = Some(length);
        self.came(0);
    }

    /// So many bytes of the body came.
    pub(crate) fn came(&mut self, bytes: u64) {
        self.left = self.left.map(|left| left.saturating_sub(bytes));
        if self.left == Some(0) {
            self.ended();
        }
    }

    /// The body came to its end, or to one that is too early.
    pub(crate) fn ended(&mut self) {
        if self.left.is_some_and(|left| left > 0) {
            self.broke();
        } else if !std::mem::replace(&mut self.is_settled, true) {
            self.endpoint().health().went_well(self.sent);
        }
    }

    /// There was no connection to the endpoint. Says whether another one may be reached.
    pub(crate) fn unreachable(&mut self) -> bool {
        let now = Instant::now();
        self.settle_badly(true, now);
        tracing::debug!(endpoint = %self.endpoint().authority, "an endpoint cannot be reached");
        self.endpoints.all.iter().any(|endpoint| endpoint.health().rests(now).is_none())
    }

    /// The answer did not come, or was bad, or its body broke off.
    pub(crate) fn broke(&mut self) {
        self.settle_badly(false, Instant::now());
    }

    fn settle_badly(&mut self, is_certain: bool, now: Instant) {
        if !std::mem::replace(&mut self.is_settled, true) {
            self.endpoint().health().failed(self.sent, is_certain, now);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.endpoint().load.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Somebody waits for what is to come from an endpoint. Whoever gives up after a while, which drops this, has waited in
/// vain; whoever does so at once, or leaves a body that was coming, does it for reasons of their own.
pub(crate) struct Waiting<'a>(Option<(&'a mut UnderWay, Instant)>);

impl<'a> Waiting<'a> {
    pub(crate) fn new(under_way: &'a mut Option<UnderWay>) -> Self {
        Self(under_way.as_mut().map(|under_way| (under_way, Instant::now())))
    }

    /// What was waited for has come, or cannot come.
    pub(crate) fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some((under_way, since)) = &mut self.0
            && since.elapsed() >= PATIENCE
        {
            under_way.broke();
        }
    }
}
