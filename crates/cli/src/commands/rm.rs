//! `rangeway rm`: deletes objects by their exact key, or everything below a prefix.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures::stream::{self, StreamExt};
use rangeway::{DeleteResult, Error, HeadOptions, Key, Result, StoreExt, StoreUri};
use serde::Serialize;

use super::tally::{ErrorRecord, Tally};
use super::tree::Tree;
use super::{Outcome, check_object};
use crate::args::Rm;
use crate::context::Context;
use crate::identity::resolved;
use crate::output::{Stop, unless_closed};
use crate::{folders, location, text};

/// How many objects that are named one by one are deleted at once.
const AT_ONCE: usize = 16;

pub(super) async fn run(args: &Rm, context: &Arc<Context>) -> Outcome {
    let places: Vec<_> = args
        .places
        .iter()
        .map(|place| location::parse_place(place, &context.registry))
        .collect::<Result<_, _>>()?;
    let mut tally = Tally::default();
    if args.recursive {
        for place in &places {
            check_tree(place, args.all)?;
        }
        for place in &places {
            match delete_tree(place, args, context, &mut tally).await {
                Err(Stop::Failed(error)) => fail(&error, context, &mut tally),
                ended => ended?,
            }
        }
    } else {
        for place in &places {
            if !location::is_local_link(place) {
                check_object(place, "rangeway rm -r deletes everything in it", context)?;
            }
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
    let everything = Error::invalid(format!("{} is everything there is", location::shown(place)));
    let Some(path) = location::local_path(place) else {
        return match (place.key().is_empty(), place.container().is_empty()) {
            (false, _) => Ok(()),
            (true, false) if all => Ok(()),
            (true, false) => Err(everything.with_hint("add --all to delete all of it")),
            (true, true) => Err(everything),
        };
    };
    // Without the slash at its end: behind that is what the link leads to.
    let itself: PathBuf = path.components().collect();
    let real = resolved(&itself);
    if real.parent().is_none() {
        return Err(everything);
    }
    if itself.is_symlink() && itself.is_dir() {
        return Err(Error::invalid(format!("{} is a symbolic link", itself.display())).with_hint(format!(
            "name the folder that it leads to, or delete the link itself with `rangeway rm {}`",
            itself.display()
        )));
    }
    if !all && std::env::current_dir().is_ok_and(|here| resolved(&here).starts_with(&real)) {
        return Err(Error::invalid(format!("{} is the folder you are in, or above it", itself.display()))
            .with_hint("add --all to delete it all the same"));
    }
    Ok(())
}

async fn delete_object(place: &StoreUri, args: &Rm, context: &Context) -> Result<()> {
    let store = context.store(place)?;
    if !args.force && !location::is_local_link(place) {
        // Deleting what does not exist succeeds on most services: a typo would look like success.
        let found = store.head(place.key(), HeadOptions::new()).await;
        found.map_err(|error| location::explained(error, place))?;
    }
    if args.dry_run { Ok(()) } else { store.delete_one(place.key()).await }
}

async fn delete_tree(place: &StoreUri, args: &Rm, context: &Context, tally: &mut Tally) -> Result<(), Stop> {
    let mut tree = Tree::open(context, place, false).await?;
    let folder = location::local_path(place).filter(|path| path.is_dir());
    let failed = tally.failed();
    for error in tree.unreadable().await {
        fail(&error, context, tally);
    }
    if tree.is_empty().await? && tally.failed() == failed {
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
        while let Some(found) = objects.next().await {
            match found {
                Ok(meta) => report(&place.with_key(meta.key), &Ok(()), true, context, tally)?,
                Err(error) => fail(&error, context, tally),
            }
        }
        return Ok(());
    }
    delete_below(tree, context, tally).await?;
    if let Some(folder) = folder {
        let removed = tokio::task::spawn_blocking(move || folders::remove_empty(&folder)).await;
        // What could not be deleted has been reported, and keeps its folder.
        if let Ok(Err(error)) = removed
            && tally.failed() == failed
        {
            fail(&error.with_uri(location::shown(place)), context, tally);
        }
    }
    Ok(())
}

/// Deletes everything in `tree` as it is listed. What cannot be listed or deleted is reported and counted.
pub(super) async fn delete_below(tree: Tree, context: &Context, tally: &mut Tally) -> Result<(), Stop> {
    let store = Arc::clone(&tree.store);
    let broken = Arc::<Mutex<Vec<Error>>>::default();
    let unlisted = Arc::clone(&broken);
    let keys = tree.entries().filter_map(move |entry| {
        let key = entry.map(|entry| Key::from(entry.name()));
        let key = key.map_err(|error| unlisted.lock().unwrap_or_else(PoisonError::into_inner).push(error));
        std::future::ready(key.ok())
    });
    let mut deleted = store.delete(keys.boxed());
    while let Some(DeleteResult { key, result }) = deleted.next().await {
        report(&store.uri().with_key(key), &result, false, context, tally)?;
    }
    for error in broken.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        fail(&error, context, tally);
    }
    Ok(())
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
            fail(error, context, tally);
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

fn fail(error: &Error, context: &Context, tally: &mut Tally) {
    context.output.error(error);
    tally.fail(error);
}
