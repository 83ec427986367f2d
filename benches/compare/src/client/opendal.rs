//! Apache `OpenDAL`, with chunks of 8 MiB in parallel.

use anyhow::Result;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use opendal::services::S3;
use opendal::{HttpTransporter, Operator};
use opendal_http_transport_reqwest::ReqwestTransport;

use super::{Chunks, PART};
use crate::access::{Access, BUCKET, KEY_ID, REGION, SECRET};

/// Requests at one time, more than two cores can be busy with; `--in-flight` tries other numbers.
pub(crate) const IN_FLIGHT: usize = 16;

/// An operator on the server. Its HTTP client is the one its documentation advises for large transfers.
pub(crate) fn open(access: &Access) -> Result<Operator> {
    let service = S3::default()
        .bucket(BUCKET)
        .endpoint(&access.endpoint)
        .region(REGION)
        .access_key_id(KEY_ID)
        .secret_access_key(SECRET)
        .disable_config_load()
        .disable_ec2_metadata();
    let operator = Operator::new(service)?;
    let mut client = reqwest::Client::builder().http1_only();
    if let Some(ca) = access.ca()? {
        client = client.tls_certs_merge([reqwest::Certificate::from_pem(&ca)?]);
    }
    let transport = HttpTransporter::new(ReqwestTransport::new(client.build()?));
    let context = operator.base_context().with_http_transport(transport);
    Ok(operator.with_context(context))
}

/// The object as chunks, all of them kept.
pub(crate) async fn get_chunks(operator: Operator, path: String, in_flight: usize) -> Result<Chunks> {
    let reader = operator.reader_with(&path).concurrent(in_flight).chunk(PART).await?;
    Ok(reader.into_bytes_stream(..).await?.try_collect().await?)
}

/// The object copied into one buffer of the right size.
pub(crate) async fn get_buffer(
    operator: Operator,
    path: String,
    size: usize,
    in_flight: usize,
) -> Result<Chunks> {
    let reader = operator.reader_with(&path).concurrent(in_flight).chunk(PART).await?;
    let mut buffer = BytesMut::with_capacity(size);
    reader.read_into(&mut buffer, ..).await?;
    Ok(vec![buffer.freeze()])
}

pub(crate) async fn put(operator: Operator, path: String, bytes: Bytes, in_flight: usize) -> Result<()> {
    let mut writer = operator.writer_with(&path).concurrent(in_flight).chunk(PART).await?;
    writer.write(bytes).await?;
    writer.close().await?;
    Ok(())
}
