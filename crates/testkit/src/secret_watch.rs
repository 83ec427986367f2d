//! `SecretWatch`: notes what a client logs and shows, and finds secrets in it.

use std::error::Error as StdError;
use std::fmt::Debug;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rangeway_core::Error;
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;

#[cfg(feature = "fault-server")]
mod work;

/// Notes what a client shows: all that its thread logs, and what is noted by hand.
///
/// ```
/// use rangeway_core::Settings;
/// use rangeway_testkit::SecretWatch;
///
/// let watch = SecretWatch::new(["hunter2"]);
/// let settings = Settings::default().set("secret-access-key", "hunter2");
/// watch.note(&settings);
/// watch.assert_no_secret();
/// ```
#[derive(Debug)]
pub struct SecretWatch {
    secrets: Vec<String>,
    seen: Seen,
    _logging: DefaultGuard,
    _second: Dispatch,
}

impl SecretWatch {
    /// Notes from now on what this thread logs, at every level.
    ///
    /// What others log in its stead is missed: run the client on a runtime of one thread.
    pub fn new<Secret: Into<String>>(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let seen = Seen::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(seen.clone())
            .finish();
        let secrets = secrets.into_iter().map(Into::into).collect();
        let logging = tracing::subscriber::set_default(subscriber);
        // While there is one subscriber only, an event that another thread comes to first is taken for unwanted for good.
        let second = Dispatch::new(NoSubscriber::new());
        Self { secrets, seen, _logging: logging, _second: second }
    }

    /// Notes the `Debug` output of something.
    pub fn note(&self, thing: &(impl Debug + ?Sized)) {
        self.seen.push(&format!("{thing:?}\n{thing:#?}\n"));
    }

    /// Notes an error with all that it says, and its causes.
    pub fn note_error(&self, error: &Error) {
        self.note(error);
        self.seen.push(&format!("{error}\n{:?}\n{:?}\n", error.uri(), error.hint()));
        let mut cause = error.source();
        while let Some(error) = cause {
            self.note(error);
            self.seen.push(&format!("{error}\n"));
            cause = error.source();
        }
    }

    /// Notes the outcome of an operation.
    pub fn note_result<T: Debug>(&self, result: &rangeway_core::Result<T>) {
        match result {
            Ok(value) => self.note(value),
            Err(error) => self.note_error(error),
        }
    }

    /// Whether this text was seen.
    pub fn has_seen(&self, text: &str) -> bool {
        self.seen.text().contains(text)
    }

    /// Asserts that no secret was seen.
    ///
    /// # Panics
    /// When one was: with the line that has it.
    pub fn assert_no_secret(&self) {
        let text = self.seen.text();
        for secret in &self.secrets {
            let line = text.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{secret:?} is shown: {}", line.unwrap_or_default());
        }
    }
}

/// What was seen, shared with the subscriber.
#[derive(Debug, Clone, Default)]
struct Seen(Arc<Mutex<Vec<u8>>>);

impl Seen {
    fn push(&self, text: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(text.as_bytes());
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl io::Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Seen {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use rangeway_core::ErrorKind;

    use super::*;

    #[test]
    fn secrets_are_found_wherever_they_show() {
        let show: [fn(&SecretWatch); 4] = [
            |_| tracing::trace!(token = "hunter2", "sent"),
            |watch| watch.note(&Some("hunter2")),
            |watch| watch.note_error(&Error::new(ErrorKind::Connect, "no").with_hint("is it hunter2?")),
            |watch| {
                let cause = Error::invalid("inner").with_source(io::Error::other("hunter2"));
                watch.note_result::<()>(&Err(Error::invalid("outer").with_source(cause)));
            },
        ];
        for show in show {
            let watch = SecretWatch::new(["other", "hunter2"]);
            watch.assert_no_secret();
            show(&watch);
            assert!(watch.has_seen("hunter2"));
            let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| watch.assert_no_secret()));
            assert!(found.is_err());
        }
    }
}
