//! A store on a server of its own, for one test.

use std::sync::Arc;

use rangeway_backend_s3::S3Backend;
use rangeway_core::{Backend, Env, Settings, Store, StoreUri};
use rangeway_testkit::conformance::{Fixture, Gap};
use rangeway_testkit::{FaultServer, RequestKind, S3Server};

/// The bucket that servers are started with.
pub(crate) const BUCKET: &str = "data";

/// Settings that lead to `server`.
pub(crate) fn settings(server: &S3Server) -> Settings {
    Settings::new(Env::from_iter(server.environment()))
}

/// The header that says which state of an object an answer is of.
pub(crate) const IDENTITY: &str = "etag";

/// The header that asks for one state only.
pub(crate) const CONDITION: &str = "if-match";

/// How many requests tell that an object is empty.
pub(crate) const EMPTY: u64 = 1;

/// What a copy costs.
pub(crate) const COPY: &[(RequestKind, u64)] = &[(RequestKind::CopyObject, 1)];

/// What an upload of three parts costs.
pub(crate) const UPLOAD: &[(RequestKind, u64)] =
    &[(RequestKind::CreateMultipart, 1), (RequestKind::UploadPart, 3), (RequestKind::CompleteMultipart, 1)];

/// A server that fails as told.
pub(crate) fn fault_server() -> FaultServer {
    FaultServer::start(BUCKET).expect("a free port")
}

/// Settings that lead to a server that fails as told.
pub(crate) fn settings_of(server: &FaultServer) -> Settings {
    Settings::new(Env::from_iter(server.environment()))
}

/// The store of a bucket.
pub(crate) fn open(settings: &Settings) -> Arc<dyn Store> {
    S3Backend.open(&StoreUri::new("s3", BUCKET, ""), settings).expect("the settings are valid")
}

/// A store on its server.
pub(crate) struct OnServer {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) _server: S3Server,
    pub(crate) gaps: &'static [Gap],
}

impl Fixture for OnServer {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    fn gaps(&self) -> &[Gap] {
        self.gaps
    }
}
