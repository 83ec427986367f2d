//! `FaultServer`: one bucket in memory on loopback, honest S3 or Google Cloud Storage but for the faults of a script.

mod answer;
mod azure;
mod bucket;
mod checksum;
mod conditions;
mod connection;
mod dialect;
mod fault;
mod gcs;
mod list;
mod object;
mod range;
mod request;
mod script;
mod service;
mod upload;
mod xml;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::runtime::Handle;

use crate::request_kind::{Counters, RequestCounts, RequestKind};
use crate::runner::Runner;
use bucket::Bucket;
use dialect::Dialect;
use script::Script;

pub use answer::Ending;
pub use fault::Fault;
pub use request::SeenRequest;
pub use script::{Matcher, Rule};

/// What connections share.
#[derive(Debug)]
struct Shared {
    dialect: Dialect,
    bucket: Mutex<Bucket>,
    script: Script,
    log: Mutex<Vec<SeenRequest>>,
    counters: Counters,
}

impl Shared {
    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A scripted server. It stops when it is dropped.
///
/// Without a script it does what S3 does with one bucket, conditional reads and writes and URL-encoded listings
/// included; signatures are not checked. [`start_gcs`](Self::start_gcs) starts one that does what Google Cloud Storage
/// does, with both of its APIs. Every request is logged.
///
/// ```
/// use rangeway_testkit::{Fault, FaultServer, Matcher, RequestKind};
///
/// let server = FaultServer::start("data")?;
/// server.put_object("k", "hello");
/// let busy = server.on(Matcher::get().key("k"), Fault::slow_down(Some(1))).times(2);
/// // ... a client reads k ...
/// assert_eq!(busy.hits(), server.counts().of(RequestKind::GetObject));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct FaultServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _runner: Runner,
}

impl FaultServer {
    /// Starts a server with an empty bucket of that name on a free loopback port, on a thread of its own.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(bucket: &str) -> io::Result<Self> {
        Self::own(Dialect::S3, bucket)
    }

    /// The same as Google Cloud Storage, in a bucket that keeps what is replaced or deleted.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_gcs(bucket: &str) -> io::Result<Self> {
        Self::own(Dialect::Gcs, bucket)
    }

    /// The same as Azure Blob Storage.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_azure(container: &str) -> io::Result<Self> {
        Self::own(Dialect::Azure, container)
    }

    fn own(dialect: Dialect, bucket: &str) -> io::Result<Self> {
        Self::launch(dialect, bucket, |listener, shared| {
            Runner::own(connection::run(listener, shared), NonZeroUsize::MIN)
        })
    }

    /// The same on a runtime that is there already.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_on(bucket: &str, runtime: &Handle) -> io::Result<Self> {
        Self::launch(Dialect::S3, bucket, |listener, shared| {
            Ok(Runner::on(connection::run(listener, shared), runtime))
        })
    }

    fn launch(
        dialect: Dialect,
        bucket: &str,
        run: impl FnOnce(TcpListener, Arc<Shared>) -> io::Result<Runner>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            dialect,
            bucket: Mutex::new(dialect.bucket(bucket)),
            script: Script::default(),
            log: Mutex::default(),
            counters: Counters::default(),
        });
        let runner = run(listener, Arc::clone(&shared))?;
        Ok(Self { address, shared, _runner: runner })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The endpoint's URL.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The environment variables, as AWS and Google name them, that lead a client to this server.
    pub fn environment(&self) -> Vec<(String, String)> {
        self.shared.dialect.environment(self.endpoint())
    }

    /// Adds a fault to the script: it strikes every matching request until the rule says otherwise.
    pub fn on(&self, matcher: Matcher, fault: Fault) -> Rule {
        self.shared.script.add(matcher, fault)
    }

    /// Forgets the script.
    pub fn behave(&self) {
        self.shared.script.clear();
    }

    /// Writes an object without a request.
    pub fn put_object(&self, key: &str, bytes: impl Into<Bytes>) {
        object::place(&mut self.shared.bucket(), key, bytes.into());
    }

    /// The bytes of an object, if there is one.
    pub fn object(&self, key: &str) -> Option<Bytes> {
        self.shared.bucket().objects.get(key).map(|object| object.bytes.clone())
    }

    /// The keys of what was replaced or deleted and is kept, as a bucket with versions does.
    pub fn old_versions(&self) -> Vec<String> {
        let bucket = self.shared.bucket();
        bucket.replaced.iter().flat_map(|kept| kept.keys()).map(|(key, _)| key.clone()).collect()
    }

    /// The keys of the multipart uploads that were begun and neither completed nor aborted.
    pub fn open_uploads(&self) -> Vec<String> {
        self.shared.bucket().uploads.values().map(|upload| upload.key.clone()).collect()
    }

    /// All requests in the order in which they arrived.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The requests of one kind in the order in which they arrived.
    pub fn requests_of(&self, kind: RequestKind) -> Vec<SeenRequest> {
        self.requests().into_iter().filter(|request| request.kind == kind).collect()
    }

    /// What has been asked of the server.
    pub fn counts(&self) -> RequestCounts {
        self.shared.counters.snapshot()
    }

    /// Forgets the log and starts counting anew.
    pub fn reset_counts(&self) {
        self.shared.counters.reset();
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
