//! From a source to the objects to copy, as they are listed.

use std::future::ready;
use std::sync::Arc;
use std::task::Poll;

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use rangeway::{Error, ObjectMeta, Result, Store, StoreUri};

use super::object::{Copied, Copier, Item, needs_recursive};
use super::target::Target;
use crate::commands::tree::Tree;
use crate::context::Context;
use crate::location;

/// The objects that a source means, and where each goes.
pub(super) async fn items(
    source: &StoreUri,
    target: &Target,
    copier: &Copier,
    context: &Context,
) -> Result<BoxStream<'static, Result<Item>>> {
    let key = source.key().as_str();
    let is_prefix = key.is_empty() || key.ends_with('/') || location::is_local_folder(source);
    // Where nothing is listed, such names are pages.
    let is_tree = is_prefix && context.store(source)?.capabilities().list;
    if !copier.is_recursive() {
        return if is_tree { Err(needs_recursive(source)) } else { one(source, target, copier, context) };
    }
    let mut tree = Tree::open(context, source, false).await?;
    let unreadable = tree.unreadable().await;
    if tree.is_empty().await? {
        if let Some(error) = unreadable.into_iter().next() {
            return Err(error);
        }
        return if is_tree { nothing(source) } else { one(source, target, copier, context) };
    }
    let prefix = target.of_tree(source)?;
    let target = target.place().with_key(prefix);
    let whole = source.with_key(tree.prefix.as_str());
    if context.identity(&target)?.is_inside(&context.identity(&whole)?) {
        let (inner, outer) = (location::shown(&target), location::shown(source));
        let error = Error::invalid(format!("the target {inner} is inside the source {outer}"));
        return Err(unless_elsewhere(error, source, &target));
    }
    let (to, target) = match location::local_path(&target) {
        // Names that come from elsewhere may try to leave the folder.
        Some(folder) if location::local_path(source).is_none() && !copier.is_dry_run() => {
            let to = context.folder_store(&target, &folder)?;
            let root = to.uri().clone();
            (to, root)
        }
        _ => (Arc::clone(&copier.to), target),
    };
    let unreadable = stream::iter(unreadable.into_iter().map(Err));
    Ok(unreadable.chain(below(tree, source.clone(), to, target)).boxed())
}

fn one(
    source: &StoreUri,
    target: &Target,
    copier: &Copier,
    context: &Context,
) -> Result<BoxStream<'static, Result<Item>>> {
    let target = target.of_object(source)?;
    if context.identity(source)? == context.identity(&target)? {
        let error = Error::invalid(format!("{} is both source and target", location::shown(source)));
        return Err(unless_elsewhere(error, source, &target));
    }
    let (from, to) = (context.store(source)?, Arc::clone(&copier.to));
    let item = Item { from, to, source: source.clone(), target, size: None };
    Ok(stream::iter([Ok(item)]).boxed())
}

/// The error of two places that are one, as far as their settings tell.
fn unless_elsewhere(error: Error, source: &StoreUri, target: &StoreUri) -> Error {
    if location::local_path(source).is_some() || source.settings() == target.settings() {
        return error;
    }
    error.with_hint("if they are at two services, give each its own endpoint")
}

/// An empty bucket or local folder is an empty tree; a prefix that nothing starts with does not exist.
fn nothing(source: &StoreUri) -> Result<BoxStream<'static, Result<Item>>> {
    if source.key().is_empty() || location::is_local_folder(source) {
        return Ok(stream::empty().boxed());
    }
    Err(Tree::missing(source))
}

fn below(
    tree: Tree,
    source: StoreUri,
    to: Arc<dyn Store>,
    target: StoreUri,
) -> BoxStream<'static, Result<Item>> {
    let (from, base) = (Arc::clone(&tree.store), tree.prefix.clone());
    let keeps_markers = to.capabilities().any_key;
    let item = move |meta: ObjectMeta| {
        let relative = meta.key.as_str().strip_prefix(&base)?;
        // Consoles mark folders by empty objects: where folders are real there is nothing to copy.
        if meta.size == 0 && (relative.is_empty() || relative.ends_with('/')) && !keeps_markers {
            tracing::debug!(key = %meta.key, "skipped the mark of a folder");
            return None;
        }
        Some(Item {
            from: Arc::clone(&from),
            to: Arc::clone(&to),
            target: target.with_key(format!("{}{relative}", target.key())),
            source: source.with_key(&meta.key),
            size: Some(meta.size),
        })
    };
    tree.objects().filter_map(move |meta| ready(meta.map(&item).transpose())).boxed()
}

/// The jobs that copy `items`; each is counted into the progress as it is listed.
pub(super) fn work(
    items: BoxStream<'static, Result<Item>>,
    copier: Arc<Copier>,
    is_last: bool,
) -> BoxStream<'static, BoxFuture<'static, Copied>> {
    let ended = Arc::clone(&copier);
    let end = stream::poll_fn(move |_| {
        if is_last {
            ended.progress.expect_no_more();
        }
        Poll::Ready(None)
    });
    let job = move |item: Result<Item>| {
        let copier = Arc::clone(&copier);
        if let Ok(item) = &item {
            copier.progress.expect(item.size.unwrap_or(0));
        }
        async move {
            match item {
                Ok(item) => copier.copy(item).await,
                Err(error) => Copied::nothing(error),
            }
        }
        .boxed()
    };
    items.map(job).chain(end).boxed()
}
