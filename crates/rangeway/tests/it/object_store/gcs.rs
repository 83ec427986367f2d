//! On `gs://`, beside `object_store`'s own client, each against a server of its own in this process, which speaks both of
//! Google's APIs.

use rangeway_testkit::FaultServer;

use super::gcs_clients::{bare, rangeway};
use super::suite::{self, Traits};

const BUCKET: &str = "bucket";

suite::suite!(run);

async fn run(function: &str) {
    let servers = [(); 2].map(|()| FaultServer::start_gcs(BUCKET).expect("a free port"));
    let ours = rangeway(&servers[0].endpoint(), BUCKET);
    let bare = bare(&servers[1].endpoint(), BUCKET);
    suite::compare("facade", function, (ours, Traits::MOST), (bare, Traits::MOST)).await;
    for server in servers {
        assert_eq!(server.open_uploads(), Vec::<String>::new(), "{function}");
    }
}
