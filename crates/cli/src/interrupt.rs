//! SIGINT and SIGTERM, and the time that is left for cleaning up.

use std::time::Duration;

use rangeway::{Error, ErrorKind, Result};

use crate::output::Output;

/// How long cleaning up may take: an abort of an upload is one request, and its retries have to end some time.
const LIMIT: Duration = Duration::from_secs(10);

/// The signals that ask the program to end.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// Takes the signals over: from here on they end nothing by themselves.
    #[cfg(unix)]
    pub(crate) fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Error::new(ErrorKind::Io, "cannot listen for signals").with_source(error))
        };
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    /// Waits for the next one.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {})
    }

    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

/// Waits for `cleaned`, but not for ever and not against the user's will.
pub(crate) async fn clean_up(signals: &mut Signals, output: &Output, cleaned: impl Future<Output = ()>) {
    let unfinished = "temporary files or open multipart uploads may be left behind";
    tokio::select! {
        ended = tokio::time::timeout(LIMIT, cleaned) => {
            if ended.is_err() {
                output.warn(&format!("cleaning up took more than {LIMIT:?}: {unfinished}"));
            }
        }
        () = signals.next() => output.warn(unfinished),
    }
}
