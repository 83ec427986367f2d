//! `rangeway ls`: buckets, a level of a bucket, or everything below a prefix, as it is listed.

use std::time::SystemTime;

use futures::StreamExt;
use rangeway::{Error, ErrorKind, HeadOptions, ListEntry, ObjectMeta, Operation, StoreUri};
use serde::Serialize;

use super::Outcome;
use super::tally::Tally;
use super::tree::Tree;
use crate::args::Ls;
use crate::context::Context;
use crate::exit_code::ExitCode;
use crate::output::{Output, Stop};
use crate::{location, text};

/// How many entries are written at once when they arrive faster than they are written.
const BATCH: usize = 1000;

pub(super) async fn run(args: &Ls, context: &Context) -> Outcome {
    let place = location::parse_place(&args.place, &context.registry)?;
    if place.container().is_empty() && place.key().is_empty() && show_buckets(&place, context).await? {
        return Ok(ExitCode::Success);
    }
    let mut tree = Tree::open(context, &place, !args.recursive).await?;
    let show = Show { output: &context.output, human: args.human, base: tree.prefix.clone() };
    let mut tally = Tally::default();
    for error in tree.unreadable().await {
        context.output.error(&error);
        tally.fail(&error);
    }
    if tree.is_empty().await? && tally.failed() == 0 {
        return show_object(&place, context, show).await;
    }
    let mut batches = tree.entries().ready_chunks(BATCH);
    while let Some(batch) = batches.next().await {
        for entry in batch {
            match entry {
                Ok(entry) => {
                    show.entry(&entry)?;
                    tally.done();
                }
                Err(error) => {
                    context.output.error(&error);
                    tally.fail(&error);
                }
            }
        }
        // What is known is shown before the next page is waited for.
        context.output.flush()?;
    }
    Ok(tally.exit_code(tally.succeeded() == 0))
}

/// Lists the buckets; `false` where there are none but only one tree, as in local files.
async fn show_buckets(place: &StoreUri, context: &Context) -> Result<bool, Stop> {
    context.registry.check_names(place, &context.settings)?;
    let backend = context.registry.backend(place.scheme())?;
    let buckets = match backend.list_containers(place, &context.settings.for_uri(place)).await {
        Ok(buckets) => buckets,
        Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let output = &context.output;
    for bucket in buckets {
        if output.is_json() {
            let created = bucket.created.and_then(text::rfc3339);
            output.record(&BucketRecord { bucket: &bucket.name, created })?;
        } else {
            let uri = StoreUri::new(place.scheme(), bucket.name, "");
            output.line(&format!("{}  {}", time(bucket.created), output.name(&uri.to_string())))?;
        }
    }
    Ok(true)
}

/// Nothing is below the place: it may be an object itself, or an empty bucket or folder.
async fn show_object(place: &StoreUri, context: &Context, mut show: Show<'_>) -> Outcome {
    if place.key().is_empty() || location::is_local_folder(place) {
        return Ok(ExitCode::Success);
    }
    let key = place.key();
    // An object of such a name would have been listed.
    if key.as_str().ends_with('/') {
        return Err(nothing_at(place).into());
    }
    let found = context.store(place)?.head(key, HeadOptions::new()).await;
    let meta = found.map_err(|error| if error.is_not_found() { nothing_at(place) } else { error })?.meta;
    show.base = key.as_str()[..key.as_str().len() - key.file_name().len()].to_owned();
    show.entry(&ListEntry::Object(meta))?;
    Ok(ExitCode::Success)
}

fn nothing_at(place: &StoreUri) -> Error {
    let error = Error::new(ErrorKind::NotFound, "no such object, and nothing below it");
    location::explained(error.with_operation(Operation::List).with_uri(place), place)
}

#[derive(Serialize)]
struct BucketRecord<'a> {
    bucket: &'a str,
    created: Option<String>,
}

#[derive(Serialize)]
struct ObjectRecord<'a> {
    key: &'a str,
    size: u64,
    etag: Option<&'a str>,
    last_modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

impl<'a> From<&'a ObjectMeta> for ObjectRecord<'a> {
    fn from(meta: &'a ObjectMeta) -> Self {
        Self {
            key: meta.key.as_str(),
            size: meta.size,
            etag: meta.etag.as_deref(),
            last_modified: meta.last_modified.and_then(text::rfc3339),
            version: meta.version.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct PrefixRecord<'a> {
    prefix: &'a str,
}

/// How entries are shown.
struct Show<'a> {
    output: &'a Output,
    human: bool,
    /// What is left out of every name.
    base: String,
}

impl Show<'_> {
    fn entry(&self, entry: &ListEntry) -> Result<(), Stop> {
        match entry {
            ListEntry::Object(meta) if self.output.is_json() => self.output.record(&ObjectRecord::from(meta)),
            ListEntry::Prefix(prefix) if self.output.is_json() => {
                self.output.record(&PrefixRecord { prefix })
            }
            ListEntry::Object(meta) => self.row(meta.last_modified, &self.size(meta.size), entry.name()),
            ListEntry::Prefix(_) => self.row(None, "DIR", entry.name()),
        }
    }

    fn row(&self, modified: Option<SystemTime>, size: &str, name: &str) -> Result<(), Stop> {
        let relative = match name.strip_prefix(&self.base).unwrap_or(name) {
            // An object that marks the prefix itself.
            "" => "./",
            relative => relative,
        };
        self.output.line(&format!("{}  {size:>12}  {}", time(modified), self.output.name(relative)))
    }

    fn size(&self, size: u64) -> String {
        if self.human { text::bytes(size) } else { size.to_string() }
    }
}

/// A time in a column of its own, also where none is known.
fn time(time: Option<SystemTime>) -> String {
    format!("{:<20}", time.and_then(text::rfc3339_seconds).unwrap_or_default())
}
