//! `S3Server`: a real S3 server in this process, on loopback, with signatures checked and objects on disk.

mod disk;
mod options;
mod serve;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use crate::request_kind::{Counters, RequestCounts};
use crate::runner::Runner;

pub use options::S3ServerOptions;

/// A running S3 server: `s3s-fs` behind a counter. It stops, and its objects are gone, when it is dropped.
///
/// Signatures (version 4) are checked. As a peer it is not quite S3: reads ignore `If-Match` and `If-None-Match`,
/// create-only writes are not atomic, keys are paths (`a//b` is `a/b`, long segments fail), listings carry no etags
/// and do not URL-encode.
///
/// ```
/// use rangeway_testkit::S3Server;
///
/// let server = S3Server::start()?;
/// server.create_bucket("data")?;
/// assert!(server.endpoint().starts_with("http://127.0.0.1:"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct S3Server {
    address: SocketAddr,
    counters: Arc<Counters>,
    ca_pem: Option<String>,
    // Before `folder`: the server stops before its files go.
    _runner: Runner,
    folder: TempDir,
}

impl S3Server {
    /// The access key id that the server knows.
    pub const ACCESS_KEY_ID: &'static str = "rangeway-test";
    /// The secret of [`ACCESS_KEY_ID`](Self::ACCESS_KEY_ID).
    pub const SECRET_ACCESS_KEY: &'static str = "rangeway-test-secret";
    /// The region to sign for; the server accepts any.
    pub const REGION: &'static str = "us-east-1";

    /// Starts a server on a free loopback port, on a thread and a runtime of its own.
    ///
    /// # Errors
    /// When the port or the folder for the objects cannot be had.
    pub fn start() -> io::Result<Self> {
        S3ServerOptions::new().start()
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

    /// The environment variables, as AWS names them, that lead a client to this server.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut variables = vec![
            ("AWS_ENDPOINT_URL_S3", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", Self::ACCESS_KEY_ID.into()),
            ("AWS_SECRET_ACCESS_KEY", Self::SECRET_ACCESS_KEY.into()),
            ("AWS_REGION", Self::REGION.into()),
        ];
        if self.ca_pem.is_none() {
            variables.push(("AWS_ALLOW_HTTP", "true".into()));
        }
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Creates a bucket without a request.
    ///
    /// # Errors
    /// Those of making a folder, for example when the bucket exists.
    pub fn create_bucket(&self, name: &str) -> io::Result<()> {
        fs::create_dir(self.folder.path().join(name))
    }

    /// The folder of the server's files; `BUCKET/KEY` below it is an object.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What has been asked of the server.
    pub fn counts(&self) -> RequestCounts {
        self.counters.snapshot()
    }

    /// Starts counting anew.
    pub fn reset_counts(&self) {
        self.counters.reset();
    }

    /// The ids of the multipart uploads that were begun and neither completed nor aborted, or left parts behind.
    ///
    /// # Errors
    /// Those of reading a folder.
    pub fn open_uploads(&self) -> io::Result<Vec<String>> {
        let mut open = BTreeSet::new();
        for entry in fs::read_dir(self.folder.path())? {
            let name = entry?.file_name();
            let Some(name) = name.to_str() else { continue };
            open.extend(upload_of(name).map(str::to_owned));
        }
        Ok(open.into_iter().collect())
    }
}

/// The upload that a file in s3s-fs's root folder belongs to: `.upload-ID.json` or `.upload_id-ID.part-N`.
fn upload_of(file_name: &str) -> Option<&str> {
    let begun = file_name.strip_prefix(".upload-").and_then(|rest| rest.strip_suffix(".json"));
    begun.or_else(|| Some(file_name.strip_prefix(".upload_id-")?.rsplit_once(".part-")?.0))
}
