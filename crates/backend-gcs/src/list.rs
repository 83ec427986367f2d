//! Listings: pages of a thousand entries, each fetched when the last one has been consumed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;

use futures::stream::BoxStream;
use rangeway_core::{Error, ErrorKind, ListEntry, ListOptions, ObjectMeta, Operation, Result};
use rangeway_range_engine::Retry;
use rangeway_transport::Method;
use rangeway_transport::pages::{self, Page};
use serde::Deserialize;

use crate::api::Api;
use crate::generation::etag;

/// What is asked for of each object: answers are several times as long with all else.
const FIELDS: &str = "nextPageToken,prefixes,items(name,size,generation,updated)";

/// The most entries that the service puts into a page.
const PAGE: &str = "1000";

/// One page, as the service gives it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Objects {
    items: Vec<Object>,
    prefixes: Vec<String>,
    next_page_token: Option<String>,
}

/// An object of a page; numbers are text there.
#[derive(Debug, Deserialize)]
struct Object {
    name: String,
    size: String,
    generation: Option<String>,
    updated: Option<String>,
}

/// The entries that `options` ask for, in byte order of their names.
pub(crate) fn list(
    api: Arc<Api>,
    retry: Retry,
    options: ListOptions,
) -> BoxStream<'static, Result<ListEntry>> {
    let options = Arc::new(options);
    pages::entries(move |token| {
        let (api, retry, options) = (Arc::clone(&api), retry.clone(), Arc::clone(&options));
        async move {
            let page = retry.run(|_| fetch(&api, &options, token.as_deref())).await;
            page.map_err(|error| {
                let error = if error.is_not_found() && error.hint().is_none() {
                    error.with_hint("check the bucket's name, or create it with: rangeway mb gs://BUCKET")
                } else {
                    error
                };
                error.with_operation(Operation::List).with_uri(api.uri().with_key(options.prefix.as_str()))
            })
        }
    })
}

async fn fetch(api: &Api, options: &ListOptions, token: Option<&str>) -> Result<Page> {
    let (after, delimiter) = (options.start_after.as_deref(), options.delimiter.as_deref());
    let mut page = request(api, &options.prefix, delimiter, after, token).await?;
    if let Some(after) = after {
        // The service begins with the name that it is given, not after it.
        page.entries.retain(|entry| entry.name() > after);
        // Some keys of the group that it is in are after it, or none is: only the keys tell.
        if token.is_none()
            && let Some(group) = group(&options.prefix, delimiter, after)
            && any_after(api, group, after).await?
        {
            page.entries.push_front(ListEntry::Prefix(group.to_owned()));
        }
    }
    Ok(page)
}

/// The group that `name` is in, in a listing of `prefix` with that delimiter.
fn group<'a>(prefix: &str, delimiter: Option<&str>, name: &'a str) -> Option<&'a str> {
    let (rest, delimiter) = (name.strip_prefix(prefix)?, delimiter?);
    Some(&name[..prefix.len() + rest.find(delimiter)? + delimiter.len()])
}

/// Whether any key that begins with `prefix` is after `after`.
async fn any_after(api: &Api, prefix: &str, after: &str) -> Result<bool> {
    let mut token = None;
    loop {
        let page = request(api, prefix, None, Some(after), token.as_deref()).await?;
        if page.entries.iter().any(|entry| entry.name() > after) {
            return Ok(true);
        }
        token = page.next;
        if token.is_none() {
            return Ok(false);
        }
    }
}

async fn request(
    api: &Api,
    prefix: &str,
    delimiter: Option<&str>,
    start: Option<&str>,
    token: Option<&str>,
) -> Result<Page> {
    let mut query = vec![("fields", FIELDS), ("maxResults", PAGE), ("prefix", prefix)];
    query.extend(delimiter.map(|delimiter| ("delimiter", delimiter)));
    query.extend(start.map(|start| ("startOffset", start)));
    query.extend(token.map(|token| ("pageToken", token)));
    let path = format!("{}/o", api.bucket_path());
    page(api.send_json(api.json(Method::GET, &path, &query)?).await?)
}

fn page(objects: Objects) -> Result<Page> {
    let items: Result<VecDeque<_>> = objects.items.into_iter().map(entry).collect();
    let prefixes = objects.prefixes.into_iter().map(ListEntry::Prefix).collect();
    let next = objects.next_page_token.filter(|token| !token.is_empty());
    Ok(Page { entries: pages::merge(items?, prefixes), next })
}

fn entry(object: Object) -> Result<ListEntry> {
    let size = object.size.parse();
    let size = size.map_err(|_| Error::new(ErrorKind::Integrity, "an entry of the listing has no size"))?;
    let mut meta = ObjectMeta::new(object.name, size);
    meta.etag = object.generation.as_deref().map(etag);
    meta.last_modified = object.updated.as_deref().and_then(time);
    meta.version = object.generation;
    Ok(ListEntry::Object(meta))
}

/// A time of the JSON API.
pub(crate) fn time(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339_weak(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Page> {
        page(serde_json::from_str(text).expect("JSON"))
    }

    #[test]
    fn prefixes_and_objects_come_in_one_order() -> Result<()> {
        let page = of(r#"{"kind":"storage#objects","nextPageToken":"t","prefixes":["b/","d/"],"items":[
            {"name":"a","size":"1","generation":"17","updated":"2009-10-12T17:50:30.123Z"},
            {"name":"c\n\u0001","size":"2"}]}"#)?;
        assert_eq!(
            page.entries.iter().map(ListEntry::name).collect::<Vec<_>>(),
            ["a", "b/", "c\n\u{1}", "d/"]
        );
        assert_eq!(page.next.as_deref(), Some("t"));
        let ListEntry::Object(first) = &page.entries[0] else { panic!("an object") };
        assert_eq!(
            (first.size, first.etag.as_deref(), first.version.as_deref()),
            (1, Some("\"17\""), Some("17"))
        );
        assert!(first.last_modified.is_some());
        Ok(())
    }

    #[test]
    fn groups_row_by_row() {
        for (prefix, delimiter, name, expected) in [
            ("", Some("/"), "a/1", Some("a/")),
            ("", Some("/"), "a", None),
            ("a/", Some("/"), "a/b/c/d", Some("a/b/")),
            ("b", Some("/"), "a/1", None),
            ("", Some("--"), "a-b--c", Some("a-b--")),
            ("", None, "a/1", None),
        ] {
            assert_eq!(group(prefix, delimiter, name), expected, "{prefix} {delimiter:?} {name}");
        }
    }

    #[test]
    fn empty_pages_and_bad_sizes() -> Result<()> {
        assert_eq!(of("{}")?, Page { entries: VecDeque::new(), next: None });
        let error = of(r#"{"items":[{"name":"a","size":"x"}]}"#).expect_err("no size");
        assert_eq!(error.kind(), ErrorKind::Integrity);
        Ok(())
    }
}
