//! On `gs://` at fake-gcs-server, which has no writes of the XML API: what needs one fails for both clients.

use rangeway::gcs::GcsBackend;

use super::gcs_clients::{bare, rangeway, settings};
use super::suite::{self, Traits};
use super::{address, containers};

suite::suite!(run);

async fn run(function: &str) {
    let endpoint = address("RANGEWAY_TEST_FAKE_GCS");
    let buckets = containers(&GcsBackend, "gs", &settings(&endpoint)).await;
    let (ours, bare) = (rangeway(&endpoint, &buckets[0]), bare(&endpoint, &buckets[1]));
    suite::compare("fake-gcs-server", function, (ours, Traits::MOST), (bare, Traits::MOST)).await;
}
