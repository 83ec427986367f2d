//! `rangeway stat`: what is known about objects.

use std::collections::BTreeMap;

use rangeway::{HeadOptions, HeadResponse, StoreUri};
use serde::Serialize;

use super::tally::Tally;
use super::{Outcome, parse_object};
use crate::args::Stat;
use crate::context::Context;
use crate::output::Stop;
use crate::{location, text};

pub(super) async fn run(args: &Stat, context: &Context) -> Outcome {
    let mut tally = Tally::default();
    for argument in &args.places {
        match head(argument, context).await {
            Ok((place, found)) => {
                tally.done();
                show(&place, &found, context, tally.succeeded() > 1)?;
            }
            Err(error) => {
                tally.fail(&error);
                context.output.error(&error);
            }
        }
    }
    Ok(tally.exit_code(args.places.len() == 1))
}

async fn head(argument: &str, context: &Context) -> rangeway::Result<(StoreUri, HeadResponse)> {
    let place = parse_object(argument, context)?;
    let found = context.store(&place)?.head(place.key(), HeadOptions::new()).await;
    let found = found.map_err(|error| location::explained(error, &place))?;
    Ok((place, found))
}

/// What is shown of an object; what a store doesn't know is left out.
#[derive(Serialize)]
struct Record<'a> {
    place: String,
    key: &'a str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_encoding: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_language: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_disposition: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_class: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: &'a BTreeMap<String, String>,
}

impl<'a> Record<'a> {
    fn new(place: &StoreUri, found: &'a HeadResponse) -> Self {
        let (meta, attributes) = (&found.meta, &found.attributes);
        Self {
            place: location::shown(place),
            key: meta.key.as_str(),
            size: meta.size,
            etag: meta.etag.as_deref(),
            last_modified: meta.last_modified.and_then(text::rfc3339),
            version: meta.version.as_deref(),
            content_type: attributes.content_type.as_deref(),
            content_encoding: attributes.content_encoding.as_deref(),
            content_language: attributes.content_language.as_deref(),
            content_disposition: attributes.content_disposition.as_deref(),
            cache_control: attributes.cache_control.as_deref(),
            storage_class: attributes.storage_class.as_deref(),
            metadata: &attributes.metadata,
        }
    }

    fn rows(&self) -> Vec<(String, String)> {
        let optional = [
            ("etag", self.etag),
            ("last modified", self.last_modified.as_deref()),
            ("version", self.version),
            ("content type", self.content_type),
            ("content encoding", self.content_encoding),
            ("content language", self.content_language),
            ("content disposition", self.content_disposition),
            ("cache control", self.cache_control),
            ("storage class", self.storage_class),
        ];
        let size = format!("{} ({})", self.size, text::bytes(self.size));
        let fixed = [("place", self.place.as_str()), ("size", size.as_str())];
        let known = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let known = fixed.into_iter().chain(known).map(|(name, value)| (name.to_owned(), value.to_owned()));
        known
            .chain(self.metadata.iter().map(|(name, value)| (format!("metadata {name}"), value.clone())))
            .collect()
    }
}

fn show(place: &StoreUri, found: &HeadResponse, context: &Context, is_further: bool) -> Result<(), Stop> {
    let record = Record::new(place, found);
    let output = &context.output;
    if output.is_json() {
        return output.record(&record);
    }
    if is_further {
        output.line("")?;
    }
    for (name, value) in record.rows() {
        output.line(&format!("{:<19} {}", output.name(&name), output.name(&value)))?;
    }
    Ok(())
}
