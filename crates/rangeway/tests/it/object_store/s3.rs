//! On `s3://`, beside `object_store`'s own client against a server of the same kind: what the bare client cannot do
//! there either is the server's failure.

use object_store::aws::{AmazonS3, AmazonS3Builder, S3CopyIfNotExists};
use rangeway::object_store::RangewayStore;
use rangeway::{Registry, Settings};
use rangeway_testkit::S3Server;

use super::suite::{self, Fails};

const BUCKET: &str = "bucket";

suite::suite!(run);

#[allow(clippy::print_stdout, reason = "both columns of the comparison, for whoever looks at them")]
async fn run(function: &str) {
    let ours = suite::passes(function, &rangeway(&server()), true).await;
    let bare = suite::passes(function, &bare(&server()), true).await;
    println!("{function}: rangeway {}, object_store {}", word(ours), word(bare));
    suite::check("s3", function, ours);
    if suite::cannot_pass("s3", function) != Some(Fails::Mostly) {
        assert!(ours || !bare, "{function}: the bare client passes where the adapter does not");
    }
}

fn word(passed: bool) -> &'static str {
    if passed { "passes" } else { "fails" }
}

/// A server with an empty bucket.
fn server() -> S3Server {
    let server = S3Server::start().expect("a free port");
    server.create_bucket(BUCKET).expect("a new server has no bucket");
    server
}

fn rangeway(server: &S3Server) -> RangewayStore {
    let settings = Settings::new(server.environment().into_iter().collect());
    let (store, _) = Registry::linked().open("s3://bucket", &settings).expect("opens");
    RangewayStore::new(store)
}

fn bare(server: &S3Server) -> AmazonS3 {
    // Fails when another test was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    AmazonS3Builder::new()
        .with_endpoint(server.endpoint())
        .with_allow_http(true)
        .with_region(S3Server::REGION)
        .with_access_key_id(S3Server::ACCESS_KEY_ID)
        .with_secret_access_key(S3Server::SECRET_ACCESS_KEY)
        .with_bucket_name(BUCKET)
        .with_copy_if_not_exists(S3CopyIfNotExists::Multipart)
        .build()
        .expect("complete")
}
