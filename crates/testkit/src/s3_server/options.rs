//! `S3ServerOptions`: where a server listens, where it keeps its files, and on which runtime it runs.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use s3s::auth::SimpleAuth;
use s3s::host::SingleDomain;
use s3s::service::S3ServiceBuilder;
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::S3Server;
use super::disk::Disk;
use super::serve::Server;
use crate::request_kind::Counters;
use crate::runner::Runner;
use crate::tls;

/// How to start an [`S3Server`].
#[derive(Debug, Clone)]
pub struct S3ServerOptions {
    address: SocketAddr,
    parent: Option<PathBuf>,
    tls: bool,
    domain: Option<String>,
    threads: NonZeroUsize,
}

impl Default for S3ServerOptions {
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            parent: None,
            tls: false,
            domain: None,
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        }
    }
}

impl S3ServerOptions {
    /// A free port of 127.0.0.1, plain HTTP, files in the system's temporary folder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens on this address; anything but a loopback address is refused by `start`.
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address.set_ip(address);
        self
    }

    /// Listens on this port; 0 is any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// Keeps the objects in a new folder below `parent`, which must exist. The new folder goes with the server.
    pub fn parent_folder(mut self, parent: impl Into<PathBuf>) -> Self {
        self.parent = Some(parent.into());
        self
    }

    /// Speaks HTTPS with a certificate for `localhost`, `s3.localhost`, `*.s3.localhost`, `127.0.0.1` and `::1` from an authority made for
    /// this server: [`S3Server::ca_pem`].
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Also understands requests to `BUCKET.domain`. With a port in the client's `Host` header, `domain` has it too:
    /// fix it with [`port`](Self::port).
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// The number of threads of the server's own runtime; as many as there are cores unless said otherwise.
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = threads;
        self
    }

    /// Starts the server on a thread and a runtime of its own, so that blocking programs can have one too.
    ///
    /// # Errors
    /// `InvalidInput` for an address that is not loopback; those of listening and of making the folder.
    pub fn start(self) -> io::Result<S3Server> {
        let threads = self.threads;
        self.launch(|server| Runner::own(server.run(), threads))
    }

    /// Starts the server on a runtime that is there already.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_on(self, runtime: &Handle) -> io::Result<S3Server> {
        self.launch(|server| Ok(Runner::on(server.run(), runtime)))
    }

    fn launch(self, run: impl FnOnce(Server) -> io::Result<Runner>) -> io::Result<S3Server> {
        if !self.address.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a test server listens on loopback only",
            ));
        }
        let folder = match &self.parent {
            Some(parent) => TempDir::with_prefix_in("rangeway-s3-", parent)?,
            None => TempDir::with_prefix("rangeway-s3-")?,
        };
        let mut builder = S3ServiceBuilder::new(Disk::new(folder.path())?);
        builder.set_auth(SimpleAuth::from_single(S3Server::ACCESS_KEY_ID, S3Server::SECRET_ACCESS_KEY));
        if let Some(domain) = &self.domain {
            builder.set_host(SingleDomain::new(domain).map_err(io::Error::other)?);
        }
        let listener = TcpListener::bind(self.address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (ca_pem, acceptor) = if self.tls {
            tls::make().map(|(pem, tls)| (Some(pem), Some(tls.into())))?
        } else {
            (None, None)
        };
        let counters = Arc::<Counters>::default();
        let runner =
            run(Server { listener, service: builder.build(), acceptor, counters: Arc::clone(&counters) })?;
        Ok(S3Server { address, counters, ca_pem, _runner: runner, folder })
    }
}
