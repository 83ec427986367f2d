//! Deletions whose results come in the order of their paths, as users of `object_store` expect.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::stream::{self, BoxStream, StreamExt};
use object_store::Result;
use object_store::path::Path;
use rangeway_core::{DeleteResult, Key, Store};

use super::convert;
use super::error::{generic, to_theirs};

/// Deletes all `locations`. The store answers in any order; the stream is in the order of `locations`.
pub(super) fn delete(
    store: &dyn Store,
    locations: BoxStream<'static, Result<Path>>,
) -> BoxStream<'static, Result<Path>> {
    let order = Order::default();
    let begun = order.clone();
    let keys = locations.filter_map(move |location| std::future::ready(begun.lock().begin(location)));
    let results = Some(store.delete(keys.boxed()));
    stream::unfold((results, order), |(mut results, order)| async move {
        loop {
            let next = order.lock().next(results.is_none());
            if let Some(result) = next {
                return Some((result, (results, order)));
            }
            match results.as_mut()?.next().await {
                Some(result) => order.lock().finish(result),
                None => results = None,
            }
        }
    })
    .boxed()
}

#[derive(Clone, Default)]
struct Order(Arc<Mutex<Positions>>);

impl Order {
    fn lock(&self) -> MutexGuard<'_, Positions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which paths were asked for, and what has become of them, by their place in the input.
#[derive(Default)]
struct Positions {
    begun: u64,
    given: u64,
    waiting: HashMap<Key, VecDeque<u64>>,
    done: BTreeMap<u64, Result<Path>>,
}

impl Positions {
    /// Takes the next place, and gives the key to delete; an error of the input keeps its place.
    fn begin(&mut self, location: Result<Path>) -> Option<Key> {
        let position = self.begun;
        self.begun += 1;
        match location {
            Ok(location) => {
                let key = convert::key(&location);
                self.waiting.entry(key.clone()).or_default().push_back(position);
                Some(key)
            }
            Err(error) => {
                self.done.insert(position, Err(error));
                None
            }
        }
    }

    fn finish(&mut self, DeleteResult { key, result }: DeleteResult) {
        let Some(positions) = self.waiting.get_mut(&key) else { return };
        let Some(position) = positions.pop_front() else { return };
        if positions.is_empty() {
            self.waiting.remove(&key);
        }
        // It was a path when it was begun.
        let Some(location) = convert::path(key.as_str()) else { return };
        let result = match result {
            Ok(()) => Ok(location),
            Err(error) => Err(to_theirs(&location, error)),
        };
        self.done.insert(position, result);
    }

    /// The next result in order, if it is there; at the `end`, a path without an answer is an error.
    fn next(&mut self, end: bool) -> Option<Result<Path>> {
        let result = match self.done.remove(&self.given) {
            None if end && self.given < self.begun => Err(generic("the store said nothing of a deletion")),
            result => result?,
        };
        self.given += 1;
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(key: &str) -> DeleteResult {
        DeleteResult { key: key.into(), result: Ok(()) }
    }

    #[test]
    fn results_wait_for_those_before_them() {
        let mut positions = Positions::default();
        let paths = ["a", "b", "a"].map(|path| Ok(Path::from(path)));
        let keys: Vec<_> = paths.into_iter().filter_map(|path| positions.begin(path)).collect();
        assert_eq!(keys, ["a", "b", "a"].map(Key::from));
        assert!(positions.begin(Err(generic("input"))).is_none());
        positions.finish(done("b"));
        assert!(positions.next(false).is_none());
        positions.finish(done("a"));
        let mut next = || positions.next(false).transpose().ok().flatten().map(String::from);
        assert_eq!([next(), next(), next()], [Some("a".to_owned()), Some("b".to_owned()), None]);
        positions.finish(done("a"));
        assert_eq!(positions.next(false).and_then(Result::ok), Some(Path::from("a")));
        assert!(positions.next(false).is_some_and(|result| result.is_err()));
        assert!(positions.next(true).is_none());
    }

    #[test]
    fn a_deletion_without_an_answer_is_an_error() {
        let mut positions = Positions::default();
        positions.begin(Ok(Path::from("a")));
        assert!(positions.next(true).is_some_and(|result| result.is_err()));
        assert!(positions.next(true).is_none());
    }
}
