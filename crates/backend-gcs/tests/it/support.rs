//! A store on a server of its own, for one test.

use std::sync::Arc;

use rangeway_backend_gcs::GcsBackend;
use rangeway_core::{Backend, Env, Settings, Store, StoreUri};
use rangeway_testkit::conformance::Fixture;
use rangeway_testkit::{FaultServer, RequestKind};

pub(crate) use crate::costs::setup;

/// The bucket that servers are started with.
pub(crate) const BUCKET: &str = "data";

/// The header that says which state of an object an answer is of.
pub(crate) const IDENTITY: &str = "x-goog-generation";

/// The header that asks for one state only.
pub(crate) const CONDITION: &str = "x-goog-if-generation-match";

/// How many requests tell that an object is empty: the service refuses the range and does not say the size.
pub(crate) const EMPTY: u64 = 2;

/// What a copy costs: what stands with its source is asked for first.
pub(crate) const COPY: &[(RequestKind, u64)] = &[(RequestKind::HeadObject, 1), (RequestKind::CopyObject, 1)];

/// What an upload of three parts costs.
pub(crate) const UPLOAD: &[(RequestKind, u64)] =
    &[(RequestKind::CreateMultipart, 1), (RequestKind::UploadPart, 3), (RequestKind::CompleteMultipart, 1)];

/// A server that fails as told.
pub(crate) fn fault_server() -> FaultServer {
    FaultServer::start_gcs(BUCKET).expect("a free port")
}

/// Settings that lead to `server`.
pub(crate) fn settings_of(server: &FaultServer) -> Settings {
    Settings::new(Env::from_iter(server.environment()))
}

/// The store of the bucket.
pub(crate) fn open(settings: &Settings) -> Arc<dyn Store> {
    GcsBackend.open(&StoreUri::new("gs", BUCKET, ""), settings).expect("the settings are valid")
}

/// A store on its server.
pub(crate) struct OnServer {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) _server: FaultServer,
}

impl Fixture for OnServer {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }
}
