//! `Tree`: everything below a place, as a listing that is known to have a beginning.

use std::pin::Pin;
use std::sync::Arc;

use futures::stream::{BoxStream, Peekable, StreamExt};
use rangeway::{
    Error, ErrorKind, HeadOptions, ListEntry, ListOptions, ObjectMeta, Operation, Result, Store, StoreUri,
};

use crate::context::Context;
use crate::location;

/// The objects below a place.
pub(super) struct Tree {
    pub(super) store: Arc<dyn Store>,
    /// What the keys of all of them start with; empty, or ends with `/`.
    pub(super) prefix: String,
    /// Whether the listing goes on after an error: a folder that cannot be read hides no other.
    goes_on: bool,
    entries: Peekable<BoxStream<'static, Result<ListEntry>>>,
}

impl Tree {
    /// Lists everything below `place`, level by level only if `one_level`.
    ///
    /// # Errors
    /// `InvalidInput` for a local path that no key can begin with, such as one with two slashes in a row: a listing has
    /// nothing there, and that would look like an empty folder. `Unsupported` for a store without listings.
    pub(super) async fn open(context: &Context, place: &StoreUri, one_level: bool) -> Result<Self> {
        let store = context.store(place)?;
        if !store.capabilities().list {
            return Err(Error::unsupported("there are no listings here")
                .with_operation(Operation::List)
                .with_uri(place)
                .with_hint("name each file by its own URL, without -r"));
        }
        let prefix = location::below(place);
        if location::local_path(place).is_some() {
            // The store knows which keys there can be: any name will do to ask.
            let probe = place.with_key(format!("{prefix}-"));
            match store.head(probe.key(), HeadOptions::new()).await {
                Err(error) if error.kind() == ErrorKind::InvalidInput => {
                    return Err(Error::invalid("no file can be below this path")
                        .with_operation(Operation::List)
                        .with_uri(place)
                        .with_source(error));
                }
                _ => {}
            }
        }
        let mut options = ListOptions::new().prefix(prefix.clone());
        if one_level {
            options = options.delimiter("/");
        }
        let entries = store.list(options).peekable();
        Ok(Self { store, prefix, goes_on: location::local_path(place).is_some(), entries })
    }

    /// The error of a prefix that nothing starts with.
    pub(super) fn missing(place: &StoreUri) -> Error {
        let error = Error::new(ErrorKind::NotFound, "nothing starts with this prefix");
        location::explained(error.with_operation(Operation::List).with_uri(place), place)
    }

    /// What cannot be listed before the first entry, in a listing that goes on all the same.
    pub(super) async fn unreadable(&mut self) -> Vec<Error> {
        let mut errors = Vec::new();
        while self.goes_on
            && let Some(Err(error)) = Pin::new(&mut self.entries).next_if(Result::is_err).await
        {
            errors.push(error);
        }
        errors
    }

    /// Whether there is nothing below the place.
    ///
    /// # Errors
    /// When not even the first entry can be had.
    pub(super) async fn is_empty(&mut self) -> Result<bool> {
        let mut entries = Pin::new(&mut self.entries);
        if let Some(error) = entries.as_mut().next_if(Result::is_err).await {
            error?;
        }
        Ok(entries.peek().await.is_none())
    }

    /// The entries in order of their names.
    pub(super) fn entries(self) -> BoxStream<'static, Result<ListEntry>> {
        self.entries.boxed()
    }

    /// The objects in order of their keys.
    pub(super) fn objects(self) -> BoxStream<'static, Result<ObjectMeta>> {
        self.entries
            .filter_map(async |entry| match entry {
                Ok(ListEntry::Object(meta)) => Some(Ok(meta)),
                Ok(ListEntry::Prefix(_)) => None,
                Err(error) => Some(Err(error)),
            })
            .boxed()
    }
}
