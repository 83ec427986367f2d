//! Many jobs at once, but not too many, and none of them left behind.

use std::pin::pin;
use std::sync::Arc;

use futures::stream::{Stream, StreamExt};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::output::Stop;

/// Runs the jobs that `jobs` yields, up to `limit` at a time, and hands each outcome to `done` as it comes.
///
/// The stream is asked for the next job only when there is room for it: an endless stream needs constant memory.
/// Each job holds one of `permits` until it has ended, so that whoever has them all knows that no job is left, also
/// after this future was dropped.
///
/// # Errors
/// The first error of `done`; jobs under way are dropped.
pub(crate) async fn run<F>(
    permits: &Arc<Semaphore>,
    limit: usize,
    jobs: impl Stream<Item = F>,
    mut done: impl FnMut(F::Output) -> Result<(), Stop>,
) -> Result<(), Stop>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let mut jobs = pin!(jobs.fuse());
    let mut running = JoinSet::new();
    let mut ended = false;
    loop {
        tokio::select! {
            biased;
            Some(joined) = running.join_next() => match joined {
                Ok(outcome) => done(outcome)?,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // Only the end of the runtime cancels a job of a set that is still there.
                    Err(_) => return Ok(()),
                },
            },
            job = jobs.next(), if !ended && running.len() < limit => match job {
                Some(job) => {
                    let permit = Arc::clone(permits).acquire_owned().await;
                    running.spawn(async move {
                        let _permit = permit;
                        job.await
                    });
                }
                None => ended = true,
            },
            else => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn all_run_and_never_too_many() {
        let running = Arc::new(AtomicUsize::new(0));
        let peak = Arc::new(AtomicUsize::new(0));
        let jobs = stream::iter(0..100).map(|i| {
            let (running, peak) = (Arc::clone(&running), Arc::clone(&peak));
            async move {
                peak.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::SeqCst);
                i
            }
        });
        let mut seen = Vec::new();
        let permits = Arc::new(Semaphore::new(1000));
        let result = run(&permits, 7, jobs, |i| {
            seen.push(i);
            Ok(())
        });
        assert!(result.await.is_ok());
        seen.sort_unstable();
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
        assert!((2..=7).contains(&peak.load(Ordering::SeqCst)), "{peak:?}");
    }

    #[tokio::test]
    async fn permits_come_back_when_the_run_is_dropped() {
        let permits = Arc::new(Semaphore::new(3));
        let never = stream::repeat(()).map(|()| std::future::pending::<()>());
        let run = run(&permits, 2, never, |()| Ok(()));
        tokio::select! {
            _ = run => panic!("never ends"),
            () = async { while permits.available_permits() > 1 { tokio::task::yield_now().await } } => {}
        }
        assert!(permits.acquire_many(3).await.is_ok());
    }

    #[tokio::test]
    async fn the_first_refusal_ends_the_run() {
        let permits = Arc::new(Semaphore::new(1000));
        let jobs = stream::repeat(()).map(|()| std::future::ready(()));
        assert!(matches!(run(&permits, 2, jobs, |()| Err(Stop::Closed)).await, Err(Stop::Closed)));
    }
}
