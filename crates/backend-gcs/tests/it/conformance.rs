//! The conformance suite over a server that does what Google Cloud Storage does, objects in memory: without any gap.

use rangeway_testkit::conformance::Fixture;

use crate::support::{OnServer, setup};

async fn fresh() -> impl Fixture {
    let (server, store) = setup();
    OnServer { store, _server: server }
}

rangeway_testkit::conformance!(fresh);
