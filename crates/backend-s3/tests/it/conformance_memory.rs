//! The conformance suite over a server that does what S3 does, objects in memory: without any gap.

use std::sync::Arc;

use rangeway_core::{Env, Settings, Store};
use rangeway_testkit::FaultServer;
use rangeway_testkit::conformance::Fixture;

use crate::support::{BUCKET, open};

struct OnHonestServer {
    store: Arc<dyn Store>,
    _server: FaultServer,
}

impl Fixture for OnHonestServer {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }
}

async fn fresh() -> impl Fixture {
    let server = FaultServer::start(BUCKET).expect("a free port");
    let settings = Settings::new(Env::from_iter(server.environment()));
    OnHonestServer { store: open(&settings), _server: server }
}

rangeway_testkit::conformance!(fresh);
