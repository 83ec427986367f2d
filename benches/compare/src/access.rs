//! `Access`: where the server is and how clients are let in, the same for all of them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rangeway_benches::ServerProcess;

/// The bucket of all objects.
pub(crate) const BUCKET: &str = "bench";
/// The region that requests are signed for.
pub(crate) const REGION: &str = "us-east-1";
/// No secret: the server takes any.
pub(crate) const KEY_ID: &str = "compare";
/// No secret: the server takes any.
pub(crate) const SECRET: &str = "compare-compare-compare";

/// Where the server is.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// As `http://127.0.0.1:1234`.
    pub(crate) endpoint: String,
    /// The certificate to trust, as PEM, where the endpoint is `https`.
    pub(crate) ca_file: Option<PathBuf>,
}

impl Access {
    /// Where `server` is.
    pub(crate) fn to(server: &ServerProcess) -> Self {
        let ca_file = server.ca_file().map(Path::to_owned);
        Self { endpoint: server.endpoint().to_owned(), ca_file }
    }

    /// The host and the port.
    pub(crate) fn authority(&self) -> &str {
        self.endpoint.split_once("://").map_or(self.endpoint.as_str(), |(_, authority)| authority)
    }

    /// The certificate to trust, as PEM.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) fn ca(&self) -> Result<Option<Vec<u8>>> {
        let read =
            |path: &PathBuf| std::fs::read(path).with_context(|| format!("reading {}", path.display()));
        self.ca_file.as_ref().map(read).transpose()
    }

    /// What leads programs to the server.
    pub(crate) fn environment(&self) -> [(&'static str, &str); 7] {
        [
            ("AWS_ENDPOINT_URL", &self.endpoint),
            // What s5cmd calls it.
            ("S3_ENDPOINT_URL", &self.endpoint),
            ("AWS_ACCESS_KEY_ID", KEY_ID),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            // No program looks for credentials or its instance's type in a cloud that isn't there.
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
    }
}
