//! An S3 client that is not ours.

use object_store::aws::{AmazonS3, AmazonS3Builder, S3CopyIfNotExists};

/// A client of `bucket` at `endpoint`, over plain HTTP.
pub(crate) fn s3(endpoint: &str, bucket: &str, key_id: &str, secret: &str) -> AmazonS3 {
    // The client wants one even for plain HTTP; an error means that another test was first.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_bucket_name(bucket)
        .with_access_key_id(key_id)
        .with_secret_access_key(secret)
        .with_copy_if_not_exists(S3CopyIfNotExists::Multipart)
        .build()
        .expect("a client")
}
