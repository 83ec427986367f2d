//! Listings: the walk through the folders, batch by batch off the async threads, as fast as it is asked for.

mod folder;
mod walk;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use futures::stream::{self, BoxStream, StreamExt};
use rangeway_core::{ListEntry, ListOptions, Operation, Result, StoreUri};

use crate::root::Root;
use crate::tasks::Tasks;
use walk::Walk;

/// How many names one trip to another thread looks at. A folder is read as a whole all the same, to be sorted.
const BATCH: usize = 1000;

/// The entries that `options` ask for, in byte order of their keys. Those that no key can name are counted into
/// `left_out`.
pub(crate) fn list(
    root: Arc<Root>,
    uri: StoreUri,
    options: ListOptions,
    tasks: Tasks,
    left_out: Arc<AtomicU64>,
) -> BoxStream<'static, Result<ListEntry>> {
    let walk = Walk::new(root, options, left_out);
    stream::unfold(Some(walk), move |walk| {
        let uri = uri.clone();
        let batch = walk.map(|mut walk| {
            tasks.run(move || {
                let batch = walk.batch(BATCH);
                Ok((batch, walk))
            })
        });
        async move {
            let (entries, next) = match batch?.await {
                Ok((entries, walk)) if walk.has_ended() => (entries, None),
                Ok((entries, walk)) => (entries, Some(walk)),
                Err(error) => (vec![Err((String::new(), error))], None),
            };
            let located = entries.into_iter().map(move |entry| {
                entry.map_err(|(path, error)| {
                    error.with_operation(Operation::List).with_uri(uri.with_key(path))
                })
            });
            Some((stream::iter(located), next))
        }
    })
    .flatten()
    .boxed()
}
