//! Listings by path segments, without the keys that a `Path` cannot hold.

use futures::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::path::{DELIMITER, Path};
use object_store::{Extensions, ListResult, ObjectMeta, Result};
use rangeway_core::{ListEntry, ListOptions, Store};

use super::convert;
use super::error::to_theirs;

/// The objects below `prefix` whose path is greater than `offset`.
pub(super) fn objects(
    store: &dyn Store,
    prefix: Option<&Path>,
    offset: Option<&Path>,
) -> BoxStream<'static, Result<ObjectMeta>> {
    let mut options = ListOptions::new().prefix(segments(prefix));
    options.start_after = offset.map(ToString::to_string);
    entries(store, prefix, options)
        .try_filter_map(async |entry| {
            Ok(match entry {
                Named::Object(meta) => Some(meta),
                Named::Prefix(_) => None,
            })
        })
        .boxed()
}

/// The objects and the common prefixes one level below `prefix`.
pub(super) async fn level(store: &dyn Store, prefix: Option<&Path>) -> Result<ListResult> {
    let options = ListOptions::new().prefix(segments(prefix)).delimiter(DELIMITER);
    let mut entries = entries(store, prefix, options);
    let mut found =
        ListResult { common_prefixes: Vec::new(), objects: Vec::new(), extensions: Extensions::default() };
    while let Some(entry) = entries.try_next().await? {
        match entry {
            Named::Object(meta) => found.objects.push(meta),
            Named::Prefix(prefix) => found.common_prefixes.push(prefix),
        }
    }
    Ok(found)
}

/// What keys below `prefix` start with: a prefix matches whole segments.
fn segments(prefix: Option<&Path>) -> String {
    match prefix {
        Some(prefix) if !prefix.is_root() => format!("{prefix}{DELIMITER}"),
        _ => String::new(),
    }
}

/// An entry that has a path.
enum Named {
    Object(ObjectMeta),
    Prefix(Path),
}

fn entries(
    store: &dyn Store,
    prefix: Option<&Path>,
    options: ListOptions,
) -> BoxStream<'static, Result<Named>> {
    let location = prefix.cloned().unwrap_or_default();
    store
        .list(options)
        .map_err(move |error| to_theirs(&location, error))
        .try_filter_map(|entry| std::future::ready(Ok(named(entry))))
        .boxed()
}

fn named(entry: ListEntry) -> Option<Named> {
    let path = match &entry {
        ListEntry::Object(meta) => convert::path(meta.key.as_str()),
        ListEntry::Prefix(prefix) => prefix.strip_suffix(DELIMITER).and_then(convert::path),
    };
    match (entry, path) {
        (ListEntry::Object(meta), Some(path)) => Some(Named::Object(convert::meta(path, meta))),
        (ListEntry::Prefix(_), Some(path)) => Some(Named::Prefix(path)),
        // Consoles make these to show an empty folder: there may be one for each folder.
        (ListEntry::Object(meta), None) if meta.size == 0 && meta.key.as_str().ends_with(DELIMITER) => {
            tracing::debug!(key = %meta.key, "left out of the listing: the marker of a folder");
            None
        }
        (entry, None) => {
            tracing::warn!(key = entry.name(), "left out of the listing: no object_store path can name it");
            None
        }
    }
}
