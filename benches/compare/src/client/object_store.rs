//! The crate `object_store` with its own HTTP client: as it comes, and with ranges in parallel, written by hand.

use std::sync::Arc;

use anyhow::Result;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, TryStreamExt, stream};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{Certificate, ClientOptions, ObjectStoreExt};
use tokio::io::AsyncWriteExt;

use super::{Chunks, PART};
use crate::access::{Access, BUCKET, KEY_ID, REGION, SECRET};

/// Requests at one time, more than two cores can be busy with; `--in-flight` tries other numbers.
pub(crate) const IN_FLIGHT: usize = 16;

/// What is done to the bytes of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload {
    /// A SHA-256 of all of them is part of the signature: its default.
    Signed,
    /// Nothing, as rangeway does.
    Unsigned,
}

/// A store on the server.
pub(crate) fn open(access: &Access, payload: Payload) -> Result<Arc<AmazonS3>> {
    let options = ClientOptions::new().with_allow_http(true).with_http1_only();
    let options = match access.ca()? {
        Some(ca) => options.with_root_certificate(Certificate::from_pem(&ca)?),
        None => options,
    };
    let builder = AmazonS3Builder::new()
        .with_bucket_name(BUCKET)
        .with_endpoint(&access.endpoint)
        .with_region(REGION)
        .with_access_key_id(KEY_ID)
        .with_secret_access_key(SECRET)
        .with_unsigned_payload(payload == Payload::Unsigned)
        .with_client_options(options);
    Ok(Arc::new(builder.build()?))
}

/// `get().bytes()`: one request, one buffer.
pub(crate) async fn get(store: Arc<AmazonS3>, path: Path) -> Result<Chunks> {
    Ok(vec![store.get(&path).await?.bytes().await?])
}

/// The ranges of an object.
fn parts(size: usize) -> impl Iterator<Item = std::ops::Range<u64>> + Send {
    (0..size).step_by(PART).map(move |start| start as u64..(start + PART).min(size) as u64)
}

/// Ranges in parallel, each on a task of its own, all of them kept as they come.
pub(crate) async fn get_parallel(
    store: Arc<AmazonS3>,
    path: Path,
    size: usize,
    in_flight: usize,
) -> Result<Chunks> {
    let ranges = stream::iter(parts(size)).map(|range| {
        let (store, path) = (Arc::clone(&store), path.clone());
        tokio::spawn(async move { store.get_range(&path, range).await })
    });
    ranges.buffered(in_flight).map(|joined| anyhow::Ok(joined??)).try_collect().await
}

/// Ranges in parallel, each on a task of its own that copies what comes to its place in one buffer.
pub(crate) async fn get_parallel_buffer(
    store: Arc<AmazonS3>,
    path: Path,
    size: usize,
    in_flight: usize,
) -> Result<Chunks> {
    let mut rest = BytesMut::with_capacity(size);
    let mut places = Vec::new();
    for range in parts(size) {
        // What stays in `rest` has no bytes yet, so that splitting it at its capacity leaves the next places there.
        let next = rest.split_off(usize::try_from(range.end - range.start)?);
        places.push((range, std::mem::replace(&mut rest, next)));
    }
    let filled = stream::iter(places).map(|(range, mut place)| {
        let (store, path) = (Arc::clone(&store), path.clone());
        tokio::spawn(async move {
            let options = object_store::GetOptions::new().with_range(Some(range));
            let mut chunks =
                object_store::ObjectStore::get_opts(store.as_ref(), &path, options).await?.into_stream();
            while let Some(chunk) = chunks.try_next().await? {
                place.extend_from_slice(&chunk);
            }
            anyhow::Ok(place)
        })
    });
    let mut filled = filled.buffered(in_flight);
    let mut whole = BytesMut::new();
    while let Some(place) = filled.next().await {
        whole.unsplit(place??);
    }
    Ok(vec![whole.freeze()])
}

/// `BufWriter` with its own settings, written to as anything is that takes bytes.
pub(crate) async fn put_plain(store: Arc<AmazonS3>, path: Path, bytes: Bytes) -> Result<()> {
    let mut writer = BufWriter::new(store, path);
    writer.write_all(&bytes).await?;
    writer.shutdown().await?;
    Ok(())
}

/// `BufWriter` at its best: parts of 8 MiB in parallel, not copied.
pub(crate) async fn put(store: Arc<AmazonS3>, path: Path, bytes: Bytes, in_flight: usize) -> Result<()> {
    let mut writer = BufWriter::with_capacity(store, path, PART).with_max_concurrency(in_flight);
    let mut rest = bytes;
    while !rest.is_empty() {
        // `put` takes the bytes as they are; `write_all` would copy them first.
        writer.put(rest.split_to(PART.min(rest.len()))).await?;
    }
    writer.shutdown().await?;
    Ok(())
}
