//! A store on a server of its own, for one test.

use std::sync::Arc;

use rangeway_backend_azure::AzureBackend;
use rangeway_core::{Backend, Env, Settings, Store, StoreUri};
use rangeway_testkit::{FaultServer, RequestKind};

/// The container that servers are started with.
pub(crate) const BUCKET: &str = "data";

/// The header that says which state of a blob an answer is of.
pub(crate) const IDENTITY: &str = "etag";

/// The header that asks for one state only.
pub(crate) const CONDITION: &str = "if-match";

/// How many requests tell that a blob is empty.
pub(crate) const EMPTY: u64 = 1;

/// What a copy costs.
pub(crate) const COPY: &[(RequestKind, u64)] = &[(RequestKind::CopyObject, 1)];

/// What an upload of three blocks costs.
pub(crate) const UPLOAD: &[(RequestKind, u64)] =
    &[(RequestKind::UploadPart, 3), (RequestKind::CompleteMultipart, 1)];

/// A server that fails as told.
pub(crate) fn fault_server() -> FaultServer {
    FaultServer::start_azure(BUCKET).expect("a free port")
}

/// Settings that lead to `server`.
pub(crate) fn settings_of(server: &FaultServer) -> Settings {
    Settings::new(Env::from_iter(server.environment()))
}

/// The store of the container.
pub(crate) fn open(settings: &Settings) -> Arc<dyn Store> {
    AzureBackend.open(&StoreUri::new("az", BUCKET, ""), settings).expect("the settings are valid")
}
