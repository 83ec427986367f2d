//! `PacingServer`: an S3 look-alike that costs next to nothing, so that the client is what is measured, and that keeps
//! the pace it is told.

mod answer;
mod connection;
mod counts;
mod object;
mod options;
mod pace;
mod pattern;
mod request;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustls::ServerConfig;

use crate::tls;
use connection::Connection;
use counts::{Tally, add};
use pace::{Bucket, Dice, Fate, RequestLimit};

pub use counts::{Admissions, PacingCounts};
pub use options::PacingServerOptions;
pub use pattern::Pattern;

/// A wait after a failed accept, which mostly means that there are no file descriptors left for now.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(20);
/// Enough for TLS in a build without optimisation, small enough for a thousand connections.
const STACK: usize = 512 << 10;

/// An S3 server for measurements. It stops when it is dropped.
///
/// Every object is there already: the first segment of its key says how large it is, as in `/bucket/1GiB/any/name`,
/// `/bucket/64KiB/00017` and `/bucket/4096/x`, and [`Pattern`] says what is in it. What is written is read and
/// dropped. There is a thread for each connection; bodies go out from one block of memory, and on Linux what comes in
/// is dropped without a copy. Signatures are not checked.
///
/// ```
/// use std::time::Duration;
/// use rangeway_testkit::PacingServerOptions;
///
/// let server = PacingServerOptions::new()
///     .first_byte(Duration::from_millis(30))
///     .per_connection(90_000_000)
///     .total(800_000_000)
///     .start()?;
/// // ... a client reads /bucket/4GiB/x ...
/// assert_eq!(server.counts().slow_downs, 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct PacingServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    ca_pem: Option<String>,
    acceptor: Option<JoinHandle<()>>,
}

/// What connections share.
#[derive(Debug)]
struct Shared {
    options: PacingServerOptions,
    /// How many bytes go at once; `None` when nothing paces or limits them.
    portion: Option<u64>,
    tls: Option<Arc<ServerConfig>>,
    pattern: Pattern,
    tally: Tally,
    in_flight: AtomicUsize,
    request_limit: Option<Mutex<RequestLimit>>,
    total: Option<Mutex<Bucket>>,
    dice: Mutex<Dice>,
    is_stopped: AtomicBool,
}

impl PacingServer {
    /// Starts a server without any pace on a free loopback port.
    ///
    /// # Errors
    /// When the port cannot be had.
    pub fn start() -> io::Result<Self> {
        PacingServerOptions::new().start()
    }

    fn launch(options: PacingServerOptions) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
        let address = listener.local_addr()?;
        let (ca_pem, tls) =
            if options.tls { tls::make().map(|(pem, tls)| (Some(pem), Some(tls)))? } else { (None, None) };
        let shared = Arc::new(Shared::new(options, tls));
        let of_acceptor = Arc::clone(&shared);
        let acceptor = std::thread::Builder::new()
            .name("pacing-server".into())
            .spawn(move || accept(&listener, &of_acceptor))?;
        Ok(Self { address, shared, ca_pem, acceptor: Some(acceptor) })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The endpoint's URL; its host is `localhost` with TLS and the address without.
    pub fn endpoint(&self) -> String {
        match self.ca_pem {
            Some(_) => format!("https://localhost:{}", self.address.port()),
            None => format!("http://{}", self.address),
        }
    }

    /// The certificate authority to trust, in PEM, of a server with TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// What every object consists of.
    pub fn pattern(&self) -> Pattern {
        self.shared.pattern.clone()
    }

    /// What has been asked of the server, and what it has done.
    pub fn counts(&self) -> PacingCounts {
        self.shared.tally.snapshot()
    }

    /// Starts counting anew.
    pub fn reset_counts(&self) {
        self.shared.tally.reset();
    }
}

impl Drop for PacingServer {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::SeqCst);
        // Wakes the acceptor; where that fails it is awake.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

/// A connection as its acceptor knows it.
struct Accepted {
    socket: Weak<TcpStream>,
    thread: JoinHandle<()>,
}

/// Gives each connection a thread until the server stops, and then ends them all.
fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut all: Vec<Accepted> = Vec::new();
    while !shared.is_stopped.load(Ordering::SeqCst) {
        let Ok((socket, _)) = listener.accept() else {
            std::thread::sleep(ACCEPT_BACKOFF);
            continue;
        };
        all.retain(|accepted| !accepted.thread.is_finished());
        add(&shared.tally.connections, 1);
        let socket = Arc::new(socket);
        let weak = Arc::downgrade(&socket);
        let of_connection = Arc::clone(shared);
        let spawned = std::thread::Builder::new().stack_size(STACK).spawn(move || {
            // A connection that breaks is the client's to notice.
            let _ = Connection::new(socket, &of_connection).and_then(Connection::serve);
        });
        // Without a thread the socket is closed, which the client notices too.
        all.extend(spawned.map(|thread| Accepted { socket: weak, thread }));
    }
    for accepted in &all {
        if let Some(socket) = accepted.socket.upgrade() {
            let _ = socket.shutdown(std::net::Shutdown::Both);
        }
        accepted.thread.thread().unpark();
    }
    for accepted in all {
        let _ = accepted.thread.join();
    }
}

impl Shared {
    fn new(options: PacingServerOptions, tls: Option<Arc<ServerConfig>>) -> Self {
        let rates = [options.per_connection, options.total];
        let is_paced = options.in_flight.is_some() || rates.iter().any(Option::is_some);
        Self {
            portion: is_paced.then(|| pace::portion(rates.into_iter().flatten())),
            tls,
            pattern: Pattern::new(),
            tally: Tally::default(),
            in_flight: AtomicUsize::new(0),
            request_limit: options.requests_per_second.map(|limit| Mutex::new(RequestLimit::new(limit))),
            total: options.total.map(|rate| Mutex::new(Bucket::new(rate))),
            dice: Mutex::new(Dice::new(options.seed)),
            is_stopped: AtomicBool::new(false),
            options,
        }
    }

    /// Whether a request that has just arrived is within the limits; if so it is in flight.
    fn admit(&self) -> bool {
        let before = self.in_flight.fetch_add(1, Ordering::AcqRel);
        let limits = (self.options.in_flight, &self.request_limit);
        if let (None, None) = limits {
            return true;
        }
        let now = Instant::now();
        let is_within = limits.0.is_none_or(|limit| before < limit)
            && limits
                .1
                .as_ref()
                .is_none_or(|limit| limit.lock().unwrap_or_else(PoisonError::into_inner).admits(now));
        if !is_within {
            self.in_flight.fetch_sub(1, Ordering::AcqRel);
        }
        self.tally.decided(is_within, now);
        is_within
    }

    /// Waits as long as this answer's first byte takes.
    fn wait_for_first_byte(&self) -> io::Result<()> {
        let (share, late) = self.options.tail;
        let is_late = share > 0.0 && self.dice.lock().unwrap_or_else(PoisonError::into_inner).hits(share);
        let wait = if is_late { late } else { self.options.first_byte };
        if is_late {
            add(&self.tally.late_first_bytes, 1);
        }
        if wait.is_zero() { Ok(()) } else { self.wait_until(Instant::now() + wait) }
    }

    /// Waits until `amount` bytes have passed the link that all connections share.
    fn wait_for_total(&self, amount: u64) -> io::Result<()> {
        let Some(total) = &self.total else { return Ok(()) };
        let end = total.lock().unwrap_or_else(PoisonError::into_inner).take(amount, Instant::now());
        self.wait_until(end)
    }

    /// What befalls the body of an object of which `length` bytes are asked for.
    fn fate(&self, length: u64) -> Fate {
        let (resets, stalls) = (self.options.resets, self.options.stalls);
        if resets + stalls <= 0.0 {
            return Fate::Whole;
        }
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).fate(length, resets, stalls)
    }

    /// Sleeps; an error when the server stops meanwhile.
    fn wait_until(&self, end: Instant) -> io::Result<()> {
        loop {
            if self.is_stopped.load(Ordering::SeqCst) {
                return Err(io::Error::other("the server stops"));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::park_timeout(left);
        }
    }
}
