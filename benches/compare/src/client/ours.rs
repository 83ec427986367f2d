//! rangeway, with no setting but where the server is.

use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use rangeway::{GetOptions, Key, PutOptions, Registry, Settings, Store, StoreExt};

use super::Chunks;
use super::memory::Warm;
use crate::access::{Access, BUCKET, KEY_ID, REGION, SECRET};

/// A store on the server; `settings` come on top of where it is.
pub(crate) fn open(access: &Access, settings: &[(&str, &str)]) -> Result<Arc<dyn Store>> {
    let ca_file = access.ca_file.as_ref().map(|path| path.to_string_lossy());
    let where_it_is = [
        ("endpoint", access.endpoint.as_str()),
        ("region", REGION),
        ("access-key-id", KEY_ID),
        ("secret-access-key", SECRET),
    ];
    let ca = ca_file.as_deref().map(|path| ("ca-bundle", path));
    let all = where_it_is.into_iter().chain(ca).chain(settings.iter().copied());
    let settings = all.fold(Settings::default(), |settings, (name, value)| settings.set(name, value));
    let (store, _) = Registry::linked().open(&format!("s3://{BUCKET}"), &settings)?;
    Ok(store)
}

/// The object as one buffer of the store's own.
pub(crate) async fn get(store: Arc<dyn Store>, key: Key) -> Result<Chunks> {
    Ok(vec![store.get_bytes(&key).await?])
}

/// The object in the caller's buffer, which is used again.
pub(crate) async fn get_into(store: Arc<dyn Store>, key: Key, buffer: Warm<BytesMut>) -> Result<Chunks> {
    let response = store.get(&key, GetOptions::new()).await?;
    let size = usize::try_from(response.body.remaining()).context("too large")?;
    let mut memory = buffer.take(|| Ok(BytesMut::with_capacity(size)))?;
    memory.clear();
    response.body.read_into(&mut memory).await?;
    Ok(vec![buffer.lend(memory)])
}

/// The object as chunks, all of them kept.
pub(crate) async fn get_chunks(store: Arc<dyn Store>, key: Key) -> Result<Chunks> {
    let response = store.get(&key, GetOptions::new()).await?;
    Ok(response.body.stream().try_collect().await?)
}

pub(crate) async fn put(store: Arc<dyn Store>, key: Key, bytes: Bytes) -> Result<()> {
    store.put(&key, bytes.into(), PutOptions::new()).await?;
    Ok(())
}
