//! Listings: pages of five thousand entries, each fetched when the last one has been consumed.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::stream::BoxStream;
use rangeway_core::{Error, ErrorKind, ListEntry, ListOptions, ObjectMeta, Operation, Result};
use rangeway_range_engine::Retry;
use rangeway_transport::pages::{self, Page};
use rangeway_transport::xml::Element;
use rangeway_transport::{Method, encode, headers};

use crate::api::Api;

/// The entries that `options` ask for, in byte order of their names.
pub(crate) fn list(
    api: Arc<Api>,
    retry: Retry,
    options: ListOptions,
) -> BoxStream<'static, Result<ListEntry>> {
    let options = Arc::new(options);
    pages::entries(move |marker| {
        let (api, retry, options) = (Arc::clone(&api), retry.clone(), Arc::clone(&options));
        async move {
            let page = retry.run(|_| fetch(&api, &options, marker.as_deref())).await;
            page.map_err(|error| {
                error.with_operation(Operation::List).with_uri(api.uri().with_key(options.prefix.as_str()))
            })
        }
    })
}

async fn fetch(api: &Api, options: &ListOptions, marker: Option<&str>) -> Result<Page> {
    let (mut page, left_out) = request(api, &options.prefix, options.delimiter.as_deref(), marker).await?;
    // Azure cannot begin in the middle, so what comes before is left out here.
    if let Some(after) = options.start_after.as_deref() {
        let mut kept = VecDeque::new();
        for entry in page.entries {
            if is_after(api, &entry, after).await? {
                kept.push_back(entry);
            }
        }
        page.entries = kept;
    }
    api.left_out(left_out);
    Ok(page)
}

async fn is_after(api: &Api, entry: &ListEntry, after: &str) -> Result<bool> {
    match entry {
        // Some keys of this group are after it and some are not, or none is: only the keys tell.
        ListEntry::Prefix(prefix) if after.starts_with(prefix.as_str()) => {
            any_after(api, prefix, after).await
        }
        entry => Ok(entry.name() > after),
    }
}

/// Whether any key that begins with `prefix` is after `after`.
async fn any_after(api: &Api, prefix: &str, after: &str) -> Result<bool> {
    let mut marker = None;
    loop {
        let (page, _) = request(api, prefix, None, marker.as_deref()).await?;
        if page.entries.iter().any(|entry| entry.name() > after) {
            return Ok(true);
        }
        marker = page.next;
        if marker.is_none() {
            return Ok(false);
        }
    }
}

async fn request(
    api: &Api,
    prefix: &str,
    delimiter: Option<&str>,
    marker: Option<&str>,
) -> Result<(Page, u64)> {
    let mut query = vec![("comp", "list"), ("prefix", prefix)];
    query.extend(delimiter.map(|delimiter| ("delimiter", delimiter)));
    query.extend(marker.map(|marker| ("marker", marker)));
    parse(&api.send_xml(api.container(Method::GET, &query)?, "EnumerationResults").await?)
}

/// The page, and how many of its names cannot be keys.
fn parse(document: &Element) -> Result<(Page, u64)> {
    let mut left_out = 0;
    let mut objects = VecDeque::new();
    let mut prefixes = VecDeque::new();
    for entry in document.child("Blobs").into_iter().flat_map(Element::all_children) {
        let name = entry.child("Name").ok_or_else(|| wrong("an entry of the listing has no name"))?;
        let Some(name) = decoded(name) else {
            tracing::warn!(name = name.own_text(), "a name that is not UTF-8 is left out of the listing");
            left_out += 1;
            continue;
        };
        match entry.name.as_str() {
            "BlobPrefix" => prefixes.push_back(ListEntry::Prefix(name)),
            "Blob" => objects.extend(object(name, entry)?.map(ListEntry::Object)),
            _ => {}
        }
    }
    let next = document.text("NextMarker").filter(|marker| !marker.is_empty()).map(str::to_owned);
    Ok((Page { entries: pages::merge(objects, prefixes), next }, left_out))
}

/// What a listing says of a blob; `None` for a folder of Data Lake Storage, which is no object.
fn object(name: String, entry: &Element) -> Result<Option<ObjectMeta>> {
    let properties =
        entry.child("Properties").ok_or_else(|| wrong("an entry of the listing has no properties"))?;
    if properties.text("ResourceType") == Some("directory") {
        return Ok(None);
    }
    let size = properties.text("Content-Length").and_then(|size| size.trim().parse().ok());
    let mut meta = ObjectMeta::new(name, size.ok_or_else(|| wrong("an entry of the listing has no size"))?);
    meta.etag = properties.text("Etag").filter(|etag| !etag.is_empty()).map(quoted);
    meta.last_modified = properties.text("Last-Modified").and_then(headers::time);
    meta.version = entry.text("VersionId").map(str::to_owned);
    Ok(Some(meta))
}

/// The name as it is: those that XML cannot hold come encoded, and say so.
fn decoded(name: &Element) -> Option<String> {
    let text = name.own_text();
    match name.attribute("Encoded") {
        // `+` stands for itself here.
        Some("true") => encode::decode(&text.replace('+', "%2B")),
        _ => Some(text.to_owned()),
    }
}

/// The etag as reads give it: listings leave the quotes out.
fn quoted(etag: &str) -> String {
    if etag.ends_with('"') { etag.to_owned() } else { format!("\"{etag}\"") }
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::Integrity, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(inside: &str) -> Result<(Page, u64)> {
        let text = format!("<EnumerationResults><Blobs>{inside}</Blobs><NextMarker/></EnumerationResults>");
        parse(&Element::parse(text.as_bytes())?)
    }

    fn blob(name: &str, more: &str) -> String {
        format!(
            "<Blob>{name}<Properties><Content-Length>3</Content-Length><Etag>0x8D</Etag>\
             <Last-Modified>Fri, 26 Jun 2015 23:39:12 GMT</Last-Modified>{more}</Properties></Blob>"
        )
    }

    #[test]
    fn entries_come_in_order_with_what_is_known_of_them() -> Result<()> {
        let text = blob("<Name>c</Name>", "")
            + "<BlobPrefix><Name>b/</Name></BlobPrefix>"
            + &blob("<Name>d</Name>", "<ResourceType>directory</ResourceType>")
            + &blob("<Name Encoded=\"true\">e%0A+%EF%BF%BE</Name>", "");
        let (page, left_out) = page(&text)?;
        assert_eq!(left_out, 0);
        let names: Vec<_> = page.entries.iter().map(ListEntry::name).collect();
        assert_eq!(names, ["b/", "c", "e\n+\u{fffe}"]);
        let ListEntry::Object(meta) = &page.entries[1] else { panic!("an object") };
        assert_eq!(
            (meta.size, meta.etag.as_deref(), meta.last_modified.is_some()),
            (3, Some("\"0x8D\""), true)
        );
        assert_eq!(page.next, None);
        Ok(())
    }

    /// The service keeps no such name: whoever sends one is no Azure.
    #[test]
    fn names_that_are_not_utf8_are_counted() -> Result<()> {
        let text = blob("<Name Encoded=\"true\">%FF</Name>", "")
            + "<BlobPrefix><Name Encoded=\"true\">%FE/</Name></BlobPrefix>"
            + &blob("<Name>%FF</Name>", "");
        let (page, left_out) = page(&text)?;
        assert_eq!(page.entries.iter().map(ListEntry::name).collect::<Vec<_>>(), ["%FF"]);
        assert_eq!(left_out, 2);
        Ok(())
    }

    #[test]
    fn an_entry_without_what_it_must_have_is_refused() {
        for bad in ["<Blob/>", "<Blob><Name>a</Name></Blob>", "<Blob><Name>a</Name><Properties/></Blob>"] {
            assert_eq!(page(bad).expect_err(bad).kind(), ErrorKind::Integrity);
        }
    }
}
