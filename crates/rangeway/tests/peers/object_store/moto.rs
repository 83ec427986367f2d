//! On `s3://` at moto.

use rangeway::s3::S3Backend;

use super::s3_clients::{bare, rangeway, settings};
use super::suite::{self, Traits};
use super::{address, containers};

suite::suite!(run);

async fn run(function: &str) {
    let endpoint = address("RANGEWAY_TEST_MOTO");
    let buckets = containers(&S3Backend, "s3", &settings(&endpoint)).await;
    let (ours, bare) = (rangeway(&endpoint, &buckets[0]), bare(&endpoint, &buckets[1]));
    suite::compare("moto", function, (ours, Traits::MOST), (bare, Traits::MOST)).await;
}
