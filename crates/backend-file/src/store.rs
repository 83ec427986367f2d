//! `FileStore`: the objects of a folder, one call of the kernel at a time.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use rangeway_core::{
    Attributes, Capabilities, CopyOptions, DeleteResult, Error, GetOptions, GetResponse, HeadOptions,
    HeadResponse, Key, ListEntry, ListOptions, MultipartUpload, Operation, PartLimits, Payload, PutMode,
    PutOptions, PutResponse, Result, Store, StoreUri, TransferStats,
};
use rustix::fs::Mode;

use crate::list;
use crate::new_file::{NewFile, Plan};
use crate::page_cache::{Caching, PageCache};
use crate::read;
use crate::root::Root;
use crate::tasks::Tasks;
use crate::upload::FileUpload;
use crate::write::{Target, in_time};

/// Permissions of a file that replaces none, before the umask: what `cp` gives.
const PERMISSIONS: Mode = Mode::from_raw_mode(0o666);

/// Up to here a payload in memory is written by one trip to another thread, which a dropped future cannot stop.
const AT_ONCE: u64 = 1 << 20;

/// Up to here a body is read before its file is made, so that all work on the file is one trip to another thread: for
/// small files, changing threads costs more than the files.
const READ_FIRST: u64 = 256 << 10;

/// How much of a copy one trip to another thread does.
const COPY_BLOCK: u64 = 64 << 20;

/// How many keys one trip to another thread removes, and how many such trips are made at one time.
const REMOVE_KEYS: usize = 256;
const REMOVE_TRIPS: usize = 4;

/// The files below a folder as a store: a key is a path relative to it.
///
/// Single operations only; [`open`](crate::open) puts the range engine on top. Needs a tokio runtime, with its timer for
/// writes that have a deadline. Clones share the folder.
#[derive(Debug, Clone)]
pub struct FileStore {
    uri: StoreUri,
    root: Arc<Root>,
    tasks: Tasks,
    sync: bool,
    caching: Caching,
    capabilities: Arc<Capabilities>,
    /// What listings left out.
    left_out: Arc<AtomicU64>,
    /// How many bytes copies have brought to their targets.
    copied: Arc<AtomicU64>,
}

impl FileStore {
    /// The files below `root`, a folder that exists.
    ///
    /// Unless `root` is `/`, a symbolic link that leads out of it is refused. On Linux before 5.6 and on other
    /// systems, which cannot check where a link leads without a race, no link is followed below such a root.
    ///
    /// # Errors
    /// `NotFound`; `InvalidInput` when `root` is not a folder.
    pub fn new(root: impl AsRef<Path>) -> Result<Self> {
        let open = || {
            let path = root.as_ref().canonicalize()?;
            Ok((Root::open(&path)?, path))
        };
        let (folder, path) = open().map_err(|source: std::io::Error| {
            let error = Error::io("opening the root folder", source)
                .with_hint("the root must be a folder that exists");
            error.with_operation(Operation::Open).with_uri(format_args!("file://{}", root.as_ref().display()))
        })?;
        let container = path.to_string_lossy();
        Ok(Self {
            uri: StoreUri::new("file", container.trim_end_matches('/'), ""),
            root: Arc::new(folder),
            tasks: Tasks::new(),
            sync: false,
            caching: Caching::new(PageCache::Keep),
            capabilities: Arc::new(capabilities()),
            left_out: Arc::default(),
            copied: Arc::default(),
        })
    }

    /// Whether a write waits until the disk has the file and its name; off by default, as with `cp`.
    pub fn sync(mut self, sync: bool) -> Self {
        self.sync = sync;
        self
    }

    /// What reads and writes do to the page cache; a store that goes past it has `direct` URIs.
    pub fn page_cache(mut self, page_cache: PageCache) -> Self {
        let scheme = if page_cache == PageCache::Bypass { "direct" } else { "file" };
        self.uri = StoreUri::new(scheme, self.uri.container(), "");
        self.caching = Caching::new(page_cache);
        self
    }

    #[cfg(test)]
    pub(crate) fn caching(self, caching: Caching) -> Self {
        Self { caching, ..self }
    }

    fn locate<T>(&self, operation: Operation, key: &Key, result: Result<T>) -> Result<T> {
        result.map_err(|error| error.with_operation(operation).with_uri(self.uri.with_key(key)))
    }

    fn plan(&self, mode: PutMode, length: Option<u64>) -> Plan {
        let caching = self.caching.clone();
        Plan { mode, length, permissions: PERMISSIONS, sync: self.sync, caching }
    }

    async fn try_head(&self, key: &Key, options: HeadOptions) -> Result<HeadResponse> {
        refuse_version(options.version.as_deref())?;
        let (root, key) = (Arc::clone(&self.root), key.clone());
        self.tasks
            .run(move || {
                let facts = root.look(&key)?;
                options.conditions.check(Some(&facts.etag()), Some(facts.last_modified()))?;
                Ok(HeadResponse::new(facts.meta(&key), Attributes::new()))
            })
            .await
    }

    async fn try_get(&self, key: &Key, options: GetOptions) -> Result<GetResponse> {
        refuse_version(options.version.as_deref())?;
        let (root, key, tasks) = (Arc::clone(&self.root), key.clone(), self.tasks.clone());
        let caching = self.caching.clone();
        self.tasks
            .run(move || {
                read::check_deadline(options.deadline)?;
                let file = root.open_file(&key, &caching)?;
                let meta = file.facts.meta(&key);
                options.conditions.check(meta.etag.as_deref(), meta.last_modified)?;
                let range = match options.range {
                    Some(range) => range.resolve(meta.size)?,
                    None => 0..meta.size,
                };
                let body = read::body(file, range.clone(), options.deadline, &tasks)?;
                Ok(GetResponse::new(meta, range, Attributes::new(), body))
            })
            .await
    }

    async fn try_put(&self, key: &Key, payload: Payload, options: PutOptions) -> Result<PutResponse> {
        refuse_attributes(&options.attributes)?;
        let payload = match payload {
            Payload::Body(body) if body.remaining() <= READ_FIRST => {
                Payload::from(in_time(options.deadline, body.bytes()).await?)
            }
            payload => payload,
        };
        let plan = self.plan(options.mode, payload.length());
        let (root, key, tasks) = (Arc::clone(&self.root), key.clone(), self.tasks.clone());
        if let (Payload::Rope(chunks), Some(length @ ..=AT_ONCE)) = (&payload, payload.length()) {
            let chunks = chunks.clone();
            return self
                .tasks
                .run(move || {
                    read::check_deadline(options.deadline)?;
                    let file = NewFile::create(&root, &key, plan, &tasks)?;
                    file.draft().write(0, &chunks)?;
                    file.commit(length)
                })
                .await;
        }
        let file = self.tasks.run(move || NewFile::create(&root, &key, plan, &tasks)).await?;
        let (draft, tasks) = (Arc::clone(file.draft()), self.tasks.clone());
        let target = Target { draft, base: 0, tasks };
        match target.write(payload, options.deadline).await {
            Ok(length) => self.tasks.run(move || file.commit(length)).await,
            Err(error) => {
                file.discard().await;
                Err(error)
            }
        }
    }

    async fn try_start_multipart(&self, key: &Key, options: PutOptions) -> Result<Box<dyn MultipartUpload>> {
        refuse_attributes(&options.attributes)?;
        let plan = self.plan(options.mode, None);
        let uri = self.uri.with_key(key);
        let (root, key, tasks) = (Arc::clone(&self.root), key.clone(), self.tasks.clone());
        let file = self.tasks.run(move || NewFile::create(&root, &key, plan, &tasks)).await?;
        Ok(Box::new(FileUpload::new(uri, file, options.deadline, self.tasks.clone())))
    }

    /// Copies a file. Errors of the target say so; all others are the source's.
    async fn try_copy(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<PutResponse> {
        let mut plan = self.plan(options.mode, None);
        plan.caching = self.caching.of_copies();
        let (root, tasks, from, to) = (Arc::clone(&self.root), self.tasks.clone(), from.clone(), to.clone());
        let target = self.uri.with_key(&to);
        let at_target = move |error: Error| error.with_uri(&target);
        let begin = self.tasks.run({
            let at_target = at_target.clone();
            move || {
                let source = root.open_file(&from, &plan.caching)?;
                plan.permissions = source.facts.permissions;
                Ok((NewFile::create(&root, &to, plan, &tasks).map_err(at_target)?, Arc::new(source)))
            }
        });
        let (file, source) = begin.await?;
        let (size, mut offset) = (source.facts.size, 0);
        while offset < size {
            let (draft, source) = (Arc::clone(file.draft()), Arc::clone(&source));
            let length = usize::try_from(COPY_BLOCK.min(size - offset)).expect("at most 64 MiB");
            match self.tasks.run(move || draft.copy_from(&source.file, offset, length)).await {
                Ok(0) => break,
                Ok(copied) => {
                    offset += copied as u64;
                    self.copied.fetch_add(copied as u64, Ordering::Relaxed);
                }
                Err(error) => {
                    file.discard().await;
                    return Err(if has_no_room(&error) { at_target(error) } else { error });
                }
            }
        }
        self.tasks
            .run(move || {
                source.check_unchanged()?;
                source.forget(0..size);
                file.commit(size).map_err(at_target)
            })
            .await
    }

    async fn remove(&self, keys: Vec<Key>) -> Vec<DeleteResult> {
        let (store, list) = (self.clone(), keys.clone());
        let removing = self.tasks.run(move || {
            let remove = |key: Key| {
                let result = store.locate(Operation::Delete, &key, store.root.remove(&key));
                DeleteResult { key, result }
            };
            Ok(list.into_iter().map(remove).collect())
        });
        match removing.await {
            Ok(results) => results,
            Err(error) => keys
                .into_iter()
                .map(|key| {
                    let cancelled = Err(Error::new(error.kind(), "the runtime is shutting down"));
                    DeleteResult { result: self.locate(Operation::Delete, &key, cancelled), key }
                })
                .collect(),
        }
    }
}

fn capabilities() -> Capabilities {
    let mut capabilities = Capabilities::all();
    capabilities.attributes = false;
    capabilities.versions = false;
    capabilities.any_key = false;
    capabilities.parts = PartLimits::new(1, u64::MAX, u32::MAX);
    capabilities
}

/// Whether the error of a copy is one that only a write has.
fn has_no_room(error: &Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    cause.is_some_and(|cause| {
        matches!(cause.kind(), StorageFull | QuotaExceeded | FileTooLarge | ReadOnlyFilesystem)
    })
}

fn refuse_attributes(attributes: &Attributes) -> Result<()> {
    if attributes.is_empty() {
        return Ok(());
    }
    Err(Error::unsupported("files have no content type, metadata or other attributes"))
}

fn refuse_version(version: Option<&str>) -> Result<()> {
    match version {
        Some(_) => Err(Error::unsupported("files have no versions")),
        None => Ok(()),
    }
}

#[async_trait]
impl Store for FileStore {
    fn uri(&self) -> &StoreUri {
        &self.uri
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn head(&self, key: &Key, options: HeadOptions) -> Result<HeadResponse> {
        self.locate(Operation::Head, key, self.try_head(key, options).await)
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<GetResponse> {
        self.locate(Operation::Get, key, self.try_get(key, options).await)
    }

    async fn put(&self, key: &Key, payload: Payload, options: PutOptions) -> Result<PutResponse> {
        self.locate(Operation::Put, key, self.try_put(key, payload, options).await)
    }

    async fn start_multipart(&self, key: &Key, options: PutOptions) -> Result<Box<dyn MultipartUpload>> {
        self.locate(Operation::Multipart, key, self.try_start_multipart(key, options).await)
    }

    fn list(&self, options: ListOptions) -> BoxStream<'static, Result<ListEntry>> {
        let left_out = Arc::clone(&self.left_out);
        list::list(Arc::clone(&self.root), self.uri.clone(), options, self.tasks.clone(), left_out)
    }

    fn delete(&self, keys: BoxStream<'static, Key>) -> BoxStream<'static, DeleteResult> {
        let store = self.clone();
        keys.ready_chunks(REMOVE_KEYS)
            .map(move |keys| {
                let store = store.clone();
                async move { store.remove(keys).await }
            })
            .buffer_unordered(REMOVE_TRIPS)
            .flat_map(stream::iter)
            .boxed()
    }

    async fn copy(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<PutResponse> {
        self.locate(Operation::Copy, from, self.try_copy(from, to, options).await)
    }

    fn stats(&self) -> TransferStats {
        let mut stats = TransferStats::default();
        stats.left_out = self.left_out.load(Ordering::Relaxed);
        // No one else sees them pass: the engine counts what goes through it.
        stats.bytes_read = self.copied.load(Ordering::Relaxed);
        stats
    }

    async fn drain(&self) {
        self.tasks.idle().await;
    }
}
