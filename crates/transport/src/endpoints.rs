//! `Endpoints`: several ways to one service. Each request goes where the fewest are under way, and not to one that
//! failed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::uri::{Authority, Parts, Scheme};
use http::{StatusCode, Uri};
use rangeway_core::{Error, Result};
use tokio::time::Instant;

/// So many requests in a row that were answered badly, or not at all, and an endpoint is left alone for a while.
const ENOUGH: u32 = 3;

/// How long an endpoint that failed is left alone; doubled each time that it fails again.
const FIRST_REST: Duration = Duration::from_secs(1);

/// The longest that an endpoint is left alone before a request looks whether it is back.
const LONGEST_REST: Duration = Duration::from_secs(30);

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

#[derive(Debug, Default)]
struct Health {
    /// Bad outcomes in a row.
    failures: u32,
    /// How often in a row it was left alone.
    rests: u32,
    /// Until when it is left alone.
    resting: Option<Instant>,
    /// Whether a request is looking if it is back.
    is_probed: bool,
}

impl Health {
    fn is_resting(&self, now: Instant) -> bool {
        self.resting.is_some_and(|until| now < until)
    }

    fn failed(&mut self, is_certain: bool, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        // What was sent before it was known to rest says nothing new.
        let says_nothing = self.is_resting(now) && !self.is_probed;
        if says_nothing || !(is_certain || self.failures >= ENOUGH || self.rests > 0) {
            return;
        }
        self.is_probed = false;
        let rest = FIRST_REST.saturating_mul(1 << self.rests.min(10)).min(LONGEST_REST);
        self.rests += 1;
        self.resting = Some(now + rest);
    }
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
        let (Some(first), Some(authority)) = (self.all.first(), uri.authority()) else { return Ok(None) };
        // The container may stand before the host.
        let Some(container) = authority.as_str().strip_suffix(first.authority.as_str()) else {
            return Ok(None);
        };
        let index = self.best(Instant::now());
        let best = &self.all[index];
        if index > 0 {
            let mut parts = uri.clone().into_parts();
            let authority = [container, best.authority.as_str()].concat();
            let bad = |_| Error::invalid(format!("{authority:?} is no host"));
            parts.authority = Some(authority.parse().map_err(bad)?);
            parts.scheme = Some(best.scheme.clone());
            *uri = Uri::from_parts(parts)
                .map_err(|error| Error::invalid("the endpoint makes no URL").with_source(error))?;
        }
        best.load.fetch_add(1, Ordering::Relaxed);
        Ok(Some(UnderWay { endpoints: Arc::clone(self), index, waits: None }))
    }

    /// The endpoint with the least to do among those that do not rest, or among all if all do.
    fn best(&self, now: Instant) -> usize {
        let begin = self.turn.fetch_add(1, Ordering::Relaxed);
        let order = (0..self.all.len()).map(|step| begin.wrapping_add(step) % self.all.len());
        let key = |index: &usize| {
            let endpoint = &self.all[*index];
            // Of those that rest, the one that is to be tried first.
            let resting = endpoint.health().resting.filter(|until| now < *until);
            (resting, endpoint.load.load(Ordering::Relaxed))
        };
        let best = order.min_by_key(key).unwrap_or_default();
        let mut health = self.all[best].health();
        // One request looks whether it is back; the others wait for what that one finds.
        if health.resting.is_some_and(|until| until <= now) {
            health.resting = Some(now + FIRST_REST);
            health.is_probed = true;
        }
        best
    }
}

/// A request that is under way to an endpoint, its body included.
#[derive(Debug)]
pub(crate) struct UnderWay {
    endpoints: Arc<Endpoints>,
    index: usize,
    /// Since when it has been without an answer.
    waits: Option<Instant>,
}

impl UnderWay {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoints.all[self.index]
    }

    /// The request is being sent.
    pub(crate) fn sent(&mut self) {
        self.waits = Some(Instant::now());
    }

    /// The request failed for a reason of its own.
    pub(crate) fn failed(&mut self) {
        self.waits = None;
    }

    /// The endpoint answered.
    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.waits = None;
        let is_unwell = status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED;
        if is_unwell || status == StatusCode::TOO_MANY_REQUESTS {
            self.endpoint().health().failed(false, Instant::now());
        } else {
            *self.endpoint().health() = Health::default();
        }
    }

    /// There was no connection to the endpoint. Says whether another one may be reached.
    pub(crate) fn unreachable(&mut self) -> bool {
        self.waits = None;
        let now = Instant::now();
        self.endpoint().health().failed(true, now);
        tracing::debug!(endpoint = %self.endpoint().authority, "an endpoint cannot be reached");
        self.endpoints.all.iter().any(|endpoint| !endpoint.health().is_resting(now))
    }

    /// The body of the answer broke off.
    pub(crate) fn broke(&mut self) {
        self.endpoint().health().failed(false, Instant::now());
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.endpoint().load.fetch_sub(1, Ordering::Relaxed);
        // Whoever waited for an answer has given up; those who did at once did for reasons of their own.
        if self.waits.is_some_and(|since| since.elapsed() >= PATIENCE) {
            self.endpoint().health().failed(false, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(hosts: &[&str]) -> Arc<Endpoints> {
        let all: Vec<String> = hosts.iter().map(|host| format!("http://{host}/base")).collect();
        Arc::new(Endpoints::new(&all).expect("endpoints"))
    }

    /// Sends a request and says where it went.
    fn send(endpoints: &Arc<Endpoints>) -> (String, UnderWay) {
        let mut uri = "http://a:1/base/key?x=y".parse().expect("a URL");
        let under_way = endpoints.direct(&mut uri).expect("a host").expect("one of ours");
        (uri.to_string(), under_way)
    }

    fn finish(under_way: (String, UnderWay), status: StatusCode) {
        let (_, mut under_way) = under_way;
        under_way.answered(status);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_go_where_the_fewest_are_under_way() {
        let endpoints = endpoints(&["a:1", "b:2", "c:3"]);
        let mut under_way: Vec<_> = (0..6).map(|_| send(&endpoints)).collect();
        let mut hosts: Vec<_> = under_way.iter().map(|(uri, _)| uri.clone()).collect();
        hosts.sort();
        let url = |host: &str| format!("http://{host}/base/key?x=y");
        assert_eq!(hosts, ["a:1", "a:1", "b:2", "b:2", "c:3", "c:3"].map(url));
        let at = under_way.iter().position(|(uri, _)| uri.contains("b:2")).expect("one at b");
        finish(under_way.remove(at), StatusCode::OK);
        assert!(send(&endpoints).0.contains("b:2"), "b has the least to do");
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_cannot_be_reached_rests_longer_each_time() {
        let endpoints = endpoints(&["a:1", "b:2"]);
        let is_tried = || {
            // Two requests at a time go to both, unless one rests.
            let pair = [send(&endpoints), send(&endpoints)];
            pair.into_iter().fold(false, |tried, (uri, mut under_way)| {
                if uri.contains("b:2") {
                    under_way.unreachable();
                } else {
                    under_way.answered(StatusCode::OK);
                }
                tried || uri.contains("b:2")
            })
        };
        assert!(is_tried());
        for rest in [1, 2, 4, 8, 16, 30, 30] {
            tokio::time::advance(Duration::from_millis(rest * 1000 - 1)).await;
            assert!(!is_tried(), "rests for {rest} s");
            tokio::time::advance(Duration::from_millis(2)).await;
            assert!(is_tried(), "is tried after {rest} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_went_well_makes_an_endpoint_well() {
        let endpoints = endpoints(&["a:1", "b:2"]);
        for status in [500, 503, 200, 503, 429, 404, 500, 500] {
            let status = StatusCode::from_u16(status).expect("a status");
            let mut pair = [send(&endpoints), send(&endpoints)];
            pair.sort_by(|one, other| one.0.cmp(&other.0));
            let [at_a, at_b] = pair;
            assert!(at_a.0.contains("a:1") && at_b.0.contains("b:2"), "never three bad ones in a row");
            finish(at_a, StatusCode::OK);
            finish(at_b, status);
        }
        let (one, other) = (send(&endpoints), send(&endpoints));
        let at_b = if one.0.contains("b:2") { one } else { other };
        finish(at_b, StatusCode::SERVICE_UNAVAILABLE);
        let both = [send(&endpoints), send(&endpoints)];
        assert!(both.iter().all(|(uri, _)| uri.contains("a:1")), "three bad ones");
    }

    #[tokio::test(start_paused = true)]
    async fn when_all_rest_all_are_tried() {
        let endpoints = endpoints(&["a:1", "b:2"]);
        let first = send(&endpoints).0;
        let mut tried = send(&endpoints);
        assert!(tried.1.unreachable(), "the other one is well");
        drop(tried);
        tokio::time::advance(Duration::from_millis(10)).await;
        assert!(!send(&endpoints).1.unreachable(), "both rest");
        assert_eq!(
            send(&endpoints).0.contains("a:1"),
            !first.contains("a:1"),
            "the one that rests for longest"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn requests_that_are_given_up_count_and_those_never_sent_do_not() {
        let endpoints = endpoints(&["a:1", "b:2"]);
        let soon = Duration::from_millis(10);
        for (waits, hosts) in [(None, 2), (Some(soon), 2), (Some(PATIENCE), 1)] {
            for _ in 0..2 * ENOUGH {
                let pair = [send(&endpoints), send(&endpoints)];
                for (uri, mut under_way) in pair {
                    if uri.contains("a:1") {
                        under_way.answered(StatusCode::OK);
                    } else if let Some(time) = waits {
                        under_way.sent();
                        tokio::time::advance(time).await;
                    }
                }
            }
            let pair = [send(&endpoints), send(&endpoints)].map(|(uri, _)| uri);
            let different = if pair[0] == pair[1] { 1 } else { 2 };
            assert_eq!(different, hosts);
        }
    }

    #[test]
    fn the_container_may_stand_before_the_host() {
        let endpoints = Arc::new(Endpoints::new(&["http://h:1".into(), "https://i".into()]).expect("two"));
        let goes_to = |uri: &str| {
            let mut uri: Uri = uri.parse().expect("a URL");
            let under_way = endpoints.direct(&mut uri).expect("a host");
            (uri.to_string(), under_way)
        };
        let first = goes_to("http://b.h:1/k");
        let second = goes_to("http://b.h:1/k");
        let mut hosts = [first.0, second.0];
        hosts.sort();
        assert_eq!(hosts, ["http://b.h:1/k", "https://b.i/k"]);
        let (other, none) = goes_to("http://elsewhere/k");
        assert!(other == "http://elsewhere/k" && none.is_none());
    }

    #[test]
    fn endpoints_that_differ_in_the_path_are_refused() {
        let error = Endpoints::new(&["http://h/a".into(), "http://i/b".into()]).expect_err("differ");
        assert!(error.to_string().contains("differ"), "{error}");
    }
}
