//! SIGINT, SIGTERM and SIGHUP, and the time that is left for cleaning up.

use std::time::Duration;

use rangeway::Result;
#[cfg(unix)]
use rangeway::{Error, ErrorKind};
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit_code::ExitCode;
use crate::output::Output;

/// How long cleaning up may take: an abort of an upload is one request, and its retries have to end some time.
const LIMIT: Duration = Duration::from_secs(10);

/// The signals that ask the program to end.
#[derive(Debug)]
#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` where the program is to outlive its terminal, and once it cleans up.
    hangup: Option<Signal>,
    /// Whoever listens is not ended by a file that is larger than `ulimit -f` allows: the write of it fails instead.
    _file_size: Signal,
}

#[cfg(unix)]
impl Signals {
    /// Takes the signals over: from here on they end nothing by themselves.
    pub(crate) fn new() -> Result<Self> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Error::new(ErrorKind::Io, "cannot listen for signals").with_source(error))
        };
        let file_size = SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: if heeds_hangup() { Some(listen(SignalKind::hangup())?) } else { None },
            _file_size: listen(file_size)?,
        })
    }

    /// Waits for the next one that ends the program, and says how it ends then.
    pub(crate) async fn next(&mut self) -> ExitCode {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => ExitCode::Interrupted,
            _ = self.terminate.recv() => ExitCode::Interrupted,
            _ = hangup => ExitCode::HungUp,
        }
    }

    /// From here on the end of the terminal means nothing.
    fn forget_hangup(&mut self) {
        self.hangup = None;
    }
}

/// Whether the end of the terminal ends the program: not so under `nohup`, which has the signal ignored. Where that
/// cannot be known it is left as it is.
#[cfg(unix)]
fn heeds_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored_signals(&status).is_some_and(|ignored| ignored & 1 == 0)
}

/// The signals that a process ignores, the one of number 1 in the lowest bit.
///
/// Source: `SigIgn` in <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>.
#[cfg(unix)]
fn ignored_signals(status: &str) -> Option<u64> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

/// The signals that ask the program to end.
#[derive(Debug)]
#[cfg(not(unix))]
pub(crate) struct Signals {}

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {})
    }

    pub(crate) async fn next(&mut self) -> ExitCode {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        ExitCode::Interrupted
    }

    fn forget_hangup(&mut self) {}
}

/// Waits for `cleaned`, but not for ever and not against the user's will.
pub(crate) async fn clean_up(signals: &mut Signals, output: &Output, cleaned: impl Future<Output = ()>) {
    let unfinished = "temporary files or open multipart uploads may be left behind";
    // A terminal that goes sends its signal twice, by the kernel and by the shell: the second is no further wish.
    signals.forget_hangup();
    tokio::select! {
        ended = tokio::time::timeout(LIMIT, cleaned) => {
            if ended.is_err() {
                output.warn(&format!("cleaning up took more than {LIMIT:?}: {unfinished}"));
            }
        }
        _ = signals.next() => output.warn(unfinished),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_row_by_row() {
        for (status, ignored) in [
            ("Name:\tx\nSigIgn:\t0000000000000001\nSigCgt:\t0000000000000000\n", Some(1)),
            ("SigIgn:\t0000000001001000\n", Some(0x0100_1000)),
            ("SigIgn:\tnone\n", None),
            ("", None),
        ] {
            assert_eq!(ignored_signals(status), ignored, "{status:?}");
        }
    }
}
