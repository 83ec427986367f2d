//! `Copier`: copies one object, and says what became of it.

use std::sync::Arc;

use futures::StreamExt;
use rangeway::{
    Attributes, CopyOptions, Error, ErrorKind, GetOptions, HeadOptions, ListOptions, Operation, PutMode,
    PutOptions, PutResponse, Result, Store, StoreUri,
};

use super::Target;
use crate::args::Cp;
use crate::context::Context;
use crate::location;
use crate::progress::Progress;

/// One object to copy.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) from: Arc<dyn Store>,
    pub(super) to: Arc<dyn Store>,
    pub(super) source: StoreUri,
    pub(super) target: StoreUri,
    /// Its size where a listing has told.
    pub(super) size: Option<u64>,
}

/// What became of an item.
#[derive(Debug)]
pub(super) struct Copied {
    pub(super) source: String,
    pub(super) target: String,
    /// Whether a listing named it, and not the user.
    pub(super) is_listed: bool,
    pub(super) result: Result<Done>,
}

impl Copied {
    /// A listing that broke off.
    pub(super) fn nothing(error: Error) -> Self {
        Self { source: String::new(), target: String::new(), is_listed: true, result: Err(error) }
    }
}

/// How an item ended well.
#[derive(Debug)]
pub(super) enum Done {
    /// It is at its target.
    Copied { size: Option<u64>, response: PutResponse },
    /// The target existed and was to stay as it is.
    Skipped,
    /// It would be copied.
    Planned { size: u64 },
}

/// What all copies of one command share.
#[derive(Debug)]
pub(super) struct Copier {
    pub(super) to: Arc<dyn Store>,
    pub(super) progress: Progress,
    args: Cp,
}

impl Copier {
    pub(super) fn new(
        args: Cp,
        target: &Target,
        sources: &[StoreUri],
        context: &Arc<Context>,
    ) -> Result<Self> {
        let to = context.store(target.place())?;
        check_store(&to, &args).map_err(|error| error.with_uri(target.place()))?;
        let sources = sources.iter().map(|source| context.store(source)).collect::<Result<Vec<_>>>()?;
        let progress = Progress::start(context, position(sources, Arc::clone(&to)));
        Ok(Self { to, progress, args })
    }

    /// Whether trees are copied.
    pub(super) fn is_recursive(&self) -> bool {
        self.args.recursive
    }

    /// Whether nothing is written.
    pub(super) fn is_dry_run(&self) -> bool {
        self.args.dry_run
    }

    /// Copies one object.
    pub(super) async fn copy(&self, item: Item) -> Copied {
        let result = self.settled(self.try_copy(&item).await);
        Copied {
            source: location::shown(&item.source),
            target: location::shown(&item.target),
            is_listed: item.size.is_some(),
            result,
        }
    }

    /// Whether the target is to stay as it is. Looking first saves sending what would be refused; the write checks again.
    pub(super) async fn leaves(&self, to: &Arc<dyn Store>, target: &StoreUri) -> Result<bool> {
        Ok(self.args.no_clobber && exists(to, target).await?)
    }

    /// How an item ended: a target that was there already is no failure where it is to stay as it is.
    pub(super) fn settled(&self, result: Result<Done>) -> Result<Done> {
        match result {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && self.args.no_clobber => {
                Ok(Done::Skipped)
            }
            result => result,
        }
    }

    async fn try_copy(&self, item: &Item) -> Result<Done> {
        let (from, to) = (&item.from, &item.to);
        let (source, target) = (item.source.key(), item.target.key());
        let is_same_store = Arc::ptr_eq(from, to);
        // A store would put the file in the place of a folder that is empty.
        if location::is_local_folder(&item.target) {
            let folder = location::shown(&item.target);
            return Err(Error::invalid(format!("{folder} is a folder, and stays one"))
                .with_hint("remove it first, or give the copy another name"));
        }
        if self.leaves(to, &item.target).await? {
            return Ok(Done::Skipped);
        }
        if self.args.dry_run {
            self.check_write(to, &item.target).await?;
            let size = match item.size {
                Some(size) => size,
                None => explained(from.head(source, HeadOptions::new()).await, item).await?.meta.size,
            };
            return Ok(Done::Planned { size });
        }
        let options = self.put_options(to, Attributes::new());
        let keeps_attributes = options.attributes.is_empty();
        let can_copy = options.mode == PutMode::Overwrite || to.capabilities().copy_create;
        if is_same_store && keeps_attributes && can_copy {
            let size = self.size_of_copy(item).await;
            let copied = from.copy(source, target, CopyOptions::new().mode(options.mode)).await;
            let response = explained(copied, item).await?;
            return Ok(Done::Copied { size, response });
        }
        let mut options = GetOptions::new();
        // Attributes that the target cannot hold are not worth a request.
        options.full_meta = to.capabilities().attributes;
        let found = explained(from.get(source, options).await, item).await?;
        let size = found.meta.size;
        if item.size.is_none() {
            self.progress.expect(size);
        }
        let response = to.put(target, found.body.into(), self.put_options(to, found.attributes)).await?;
        Ok(Done::Copied { size: Some(size), response })
    }

    /// The size of what is copied without being read, where it costs no request to know; expected from here on.
    async fn size_of_copy(&self, item: &Item) -> Option<u64> {
        if item.size.is_some() || location::local_path(&item.source).is_none() {
            return item.size;
        }
        // What fails here fails in the copy too, and is told there.
        let size = item.from.head(item.source.key(), HeadOptions::new()).await.ok()?.meta.size;
        self.progress.expect(size);
        Some(size)
    }

    /// Fails where it is known, without writing, that a write would be refused.
    async fn check_write(&self, to: &Arc<dyn Store>, target: &StoreUri) -> Result<()> {
        if self.args.no_clobber && !to.capabilities().put_create {
            return Err(Error::unsupported("nothing can be written here only where there is nothing yet")
                .with_operation(Operation::Put)
                .with_uri(target));
        }
        if location::local_path(target).is_none() {
            return Ok(());
        }
        // Which names there can be costs no request to know.
        match to.head(target.key(), HeadOptions::new()).await {
            Err(error) if error.kind() == ErrorKind::InvalidInput => Err(error),
            _ => Ok(()),
        }
    }

    /// How an object with the attributes `source` is written.
    pub(super) fn put_options(&self, to: &Arc<dyn Store>, source: Attributes) -> PutOptions {
        // Storage classes are words of one service and of one bucket's owner: they don't travel.
        let keeps = to.capabilities().attributes;
        let mut attributes = if keeps { source } else { Attributes::new() };
        attributes.storage_class = None;
        if let Some(content_type) = &self.args.content_type {
            attributes = attributes.content_type(content_type);
        }
        if !self.args.metadata.is_empty() {
            attributes.metadata.clear();
        }
        for (name, value) in &self.args.metadata {
            attributes = attributes.metadata(name, value);
        }
        let mode = if self.args.no_clobber { PutMode::Create } else { PutMode::Overwrite };
        PutOptions::new().mode(mode).attributes(attributes)
    }
}

/// Fails where nothing of what is asked for can be written.
fn check_store(to: &Arc<dyn Store>, args: &Cp) -> Result<()> {
    let capabilities = to.capabilities();
    let refused = if capabilities.max_put_size == 0 {
        "this is for reading only"
    } else if !capabilities.attributes && (args.content_type.is_some() || !args.metadata.is_empty()) {
        "what is written here has no content type and no metadata"
    } else {
        return Ok(());
    };
    Err(Error::unsupported(refused).with_operation(Operation::Put))
}

/// How many bytes have been moved. Services count what they have accepted; a file is written at once when all is
/// read, so there what was read says more.
fn position(sources: Vec<Arc<dyn Store>>, to: Arc<dyn Store>) -> impl Fn() -> u64 + Send + 'static {
    let mut distinct: Vec<Arc<dyn Store>> = Vec::new();
    for source in sources {
        if !distinct.iter().any(|seen| Arc::ptr_eq(seen, &source)) {
            distinct.push(source);
        }
    }
    let to_files = location::local_path(to.uri()).is_some();
    move || {
        if to_files {
            distinct.iter().map(|source| source.stats().bytes_read).sum()
        } else {
            to.stats().bytes_written
        }
    }
}

/// Adds to the failure of a source what the user may have meant by it.
async fn explained<T>(result: Result<T>, item: &Item) -> Result<T> {
    match result {
        // What a listing named is no prefix.
        Err(error) if error.is_not_found() && item.size.is_none() => {
            Err(explain_missing(error, &item.from, &item.source).await)
        }
        result => result,
    }
}

async fn exists(store: &Arc<dyn Store>, place: &StoreUri) -> Result<bool> {
    match store.head(place.key(), HeadOptions::new()).await {
        Ok(_) => Ok(true),
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(error),
    }
}

/// The error of a source that was not found: a better one when it is a prefix.
pub(super) async fn explain_missing(error: Error, from: &Arc<dyn Store>, source: &StoreUri) -> Error {
    let below = from.list(ListOptions::new().prefix(location::below(source))).next().await;
    if matches!(below, Some(Ok(_))) { needs_recursive(source) } else { location::explained(error, source) }
}

/// The error of a source that is a prefix or a folder, without `-r`.
pub(super) fn needs_recursive(source: &StoreUri) -> Error {
    let what = match source.key().as_str() {
        _ if location::local_path(source).is_some() => "a folder",
        "" => "a bucket, not an object",
        _ => "a prefix, not an object",
    };
    Error::invalid(format!("{} is {what}", location::shown(source)))
        .with_hint("add -r to copy everything below it")
}
