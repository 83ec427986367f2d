//! The conformance suite over moto, an S3 server in Python. `cargo xtask test` starts it and says where it is.

use rangeway_backend_s3::S3Backend;
use rangeway_core::{Backend, Env, Settings, StoreUri};
use rangeway_testkit::conformance::{Fixture, Gap};

/// Where moto listens, as `http://127.0.0.1:PORT`.
const PEER: &str = "RANGEWAY_TEST_MOTO";

const GAPS: &[Gap] = &[
    Gap::new("key_newline", "moto finds no route for a path with a line break, and answers 404"),
    Gap::new(
        "list_start_after_with_delimiter",
        "moto skips a group whose name comes before the start, with later keys in it",
    ),
];

/// A bucket of its own in moto.
async fn fresh() -> impl Fixture {
    let env = Env::process();
    let peer = env.get(PEER).expect("run `cargo xtask test`, which starts moto");
    // It takes any keys.
    let settings = Settings::new(env.clone())
        .set("endpoint", peer)
        .set("region", "us-east-1")
        .set("access-key-id", "any")
        .set("secret-access-key", "any");
    let uri = StoreUri::new("s3", format!("case-{:016x}", fastrand::u64(..)), "");
    S3Backend.create_container(&uri, &settings).await.expect("moto takes buckets");
    (S3Backend.open(&uri, &settings).expect("the settings are valid"), GAPS)
}

rangeway_testkit::conformance!(fresh);
