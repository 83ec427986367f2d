//! Races late requests against others, and sees to it (`Allowance`) that few requests are sent for a second time.

use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use rangeway_core::Result;
use tokio::time::{Instant, sleep_until, timeout};

/// A late answer is raced by so many requests at most: where one in twenty is late, one in 8000 is late thrice.
const RACERS: usize = 2;

/// The right to send some requests once more, earned by all that are sent.
#[derive(Debug)]
pub(crate) struct Allowance {
    credit: Mutex<f64>,
    /// The part of a further request that each one pays for.
    share: f64,
    /// What is saved up while none is needed.
    most: f64,
}

impl Allowance {
    /// For races: one request in twenty.
    ///
    /// Where just one in twenty is late, need and credit are equal, and what is saved up is all there is for chance: of
    /// reads of 16 parts, 2.2 % have to wait when it is 16, 1.2 % when it is 32, and 0.8 % when it is 48, of which 0.2 %
    /// do because all racers are late.
    pub(crate) fn of_races() -> Self {
        Self::new(0.05, 48.0)
    }

    /// For bodies that are left: one request in fifty, twice as many as stand still on a network that is called bad.
    pub(crate) fn of_departures() -> Self {
        Self::new(0.02, 16.0)
    }

    fn new(share: f64, most: f64) -> Self {
        Self { credit: Mutex::new(most), share, most }
    }

    /// A request was sent, whatever for.
    pub(crate) fn earn(&self) {
        let mut credit = self.credit.lock().unwrap_or_else(PoisonError::into_inner);
        *credit = (*credit + self.share).min(self.most);
    }

    /// Takes the right to send one more, if there is one.
    pub(crate) fn spend(&self) -> bool {
        let mut credit = self.credit.lock().unwrap_or_else(PoisonError::into_inner);
        let enough = *credit >= 1.0;
        if enough {
            *credit -= 1.0;
        }
        enough
    }
}

/// Awaits `first`; each time that another `late` has passed, `place` is awaited and `second` may give one more future.
/// Whichever succeeds first wins, and the others are dropped.
///
/// # Errors
/// That of `first`, when no other one succeeds either. None begins once it has failed.
pub(crate) async fn race<'a, T, P: Future>(
    first: impl Future<Output = Result<T>>,
    late: Option<Duration>,
    place: impl Fn() -> P,
    second: impl Fn(P::Output) -> Option<BoxFuture<'a, Result<T>>>,
) -> Result<T> {
    let Some(late) = late else { return first.await };
    let mut first = pin!(first);
    if let Ok(answer) = timeout(late, first.as_mut()).await {
        return answer;
    }
    // Boxed, since it is rare: the future of every request would have room for it otherwise.
    Box::pin(race_late(first, late, place, second)).await
}

async fn race_late<'a, T, P: Future>(
    mut first: Pin<&mut impl Future<Output = Result<T>>>,
    late: Duration,
    place: impl Fn() -> P,
    second: impl Fn(P::Output) -> Option<BoxFuture<'a, Result<T>>>,
) -> Result<T> {
    let mut racers = FuturesUnordered::new();
    let mut failed = None;
    let (mut begun, mut due) = (0, Instant::now());
    loop {
        let placed = async {
            sleep_until(due).await;
            place().await
        };
        tokio::select! {
            biased;
            answer = &mut first, if failed.is_none() => match answer {
                Err(error) if error.is_retryable() && !racers.is_empty() => failed = Some(error),
                answer => return answer,
            },
            Some(answer) = racers.next(), if !racers.is_empty() => match (answer, failed.take()) {
                (Ok(answer), _) => return Ok(answer),
                (Err(_), Some(error)) if racers.is_empty() => return Err(error),
                (Err(_), error) => failed = error,
            },
            // Whoever waits for a place holds one: nobody waits for that of another who has nothing left to wait for.
            placed = placed, if failed.is_none() && begun < RACERS => {
                let racer = second(placed);
                begun += usize::from(racer.is_some());
                racers.extend(racer);
                due = Instant::now() + late;
            }
        }
    }
}

/// Awaits `future` and says how long that took.
pub(crate) async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    let output = future.await;
    (output, begun.elapsed())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::{pending, ready};

    use futures::FutureExt;
    use rangeway_core::{Error, ErrorKind};
    use tokio::time::sleep;

    use super::*;

    const LATE: Duration = Duration::from_millis(50);

    /// When an answer comes, in milliseconds, and what it is.
    type Answer = (u64, Result<u32, ErrorKind>);

    async fn answer((milliseconds, answer): Answer) -> Result<u32> {
        sleep(Duration::from_millis(milliseconds)).await;
        answer.map_err(|kind| Error::new(kind, "as told"))
    }

    /// What came of a race of the first of these, after how many milliseconds, and how many began.
    async fn raced(answers: &[Answer]) -> (Result<u32, ErrorKind>, u128, usize) {
        let begun = Instant::now();
        let next = Cell::new(1);
        let second = |()| {
            let more = answers.get(next.get()).map(|more| answer(*more).boxed());
            next.set(next.get() + usize::from(more.is_some()));
            more
        };
        let winner = race(answer(answers[0]), Some(LATE), || ready(()), second).await;
        (winner.map_err(|error| error.kind()), begun.elapsed().as_millis(), next.get())
    }

    #[tokio::test(start_paused = true)]
    async fn races_row_by_row() {
        let (service, gone) = (Err(ErrorKind::Service), Err(ErrorKind::NotFound));
        for (answers, expected) in [
            (vec![(20, Ok(1)), (0, Ok(2))], (Ok(1), 20, 1)),
            (vec![(60, Ok(1)), (20, Ok(2))], (Ok(1), 60, 2)),
            (vec![(2000, Ok(1)), (20, Ok(2))], (Ok(2), 70, 2)),
            (vec![(2000, Ok(1)), (2000, Ok(2)), (20, Ok(3))], (Ok(3), 120, 3)),
            (vec![(2000, Ok(1)), (2000, Ok(2)), (2000, Ok(3)), (20, Ok(4))], (Ok(1), 2000, 3)),
            (vec![(2000, Ok(1)), (20, service)], (Ok(1), 2000, 2)),
            (vec![(2000, Ok(1)), (20, service), (20, Ok(3))], (Ok(3), 120, 3)),
            (vec![(60, service), (100, Ok(2))], (Ok(2), 150, 2)),
            (vec![(60, gone), (100, Ok(2))], (Err(ErrorKind::NotFound), 60, 2)),
            (vec![(60, service), (100, gone)], (Err(ErrorKind::Service), 150, 2)),
            (vec![(60, service), (100, gone), (20, Ok(3))], (Err(ErrorKind::Service), 150, 2)),
            (vec![(20, service), (0, Ok(2))], (Err(ErrorKind::Service), 20, 1)),
            (vec![(2000, Ok(1))], (Ok(1), 2000, 1)),
        ] {
            assert_eq!(raced(&answers).await, expected, "{answers:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_place_the_first_is_awaited() {
        for (first, expected) in
            [((2000, Ok(1)), Ok(1)), ((2000, Err(ErrorKind::Service)), Err(ErrorKind::Service))]
        {
            let second = |()| Some(answer((0, Ok(2))).boxed());
            let found = race(answer(first), Some(LATE), pending, second).await;
            assert_eq!(found.map_err(|error| error.kind()), expected);
            let found = race(answer(first), None, || ready(()), second).await;
            assert_eq!(found.map_err(|error| error.kind()), expected);
        }
    }

    #[test]
    fn one_request_in_twenty_may_be_raced() {
        let allowance = Allowance::of_races();
        let (mut needed, mut raced) = (0, 0);
        while needed < 10_000 {
            needed += 1;
            allowance.earn();
            while allowance.spend() {
                raced += 1;
                allowance.earn();
            }
        }
        assert!(raced <= (needed + raced) / 20 + 48, "{raced}");
    }

    /// One in twenty requests is late, those that race others too.
    #[test]
    fn chance_leaves_few_reads_without_a_race() {
        let (mut random, allowance) = (fastrand::Rng::with_seed(1), Allowance::of_races());
        let (mut reads, mut slow, mut sent, mut raced) = (0, 0, 0, 0);
        let mut answer = |is_race: bool| {
            sent += 1;
            raced += u32::from(is_race);
            allowance.earn();
            random.f64() >= 0.05
        };
        while reads < 100_000 {
            let answered = |_| answer(false) || (0..RACERS).any(|_| allowance.spend() && answer(true));
            let parts = (0..16).map(answered).filter(|is_fast| !is_fast);
            slow += u32::from(parts.count() > 0);
            reads += 1;
        }
        assert!(f64::from(raced) / f64::from(sent) <= 0.05 + 1e-4, "{raced} of {sent}");
        assert!(f64::from(slow) / f64::from(reads) < 0.01, "{slow} of {reads}");
    }
}
