//! On `s3://`, beside `object_store`'s own client, each against a server of its own in this process.

use rangeway_testkit::S3Server;

use super::s3_clients::{bare, rangeway};
use super::suite::{self, Traits};

const BUCKET: &str = "bucket";

suite::suite!(run);

async fn run(function: &str) {
    let servers = [(); 2].map(|()| S3Server::start().expect("a free port"));
    for server in &servers {
        server.create_bucket(BUCKET).expect("a new server has no bucket");
    }
    let ours = rangeway(&servers[0].endpoint(), BUCKET);
    let bare = bare(&servers[1].endpoint(), BUCKET);
    suite::compare("s3s-fs", function, (ours, Traits::MOST), (bare, Traits::MOST)).await;
}
