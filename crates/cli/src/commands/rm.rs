//! `rangeway rm`: deletes objects by their exact key, or everything below a prefix.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures::stream::{self, BoxStream, StreamExt};
use rangeway::{DeleteResult, Error, HeadOptions, Key, ListOptions, Result, Store, StoreExt, StoreUri};
use serde::Serialize;

use super::tally::{ErrorRecord, Tally};
use super::tree::Tree;
use super::{Outcome, check_object};
use crate::args::Rm;
use crate::context::Context;
use crate::output::{Stop, unless_closed};
use crate::{location, text};

/// How many objects that are named one by one are deleted at once.
const AT_ONCE: usize = 16;

pub(super) async fn run(args: &Rm, context: &Arc<Context>) -> Outcome {
    let places: Vec<_> =
        args.places.iter().map(|place| location::parse_place(place)).collect::<Result<_, _>>()?;
    let mut tally = Tally::default();
    if args.recursive {
        for place in &places {
            check_tree(place, args.all)?;
        }
        for place in &places {
            if let Err(error) = delete_tree(place, args, context, &mut tally).await {
                fail(error, context, &mut tally)?;
            }
        }
    } else {
        for place in &places {
            check_object(place, "rangeway rm -r deletes everything in it")?;
        }
        let mut deleted = stream::iter(places.clone())
            .map(|place| async move {
                let result = delete_object(&place, args, context).await;
                (place, result)
            })
            .buffered(AT_ONCE);
        while let Some((place, result)) = deleted.next().await {
            report(&place, &result, args.dry_run, context, &mut tally)?;
        }
    }
    let verb = if args.dry_run { "would delete" } else { "deleted" };
    context.output.summary(&format!("{verb} {}", text::objects(tally.succeeded())));
    Ok(tally.exit_code(places.len() == 1 && tally.succeeded() == 0 && tally.failed() == 1))
}

/// Refuses to empty a whole bucket unless told so, and the root of a file system ever; also what a symbolic link leads
/// to, and the folder that the user stands in.
fn check_tree(place: &StoreUri, all: bool) -> Result<()> {
    if let Some(path) = location::local_path(place) {
        // Without the slash at its end: behind that is what the link leads to.
        let itself: PathBuf = path.components().collect();
        if itself.is_symlink() && itself.is_dir() {
            return Err(Error::invalid(format!("{} is a symbolic link", itself.display()))
                .with_hint("name the folder that it leads to, or delete the link itself with rm"));
        }
        if !all
            && let Ok(here) = std::env::current_dir()
            && here.starts_with(&itself)
        {
            return Err(Error::invalid(format!(
                "{} is the folder you are in, or above it",
                itself.display()
            ))
            .with_hint("add --all to delete it all the same"));
        }
    }
    if !place.key().is_empty() || (all && !place.container().is_empty()) {
        return Ok(());
    }
    let error = Error::invalid(format!("{} is everything there is", location::shown(place)));
    Err(if place.container().is_empty() { error } else { error.with_hint("add --all to delete all of it") })
}

async fn delete_object(place: &StoreUri, args: &Rm, context: &Context) -> Result<()> {
    let store = context.store(place)?;
    if !args.force {
        // Deleting what does not exist succeeds on most services: a typo would look like success.
        store.head(place.key(), HeadOptions::new()).await?;
    }
    if args.dry_run { Ok(()) } else { store.delete_one(place.key()).await }
}

async fn delete_tree(place: &StoreUri, args: &Rm, context: &Context, tally: &mut Tally) -> Result<(), Stop> {
    let mut tree = Tree::open(context, place, false)?;
    let folder = location::local_path(place).filter(|path| path.is_dir());
    if tree.is_empty().await? {
        if place.key().as_str().ends_with('/') && folder.is_none() && !args.force {
            return Err(Tree::missing(place).into());
        }
        if !place.key().is_empty() && !place.key().as_str().ends_with('/') && folder.is_none() {
            let result = delete_object(place, args, context).await;
            return report(place, &result, args.dry_run, context, tally);
        }
    }
    if args.dry_run {
        let mut objects = tree.objects();
        while let Some(meta) = objects.next().await {
            report(&place.with_key(meta?.key), &Ok(()), true, context, tally)?;
        }
        return Ok(());
    }
    let (store, prefix) = (Arc::clone(&tree.store), tree.prefix.clone());
    drop(tree);
    delete_below(&store, &prefix, context, tally).await?;
    if let Some(folder) = folder {
        // Stores have no folders; on a disk they would stay behind.
        let removed = tokio::task::spawn_blocking(move || remove_empty_folders(&folder)).await;
        if let Ok(Err(error)) = removed {
            context.output.warn(&format!("{} stays: {error}", location::shown(place)));
        }
    }
    Ok(())
}

/// Removes a folder and those in it, as far as they are empty.
fn remove_empty_folders(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            // What is left in one of them shows when the folder itself is removed.
            let _ = remove_empty_folders(&entry.path());
        }
    }
    std::fs::remove_dir(folder)
}

/// Deletes everything whose key starts with `prefix` as it is listed.
///
/// # Errors
/// When the listing fails; what was listed before is deleted. Keys that cannot be deleted are reported and counted.
pub(super) async fn delete_below(
    store: &Arc<dyn Store>,
    prefix: &str,
    context: &Context,
    tally: &mut Tally,
) -> Result<(), Stop> {
    let (keys, broken) = keys_below(store, prefix);
    let mut deleted = store.delete(keys);
    while let Some(DeleteResult { key, result }) = deleted.next().await {
        report(&store.uri().with_key(key), &result, false, context, tally)?;
    }
    let broken = broken.lock().unwrap_or_else(PoisonError::into_inner).take();
    broken.map_or(Ok(()), |error| Err(error.into()))
}

/// The keys that start with `prefix`, and beside them the error that ended the listing, if one did.
fn keys_below(store: &Arc<dyn Store>, prefix: &str) -> (BoxStream<'static, Key>, Arc<Mutex<Option<Error>>>) {
    let broken = Arc::new(Mutex::new(None));
    let keys = store.list(ListOptions::new().prefix(prefix)).scan(Arc::clone(&broken), |broken, entry| {
        let key = match entry {
            Ok(entry) => Some(Key::from(entry.name())),
            Err(error) => {
                *broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                None
            }
        };
        std::future::ready(key)
    });
    (keys.boxed(), broken)
}

#[derive(Serialize)]
struct Record<'a> {
    place: String,
    key: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorRecord>,
}

/// Counts what became of one object, and shows failures; successes only where each is a result of its own.
fn report(
    place: &StoreUri,
    result: &Result<()>,
    dry_run: bool,
    context: &Context,
    tally: &mut Tally,
) -> Result<(), Stop> {
    let output = &context.output;
    let (status, error) = match result {
        Ok(()) => {
            tally.done();
            (if dry_run { "planned" } else { "deleted" }, None)
        }
        Err(error) => {
            tally.fail(error);
            output.error(error);
            ("failed", Some(error.into()))
        }
    };
    let place_shown = location::shown(place);
    unless_closed(if output.is_json() {
        output.record(&Record { place: place_shown, key: place.key().as_str(), status, error })
    } else if dry_run && result.is_ok() {
        output.line(&format!("would delete {}", output.name(&place_shown)))
    } else {
        Ok(())
    })
}

fn fail(stop: Stop, context: &Context, tally: &mut Tally) -> Result<(), Stop> {
    match stop {
        Stop::Closed => Err(Stop::Closed),
        Stop::Failed(error) => {
            context.output.error(&error);
            tally.fail(&error);
            Ok(())
        }
    }
}
