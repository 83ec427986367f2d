//! The only place that writes: results to standard output, messages to standard error.
//! A closed pipe is no error: what reads us has read enough.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rangeway::{Error, ErrorKind, StoreUri};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use crate::work::Work;
use crate::{location, text};

/// Results that are gathered before they are written, in bytes.
const BUFFER: usize = 64 << 10;
/// Chunks that wait for standard output while the next ones are read.
const WAITING_CHUNKS: usize = 4;

/// Why a command ends before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Nobody reads our output any more.
    Closed,
    /// It failed.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::Failed(Error::new(ErrorKind::Io, "cannot write to standard output").with_source(error))
        }
    }
}

/// For work that goes on though nobody reads about it any more.
pub(crate) fn unless_closed(result: Result<(), Stop>) -> Result<(), Stop> {
    match result {
        Err(Stop::Closed) => Ok(()),
        other => other,
    }
}

/// What a store did, for other programs.
#[derive(Serialize)]
struct Stats {
    place: String,
    seconds: f64,
    #[serde(flatten)]
    work: Work,
}

/// Where results and messages go.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts about two streams")]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    results_on_terminal: bool,
    messages_on_terminal: bool,
    results: Mutex<BufWriter<Stdout>>,
    bar: Mutex<Option<indicatif::ProgressBar>>,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self {
            json,
            quiet,
            results_on_terminal: io::stdout().is_terminal(),
            messages_on_terminal: io::stderr().is_terminal(),
            results: Mutex::new(BufWriter::with_capacity(BUFFER, io::stdout())),
            bar: Mutex::default(),
        }
    }

    /// Whether results are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether only errors are wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether a progress bar can be seen, and does not get between results that go elsewhere.
    pub(crate) fn has_room_for_progress(&self) -> bool {
        self.messages_on_terminal && !self.json && !self.quiet
    }

    /// Writes one line of results; it may stay in the buffer until [`flush`](Self::flush).
    pub(crate) fn line(&self, line: &str) -> Result<(), Stop> {
        self.above_bar(|| writeln!(self.results(), "{line}"))?;
        Ok(())
    }

    /// Writes one line of results that says what goes on, at once; none where results are JSON.
    pub(crate) fn progress_line(&self, line: &str) -> Result<(), Stop> {
        if self.json || self.quiet {
            return Ok(());
        }
        self.line(line)?;
        self.flush()
    }

    /// Writes one result as JSON.
    pub(crate) fn record(&self, record: &impl Serialize) -> Result<(), Stop> {
        let json = serde_json::to_string(record).map_err(|error| {
            Error::new(ErrorKind::Io, "cannot write the result as JSON").with_source(error)
        })?;
        self.line(&json)
    }

    /// Writes out what is in the buffer.
    pub(crate) fn flush(&self) -> Result<(), Stop> {
        self.above_bar(|| self.results().flush())?;
        Ok(())
    }

    /// A name as it is shown among results: on a terminal no character of it moves the cursor or changes colours.
    pub(crate) fn name(&self, name: &str) -> String {
        if self.results_on_terminal { escaped(name) } else { name.to_owned() }
    }

    /// Tells the user something that is neither result nor error.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            let json = || serde_json::json!({ "note": text }).to_string();
            self.message(&if self.json { json() } else { escaped(text) });
        }
    }

    /// Sums up in words what the results say too.
    pub(crate) fn summary(&self, text: &str) {
        if !self.json {
            self.note(text);
        }
    }

    /// Tells what the store of `place` has done in a time.
    pub(crate) fn work(&self, place: &StoreUri, work: Work, time: Duration) {
        if self.json {
            let stats = Stats { place: location::shown(place), seconds: time.as_secs_f64(), work };
            self.message(&serde_json::json!({ "stats": stats }).to_string());
            return;
        }
        let moved = |verb, bytes| match bytes {
            0 => String::new(),
            _ => format!("{verb} {} at {}; ", text::bytes(bytes), text::rate(bytes, time)),
        };
        let (read, written) = (moved("read", work.bytes_read), moved("written", work.bytes_written));
        let (requests, memory) = (work.requests_in_words(), work.memory_in_words());
        self.note(&format!("{}: {read}{written}{requests}; {memory}", location::shown(place)));
    }

    /// Warns the user.
    pub(crate) fn warn(&self, text: &str) {
        self.note(&format!("warning: {text}"));
    }

    /// Says what went wrong, why, and what to do next.
    pub(crate) fn error(&self, error: &Error) {
        self.message(&if self.json { json(error) } else { described(error) });
    }

    /// Messages never fail: there is nowhere to say so.
    fn message(&self, text: &str) {
        let _ = self.above_bar(|| {
            // Results stay in order with the messages about them, unless a write of theirs is stuck.
            if let Ok(mut results) = self.results.try_lock() {
                let _ = results.flush();
            }
            writeln!(io::stderr().lock(), "{text}")
        });
    }

    /// Standard output for bytes instead of lines.
    pub(crate) fn bytes(&self) -> Result<ByteSink, Stop> {
        self.flush()?;
        ByteSink::start()
    }

    /// Keeps the bar below everything else that is written.
    pub(crate) fn set_bar(&self, bar: Option<indicatif::ProgressBar>) {
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = bar;
    }

    fn above_bar<T>(&self, write: impl FnOnce() -> T) -> T {
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn results(&self) -> MutexGuard<'_, BufWriter<Stdout>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes chunks to standard output on a thread of its own, so that a slow reader blocks nothing else.
#[derive(Debug)]
pub(crate) struct ByteSink {
    chunks: mpsc::Sender<Bytes>,
    /// How writing ended; `None` once that has been told.
    written: Option<oneshot::Receiver<io::Result<()>>>,
}

impl ByteSink {
    fn start() -> Result<Self, Stop> {
        let (chunks, mut incoming) = mpsc::channel::<Bytes>(WAITING_CHUNKS);
        let (done, written) = oneshot::channel();
        // Not tokio's blocking pool: a write that never returns must not hold up the end of the program.
        std::thread::Builder::new().name("stdout".to_owned()).spawn(move || {
            let mut stdout = io::stdout().lock();
            let mut write = || {
                while let Some(chunk) = incoming.blocking_recv() {
                    stdout.write_all(&chunk)?;
                }
                stdout.flush()
            };
            let result = write();
            drop(incoming);
            // Nobody waits for the answer when the program is ending already.
            let _ = done.send(result);
        })?;
        Ok(Self { chunks, written: Some(written) })
    }

    /// Hands over the next bytes; waits while enough of them are on their way.
    pub(crate) async fn write(&mut self, chunk: Bytes) -> Result<(), Stop> {
        if self.chunks.send(chunk).await.is_ok() {
            return Ok(());
        }
        Err(outcome(self.written.take()).await.err().unwrap_or(Stop::Closed))
    }

    /// Waits until everything is written; what [`write`](Self::write) has told already is not told again.
    pub(crate) async fn finish(self) -> Result<(), Stop> {
        let Self { chunks, written } = self;
        drop(chunks);
        outcome(written).await
    }
}

async fn outcome(written: Option<oneshot::Receiver<io::Result<()>>>) -> Result<(), Stop> {
    let Some(written) = written else { return Ok(()) };
    match written.await {
        Ok(result) => Ok(result?),
        Err(_) => {
            Err(Error::new(ErrorKind::Io, "the thread that writes to standard output has ended").into())
        }
    }
}

/// An error, its causes and its hint, as lines.
fn described(error: &Error) -> String {
    let mut text = format!("error: {}", escaped(&error.to_string()));
    let mut cause = error.source();
    while let Some(source) = cause {
        // Writing to a string never fails.
        let _ = write!(text, "\n  because: {}", escaped(&source.to_string()));
        cause = source.source();
    }
    if let Some(hint) = error.hint() {
        let _ = write!(text, "\nhint: {}", escaped(hint));
    }
    text
}

/// The same for other programs, in one line.
fn json(error: &Error) -> String {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(source) = cause {
        causes.push(source.to_string());
        cause = source.source();
    }
    let error = serde_json::json!({
        "kind": error.kind().as_str(),
        "message": error.to_string(),
        "causes": causes,
        "hint": error.hint(),
    });
    serde_json::json!({ "error": error }).to_string()
}

/// Replaces control characters by their escapes.
pub(crate) fn escaped(text: &str) -> String {
    let is_plain = |c: char| !c.is_control();
    text.chars().fold(String::with_capacity(text.len()), |mut line, c| {
        if is_plain(c) {
            line.push(c);
        } else {
            line.extend(c.escape_default());
        }
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_why_and_what_next() {
        let error = Error::io("opening it", io::Error::other("disk on fire"))
            .with_uri("file:///x")
            .with_hint("call the fire brigade");
        let expected = "\
error: file:///x: i/o error: opening it
  because: disk on fire
hint: call the fire brigade";
        assert_eq!(described(&error), expected);
        let expected = serde_json::json!({ "error": {
            "kind": "i/o error",
            "message": "file:///x: i/o error: opening it",
            "causes": ["disk on fire"],
            "hint": "call the fire brigade",
        } });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json(&error)).ok(), Some(expected));
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(escaped("a b/\u{1f980}"), "a b/\u{1f980}");
        assert_eq!(escaped("a\n\x1b[31mb\u{9b}"), "a\\n\\u{1b}[31mb\\u{9b}");
    }

    #[test]
    fn only_a_broken_pipe_is_silent() {
        assert!(matches!(Stop::from(io::Error::from(io::ErrorKind::BrokenPipe)), Stop::Closed));
        assert!(matches!(Stop::from(io::Error::from(io::ErrorKind::StorageFull)), Stop::Failed(_)));
    }
}
