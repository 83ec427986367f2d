//! `Matcher` and `Rule`: which requests a fault strikes, and how often.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::fault::Fault;
use super::request::SeenRequest;
use crate::byte_range::ByteRange;
use crate::request_kind::RequestKind;

/// Which requests a fault strikes.
#[derive(Clone)]
pub struct Matcher(Arc<dyn Fn(&SeenRequest) -> bool + Send + Sync>);

impl Matcher {
    /// Every request.
    pub fn any() -> Self {
        Self::when(|_| true)
    }

    /// Requests of this kind.
    pub fn of(kind: RequestKind) -> Self {
        Self::when(move |request| request.kind == kind)
    }

    /// Reads of objects.
    pub fn get() -> Self {
        Self::of(RequestKind::GetObject)
    }

    /// Requests for which `matches` says so.
    pub fn when(matches: impl Fn(&SeenRequest) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(matches))
    }

    /// Of these, those for which `matches` says so too.
    pub fn and(self, matches: impl Fn(&SeenRequest) -> bool + Send + Sync + 'static) -> Self {
        Self::when(move |request| (self.0)(request) && matches(request))
    }

    /// Of these, those for this key.
    pub fn key(self, key: impl Into<String>) -> Self {
        let key = key.into();
        self.and(move |request| request.key == key)
    }

    /// Of these, those for a range that starts at byte `first` or later.
    pub fn from_byte(self, first: u64) -> Self {
        self.and(move |request| {
            let range = request.range().and_then(ByteRange::parse);
            matches!(range, Some(ByteRange::From(start, _)) if start >= first)
        })
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Matcher")
    }
}

/// One line of the script: strikes every matching request, unless told otherwise.
#[derive(Debug, Clone)]
pub struct Rule(Arc<Line>);

#[derive(Debug)]
struct Line {
    matcher: Matcher,
    fault: Fault,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    skip: u64,
    left: u64,
    hits: u64,
}

impl Rule {
    fn new(matcher: Matcher, fault: Fault) -> Self {
        let state = Mutex::new(State { skip: 0, left: u64::MAX, hits: 0 });
        Self(Arc::new(Line { matcher, fault, state }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Strikes so many requests and then no more.
    pub fn times(self, times: u64) -> Self {
        self.state().left = times;
        self
    }

    /// Lets so many matching requests pass before it strikes.
    pub fn after(self, requests: u64) -> Self {
        self.state().skip = requests;
        self
    }

    /// How many requests were struck.
    pub fn hits(&self) -> u64 {
        self.state().hits
    }

    fn strike(&self, request: &SeenRequest) -> Option<Fault> {
        if !(self.0.matcher.0)(request) {
            return None;
        }
        let mut state = self.state();
        if state.skip > 0 {
            state.skip -= 1;
            return None;
        }
        if state.left == 0 {
            return None;
        }
        state.left -= 1;
        state.hits += 1;
        Some(self.0.fault.clone())
    }
}

/// The rules in the order in which they were given.
#[derive(Debug, Default)]
pub(super) struct Script(Mutex<Vec<Rule>>);

impl Script {
    pub(super) fn add(&self, matcher: Matcher, fault: Fault) -> Rule {
        let rule = Rule::new(matcher, fault);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(rule.clone());
        rule
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The faults that strike a request.
    pub(super) fn strike(&self, request: &SeenRequest) -> Vec<Fault> {
        let rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rules.iter().filter_map(|rule| rule.strike(request)).collect()
    }
}
