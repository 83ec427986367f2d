//! The AWS SDK's transfer manager, on threads of its own, as it is by default.

use anyhow::{Result, anyhow};
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3_transfer_manager::types::{ConcurrencyMode, PartSize};
use aws_sdk_s3_transfer_manager::{Client, Config};
use bytes::{BufMut, Bytes, BytesMut};

use super::{Chunks, PART};
use crate::access::{Access, BUCKET, KEY_ID, REGION, SECRET};

/// A client of the server.
pub(crate) fn open(access: &Access, in_flight: Option<usize>) -> Client {
    let s3 = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(&access.endpoint)
        .force_path_style(true)
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(KEY_ID, SECRET, None, None, "compare"))
        // Or it would checksum all that it uploads, which ours does not either.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    let part = PartSize::Target(PART as u64);
    let config = Config::builder()
        .s3_config(s3)
        .part_size(part)
        .concurrency(in_flight.map_or(ConcurrencyMode::Auto, ConcurrencyMode::Explicit));
    Client::new(config.build())
}

/// The object as chunks in its own pooled memory, all of them kept.
pub(crate) async fn get_chunks(client: Client, key: String) -> Result<Chunks> {
    let mut handle = client.download().bucket(BUCKET).key(key).initiate()?;
    let mut chunks = Vec::new();
    while let Some(chunk) = handle.body_mut().next().await {
        chunks.extend(chunk?.data.into_segments());
    }
    handle.join().await?;
    Ok(chunks)
}

/// The object copied into one buffer of the right size.
pub(crate) async fn get_buffer(client: Client, key: String, size: usize) -> Result<Chunks> {
    let mut handle = client.download().bucket(BUCKET).key(key).initiate()?;
    let mut buffer = BytesMut::with_capacity(size);
    while let Some(chunk) = handle.body_mut().next().await {
        buffer.put(chunk?.data);
    }
    handle.join().await?;
    Ok(vec![buffer.freeze()])
}

pub(crate) async fn put(client: Client, key: String, bytes: Bytes) -> Result<()> {
    let handle = client
        .upload()
        .bucket(BUCKET)
        .key(key)
        .body(bytes.into())
        .initiate()
        .map_err(|error| anyhow!(error))?;
    handle.join().await?;
    Ok(())
}
