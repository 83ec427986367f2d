//! The two clients of a bucket: ours behind the adapter, and `object_store`'s own.

use object_store::aws::{AmazonS3, AmazonS3Builder, S3CopyIfNotExists};
use rangeway::object_store::RangewayStore;
use rangeway::{Env, Registry, Settings};
use rangeway_testkit::S3Server;

/// Settings that lead to an endpoint. The credentials are those of the server in process; others take any.
pub(crate) fn settings(endpoint: &str) -> Settings {
    Settings::new(Env::empty())
        .set("endpoint", endpoint)
        .set("region", S3Server::REGION)
        .set("access-key-id", S3Server::ACCESS_KEY_ID)
        .set("secret-access-key", S3Server::SECRET_ACCESS_KEY)
}

pub(crate) fn rangeway(endpoint: &str, bucket: &str) -> RangewayStore {
    let (store, _) = Registry::linked().open(&format!("s3://{bucket}"), &settings(endpoint)).expect("opens");
    RangewayStore::new(store)
}

pub(crate) fn bare(endpoint: &str, bucket: &str) -> AmazonS3 {
    // Fails when another test was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_allow_http(true)
        .with_region(S3Server::REGION)
        .with_access_key_id(S3Server::ACCESS_KEY_ID)
        .with_secret_access_key(S3Server::SECRET_ACCESS_KEY)
        .with_bucket_name(bucket)
        .with_copy_if_not_exists(S3CopyIfNotExists::Multipart)
        .build()
        .expect("complete")
}
