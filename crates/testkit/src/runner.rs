//! What keeps a server running until it is dropped: a thread with a runtime of its own, or a task on a given one.

use std::io;
use std::num::NonZeroUsize;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// How long a stopping server waits for file operations that cannot be interrupted.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// A server that runs until this is dropped.
#[derive(Debug)]
pub(crate) enum Runner {
    /// On a thread with a runtime of its own.
    Own { stop: Option<oneshot::Sender<()>>, thread: Option<JoinHandle<()>> },
    /// On somebody else's runtime.
    Task(AbortHandle),
}

impl Runner {
    pub(crate) fn own<F>(server: F, threads: NonZeroUsize) -> io::Result<Self>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads.get())
            .thread_name("test-server")
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("test-server".into()).spawn(move || {
            let task = runtime.spawn(server);
            // An error means that the sender is gone: time to stop as well.
            let _ = runtime.block_on(stopped);
            task.abort();
            runtime.shutdown_timeout(SHUTDOWN);
        })?;
        Ok(Self::Own { stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn on<F>(server: F, runtime: &Handle) -> Self
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        Self::Task(runtime.spawn(server).abort_handle())
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        match self {
            Self::Own { stop, thread } => {
                drop(stop.take());
                if let Some(thread) = thread.take() {
                    let _ = thread.join();
                }
            }
            Self::Task(task) => task.abort(),
        }
    }
}
