//! `Store`: an open container, and the operations on the objects in it.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use crate::{
    Capabilities, CopyOptions, GetOptions, GetResponse, HeadOptions, HeadResponse, Key, ListEntry,
    ListOptions, ObjectMeta, Payload, PutOptions, PutResponse, Result, StoreUri, TransferStats,
};

/// An open container of objects: what users hold as `Arc<dyn Store>`.
///
/// Every method is required, so that a decorator cannot forget one; conveniences live in [`StoreExt`].
/// Errors carry the operation and the object's URI.
#[async_trait]
pub trait Store: Debug + Send + Sync + 'static {
    /// The container's URI: its key is empty.
    fn uri(&self) -> &StoreUri;

    /// What this store can do.
    fn capabilities(&self) -> &Capabilities;

    /// Size, etag and attributes of an object.
    ///
    /// # Errors
    /// `NotFound`; `NotModified` and `PreconditionFailed` from the conditions.
    async fn head(&self, key: &Key, options: HeadOptions) -> Result<HeadResponse>;

    /// Reads an object, or a range of it.
    ///
    /// # Errors
    /// `NotFound`; `RangeNotSatisfiable` for a range beyond the end; `NotModified` and `PreconditionFailed` from the
    /// conditions. A body that breaks off is an error of the body.
    async fn get(&self, key: &Key, options: GetOptions) -> Result<GetResponse>;

    /// Writes an object: all of it becomes visible at once, or nothing.
    ///
    /// # Errors
    /// `AlreadyExists` and `PreconditionFailed` from the mode.
    ///
    /// # Cancel safety
    /// A dropped future leaves the old object or the whole new one, never a part.
    async fn put(&self, key: &Key, payload: Payload, options: PutOptions) -> Result<PutResponse>;

    /// Begins a write in parts, invisible until it is completed.
    async fn start_multipart(&self, key: &Key, options: PutOptions) -> Result<Box<dyn MultipartUpload>>;

    /// The objects of the store in byte order of their keys, in constant memory however many there are.
    fn list(&self, options: ListOptions) -> BoxStream<'static, Result<ListEntry>>;

    /// Deletes each key that arrives and says of each how it went, in any order.
    ///
    /// Deleting what does not exist is success: most services cannot tell.
    fn delete(&self, keys: BoxStream<'static, Key>) -> BoxStream<'static, DeleteResult>;

    /// Copies an object within the store, attributes included, without its bytes passing through here.
    async fn copy(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<PutResponse>;

    /// What was done through this store so far; all zero on a store that does not count.
    fn stats(&self) -> TransferStats;

    /// Waits until what was begun through this store has ended, above all the clean-up of writes whose future was
    /// dropped: uploads are aborted, temporary files removed. The store stays usable.
    async fn drain(&self);
}

/// What became of one key of a deletion.
#[derive(Debug)]
pub struct DeleteResult {
    /// The key.
    pub key: Key,
    /// Whether it is gone now.
    pub result: Result<()>,
}

/// A write in parts. Parts may be sent in any order and at the same time.
///
/// Nothing is visible before [`complete`](Self::complete). Dropping an upload leaves its parts behind on most
/// services: call [`abort`](Self::abort).
#[async_trait]
pub trait MultipartUpload: Debug + Send + Sync {
    /// Sends one part; sending the same number again replaces it.
    async fn put_part(&self, part: PartSpec, payload: Payload) -> Result<UploadedPart>;

    /// Makes the object of all `parts`, in the order of their numbers.
    async fn complete(&self, parts: Vec<UploadedPart>) -> Result<PutResponse>;

    /// Gives up and removes the parts sent so far. Aborting twice is no error.
    async fn abort(&self) -> Result<()>;
}

/// Which part of an upload this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartSpec {
    /// The part's number, from 1.
    pub number: u32,
    /// Where the part begins in the object, in bytes.
    pub offset: u64,
}

/// A part that the service has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedPart {
    /// The part's number, from 1.
    pub number: u32,
    /// Its length in bytes.
    pub size: u64,
    /// What the service calls it: its etag on S3, its block id on Azure.
    pub id: String,
}

/// What every [`Store`] can do besides, made of its own methods.
pub trait StoreExt: Store {
    /// Reads a whole object into memory.
    fn get_bytes(&self, key: impl Into<Key>) -> impl Future<Output = Result<Bytes>> + Send {
        let key = key.into();
        async move { self.get(&key, GetOptions::new()).await?.body.bytes().await }
    }

    /// Writes an object from memory, replacing what was there.
    fn put_bytes(
        &self,
        key: impl Into<Key>,
        bytes: impl Into<Bytes>,
    ) -> impl Future<Output = Result<PutResponse>> + Send {
        let (key, bytes) = (key.into(), bytes.into());
        async move { self.put(&key, bytes.into(), PutOptions::new()).await }
    }

    /// Deletes one object.
    fn delete_one(&self, key: impl Into<Key>) -> impl Future<Output = Result<()>> + Send {
        let key = key.into();
        let mut results = self.delete(stream::iter([key]).boxed());
        async move {
            while let Some(deleted) = results.next().await {
                deleted.result?;
            }
            Ok(())
        }
    }

    /// The objects whose key starts with `prefix`, in order.
    fn list_prefix(&self, prefix: impl Into<String>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.list(ListOptions::new().prefix(prefix))
            .try_filter_map(async |entry| {
                Ok(match entry {
                    ListEntry::Object(meta) => Some(meta),
                    ListEntry::Prefix(_) => None,
                })
            })
            .boxed()
    }
}

impl<S: Store + ?Sized> StoreExt for S {}

#[async_trait]
impl<S: Store + ?Sized> Store for Arc<S> {
    fn uri(&self) -> &StoreUri {
        (**self).uri()
    }

    fn capabilities(&self) -> &Capabilities {
        (**self).capabilities()
    }

    async fn head(&self, key: &Key, options: HeadOptions) -> Result<HeadResponse> {
        (**self).head(key, options).await
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<GetResponse> {
        (**self).get(key, options).await
    }

    async fn put(&self, key: &Key, payload: Payload, options: PutOptions) -> Result<PutResponse> {
        (**self).put(key, payload, options).await
    }

    async fn start_multipart(&self, key: &Key, options: PutOptions) -> Result<Box<dyn MultipartUpload>> {
        (**self).start_multipart(key, options).await
    }

    fn list(&self, options: ListOptions) -> BoxStream<'static, Result<ListEntry>> {
        (**self).list(options)
    }

    fn delete(&self, keys: BoxStream<'static, Key>) -> BoxStream<'static, DeleteResult> {
        (**self).delete(keys)
    }

    async fn copy(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<PutResponse> {
        (**self).copy(from, to, options).await
    }

    fn stats(&self) -> TransferStats {
        (**self).stats()
    }

    async fn drain(&self) {
        (**self).drain().await;
    }
}
