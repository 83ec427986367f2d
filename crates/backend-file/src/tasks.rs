//! Work off the async threads, counted, so that a store can wait for what outlives the future that began it.

use std::panic::resume_unwind;
use std::sync::Arc;

use rangeway_core::{Error, ErrorKind, Result};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

/// The blocking work of one store. Clones count together.
#[derive(Debug, Clone)]
pub(crate) struct Tasks(Arc<watch::Sender<usize>>);

impl Tasks {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    /// Starts `work` at once; it runs to its end even if the future is dropped.
    ///
    /// # Errors
    /// Those of `work`; `Cancelled` when the runtime shuts down first.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub(crate) fn run<T, F>(&self, work: F) -> impl Future<Output = Result<T>> + Send + 'static + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T> + Send + 'static,
    {
        let running = self.start();
        // The count is part of the result: if nobody waits for the result, that is dropped before the count.
        let task = spawn_blocking(move || (work(), running));
        async move {
            match task.await {
                Ok((result, _running)) => result,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    Err(_) => Err(Error::new(ErrorKind::Cancelled, "the runtime is shutting down")),
                },
            }
        }
    }

    /// Starts `work` that nobody waits for; without a runtime it is done here.
    pub(crate) fn detach(&self, work: impl FnOnce() + Send + 'static) {
        let running = self.start();
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || {
                work();
                drop(running);
            })),
            Err(_) => work(),
        }
    }

    /// Waits until no work is left.
    pub(crate) async fn idle(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }

    fn start(&self) -> Running {
        self.0.send_modify(|count| *count += 1);
        Running(Arc::clone(&self.0))
    }
}

/// One piece of work, until it is dropped.
struct Running(Arc<watch::Sender<usize>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn idle_waits_for_work_whose_future_was_dropped() {
        let tasks = Tasks::new();
        let (go, wait) = mpsc::channel::<()>();
        let done = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&done);
        drop(tasks.run(move || {
            let _ = wait.recv();
            flag.store(true, Ordering::SeqCst);
            Ok(())
        }));
        let idle = tokio::spawn({
            let tasks = tasks.clone();
            async move { tasks.idle().await }
        });
        tokio::task::yield_now().await;
        assert!(!idle.is_finished());
        drop(go);
        idle.await.expect("waits");
        assert!(done.load(Ordering::SeqCst));
    }

    #[test]
    fn detached_work_is_done_without_a_runtime() {
        let done = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&done);
        Tasks::new().detach(move || flag.store(true, Ordering::SeqCst));
        assert!(done.load(Ordering::SeqCst));
    }
}
