//! `Hedges`: races late requests against a second one, and sees to it that few are sent.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::{BoxFuture, Either, select};
use rangeway_core::Result;
use tokio::time::{Instant, timeout};

/// The part of a hedge that each request pays for: one request in twenty may be raced.
const SHARE: f64 = 0.05;

/// What is saved up while nothing is late. A single read of many parts may meet several that are late at once.
const MOST: f64 = 16.0;

/// The right to race requests, earned by requests.
#[derive(Debug)]
pub(crate) struct Hedges(Mutex<f64>);

impl Hedges {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(MOST))
    }

    /// A request was sent that is no hedge.
    pub(crate) fn earn(&self) {
        let mut credit = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *credit = (*credit + SHARE).min(MOST);
    }

    /// Takes the right to send one hedge, if there is one.
    pub(crate) fn spend(&self) -> bool {
        let mut credit = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = *credit >= 1.0;
        if enough {
            *credit -= 1.0;
        }
        enough
    }
}

/// How a race ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Winner<A, B> {
    /// The request itself, with what it brought.
    First(A),
    /// The one that raced it.
    Second(B),
}

/// Awaits `first`; when it is late and `race` gives a second future, whichever succeeds first wins. The loser is
/// dropped.
///
/// # Errors
/// That of `first`, when no second one succeeds either.
pub(crate) async fn race<'a, A, B>(
    mut first: Pin<&mut impl Future<Output = Result<A>>>,
    late: Option<Duration>,
    // Boxed, since it is rare: the future of every read would have room for it otherwise.
    race: impl FnOnce() -> Option<BoxFuture<'a, Result<B>>>,
) -> Result<Winner<A, B>> {
    if let Some(late) = late {
        if let Ok(answer) = timeout(late, first.as_mut()).await {
            return answer.map(Winner::First);
        }
        if let Some(second) = race() {
            return match select(first, second).await {
                Either::Left((Ok(answer), _)) => Ok(Winner::First(answer)),
                Either::Left((Err(error), _)) if !error.is_retryable() => Err(error),
                Either::Left((Err(error), second)) => second.await.map(Winner::Second).map_err(|_| error),
                Either::Right((Ok(answer), _)) => Ok(Winner::Second(answer)),
                Either::Right((Err(_), first)) => first.await.map(Winner::First),
            };
        }
    }
    first.await.map(Winner::First)
}

/// Awaits `future` and says how long that took.
pub(crate) async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    let output = future.await;
    (output, begun.elapsed())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::FutureExt;
    use rangeway_core::{Error, ErrorKind};
    use tokio::time::sleep;

    use super::*;

    const LATE: Duration = Duration::from_millis(50);

    async fn after(milliseconds: u64, answer: Result<u32, ErrorKind>) -> Result<u32> {
        sleep(Duration::from_millis(milliseconds)).await;
        answer.map_err(|kind| Error::new(kind, "as told"))
    }

    async fn raced(
        first: (u64, Result<u32, ErrorKind>),
        second: (u64, Result<u32, ErrorKind>),
    ) -> Result<Winner<u32, u32>, ErrorKind> {
        let second = || Some(after(second.0, second.1).boxed());
        race(pin!(after(first.0, first.1)), Some(LATE), second).await.map_err(|error| error.kind())
    }

    #[tokio::test(start_paused = true)]
    async fn races_row_by_row() {
        let (service, gone) = (Err(ErrorKind::Service), Err(ErrorKind::NotFound));
        for (first, second, expected) in [
            ((20, Ok(1)), (0, Ok(2)), Ok(Winner::First(1))),
            ((60, Ok(1)), (20, Ok(2)), Ok(Winner::First(1))),
            ((2000, Ok(1)), (20, Ok(2)), Ok(Winner::Second(2))),
            ((2000, Ok(1)), (20, service), Ok(Winner::First(1))),
            ((60, service), (100, Ok(2)), Ok(Winner::Second(2))),
            ((60, gone), (100, Ok(2)), Err(ErrorKind::NotFound)),
            ((60, service), (100, gone), Err(ErrorKind::Service)),
            ((20, service), (0, Ok(2)), Err(ErrorKind::Service)),
        ] {
            assert_eq!(raced(first, second).await, expected, "{first:?} {second:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_the_right_to_race_the_first_is_awaited() -> Result<()> {
        let none = || None::<BoxFuture<'static, Result<u32>>>;
        assert_eq!(race(pin!(after(2000, Ok(1))), Some(LATE), none).await?, Winner::First(1));
        assert_eq!(race(pin!(after(2000, Ok(1))), None, none).await?, Winner::First(1));
        Ok(())
    }

    #[test]
    fn one_request_in_twenty_may_be_raced() {
        let hedges = Hedges::new();
        let mut sent = 0;
        for _ in 0..10_000 {
            hedges.earn();
            sent += u32::from(hedges.spend());
        }
        assert!((500..=516).contains(&sent), "{sent}");
    }
}
