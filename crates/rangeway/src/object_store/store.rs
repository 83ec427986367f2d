//! `RangewayStore`: a `Store` behind the trait of `object_store`.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Extensions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, RenameTargetMode, Result, TagSet,
};
use rangeway_core::{Attributes, Error, Store};

use super::error::{not_implemented, to_theirs};
use super::upload::Upload;
use super::{convert, deletion, listing, ranges};

/// A [`Store`] as an [`ObjectStore`]. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct RangewayStore {
    store: Arc<dyn Store>,
}

impl RangewayStore {
    /// The adapter to `store`.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Opens the store of a URI as [`rangeway::open`](crate::open()) does, and gives the path of its key beside it.
    ///
    /// The store is the whole container, and for `file://` the whole file system: to stay below the path, wrap it in
    /// [`PrefixStore`](object_store::prefix::PrefixStore).
    ///
    /// # Errors
    /// As [`rangeway::open`](crate::open()); `InvalidInput` for a key that a [`Path`] cannot hold.
    pub fn open(uri: &str) -> rangeway_core::Result<(Self, Path)> {
        let (store, key) = crate::open(uri)?;
        // A `/` at the end is how people write a folder.
        let folder = key.as_str().strip_suffix('/').unwrap_or(key.as_str());
        let path = match folder {
            "" => Some(Path::ROOT),
            folder => convert::path(folder),
        };
        let path = path.ok_or_else(|| Error::invalid(format!("no object_store path can name {key:?}")))?;
        Ok((Self::new(store), path))
    }

    /// The store behind the adapter.
    pub fn inner(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The options of a write, or why this store cannot write so.
    fn put_options(
        &self,
        mode: PutMode,
        attributes: &object_store::Attributes,
        tags: &TagSet,
    ) -> Result<rangeway_core::PutOptions> {
        let capabilities = self.store.capabilities();
        if !tags.is_empty() {
            return Err(not_implemented("`put` with tags", self));
        }
        if !attributes.is_empty() && !capabilities.attributes {
            return Err(not_implemented("`put` with attributes", self));
        }
        if matches!(mode, PutMode::Update(_)) && !capabilities.put_if_match {
            return Err(not_implemented("`put` with `PutMode::Update`", self));
        }
        let attributes: Attributes = convert::attributes(attributes)?;
        Ok(rangeway_core::PutOptions::new().mode(convert::put_mode(mode)?).attributes(attributes))
    }

    /// The answer to a `get` that asks for the head only: without bytes.
    async fn head_result(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let range = options.range.clone().map(convert::range);
        let head = self.store.head(&convert::key(location), convert::head_options(options)).await;
        let head = head.map_err(|error| to_theirs(location, error))?;
        let range = match range {
            Some(range) => range.resolve(head.meta.size).map_err(|error| to_theirs(location, error))?,
            None => 0..head.meta.size,
        };
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::empty().boxed()),
            meta: convert::meta(location.clone(), head.meta),
            range,
            attributes: convert::their_attributes(head.attributes),
            extensions: Extensions::default(),
        })
    }
}

impl From<Arc<dyn Store>> for RangewayStore {
    fn from(store: Arc<dyn Store>) -> Self {
        Self::new(store)
    }
}

impl fmt::Display for RangewayStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RangewayStore({})", self.store.uri())
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ObjectStore for RangewayStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let options = self.put_options(opts.mode, &opts.attributes, &opts.tags)?;
        let written = self.store.put(&convert::key(location), convert::payload(payload), options).await;
        written.map(convert::put_result).map_err(|error| to_theirs(location, error))
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let options = self.put_options(PutMode::Overwrite, &opts.attributes, &opts.tags)?;
        let upload = self.store.start_multipart(&convert::key(location), options).await;
        let upload = upload.map_err(|error| to_theirs(location, error))?;
        let max_parts = self.store.capabilities().parts.max_count;
        Ok(Box::new(Upload::new(upload, location.clone(), max_parts)))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if options.head {
            return self.head_result(location, options).await;
        }
        let found = self.store.get(&convert::key(location), convert::get_options(options)).await;
        let found = found.map_err(|error| to_theirs(location, error))?;
        let at = location.clone();
        // `collect_bytes` polls an empty stream once more after its end.
        let bytes = found.body.stream().fuse().map_err(move |error| to_theirs(&at, error));
        Ok(GetResult {
            payload: GetResultPayload::Stream(bytes.boxed()),
            meta: convert::meta(location.clone(), found.meta),
            range: found.range,
            attributes: convert::their_attributes(found.attributes),
            extensions: Extensions::default(),
        })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let read = ranges::read(&*self.store, &convert::key(location), ranges).await;
        read.map_err(|error| to_theirs(location, error))
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        deletion::delete(&*self.store, locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        listing::objects(&*self.store, prefix, None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        listing::objects(&*self.store, prefix, Some(offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        listing::level(&*self.store, prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let mode = convert::copy_mode(options.mode);
        let options = rangeway_core::CopyOptions::new().mode(mode);
        let copied = self.store.copy(&convert::key(from), &convert::key(to), options).await;
        copied.map(drop).map_err(|error| to_theirs(from, error))
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let mode = match options.target_mode {
            RenameTargetMode::Overwrite => object_store::CopyMode::Overwrite,
            RenameTargetMode::Create => object_store::CopyMode::Create,
        };
        // A copy onto itself and a deletion would lose the object.
        if from == to && mode == object_store::CopyMode::Overwrite {
            return self.head(from).await.map(drop);
        }
        self.copy_opts(from, to, CopyOptions::new().with_mode(mode)).await?;
        self.delete(from).await
    }
}
