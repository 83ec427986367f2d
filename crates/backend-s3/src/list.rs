//! Listings: pages of a thousand entries, each fetched when the last one has been consumed.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::stream::BoxStream;
use rangeway_core::{Error, ErrorKind, ListEntry, ListOptions, ObjectMeta, Operation, Result};
use rangeway_range_engine::Retry;
use rangeway_transport::pages::{self, Page};
use rangeway_transport::xml::Element;
use rangeway_transport::{Method, encode};

use crate::api::Api;

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
                error.with_operation(Operation::List).with_uri(api.uri().with_key(options.prefix.as_str()))
            })
        }
    })
}

async fn fetch(api: &Api, options: &ListOptions, token: Option<&str>) -> Result<Page> {
    let mut query = vec![("list-type", "2"), ("encoding-type", "url"), ("prefix", options.prefix.as_str())];
    query.extend(options.delimiter.as_deref().map(|delimiter| ("delimiter", delimiter)));
    match token {
        Some(token) => query.push(("continuation-token", token)),
        None => query.extend(options.start_after.as_deref().map(|after| ("start-after", after))),
    }
    let (_, document) = api.send_xml(api.bucket(Method::GET, &query)?, "ListBucketResult").await?;
    let (page, left_out) = parse(&document)?;
    api.left_out(left_out);
    Ok(page)
}

/// The page, and how many of its names cannot be keys.
fn parse(document: &Element) -> Result<(Page, u64)> {
    // Services that do not encode do not say so.
    let encoded = document.text("EncodingType") == Some("url");
    let mut left_out = 0;
    let mut name = |text: &str| {
        let name = if encoded { encode::decode(text) } else { Some(text.to_owned()) };
        if name.is_none() {
            tracing::warn!(name = text, "a name that is not UTF-8 is left out of the listing");
            left_out += 1;
        }
        name
    };
    let mut objects = VecDeque::new();
    for contents in document.children("Contents") {
        let key = contents.text("Key").ok_or_else(|| wrong("an entry of the listing has no key"))?;
        let Some(key) = name(key) else { continue };
        let size = contents.text("Size").and_then(|size| size.trim().parse().ok());
        let mut meta =
            ObjectMeta::new(key, size.ok_or_else(|| wrong("an entry of the listing has no size"))?);
        meta.etag = contents.text("ETag").filter(|etag| !etag.is_empty()).map(quoted);
        meta.last_modified = contents.text("LastModified").and_then(time);
        objects.push_back(ListEntry::Object(meta));
    }
    let prefixes = document.children("CommonPrefixes").filter_map(|group| name(group.text("Prefix")?));
    let prefixes = prefixes.map(ListEntry::Prefix).collect();
    let next = match (document.text("IsTruncated"), document.text("NextContinuationToken")) {
        (Some("true"), Some(token)) if !token.is_empty() => Some(token.to_owned()),
        (Some("true"), _) => return Err(wrong("the listing goes on and does not say where")),
        _ => None,
    };
    Ok((Page { entries: pages::merge(objects, prefixes), next }, left_out))
}

/// The etag as reads give it: some services leave the quotes out of listings.
fn quoted(etag: &str) -> String {
    if etag.ends_with('"') { etag.to_owned() } else { format!("\"{etag}\"") }
}

pub(crate) fn time(text: &str) -> Option<std::time::SystemTime> {
    humantime::parse_rfc3339_weak(text.trim()).ok()
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorKind::Integrity, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(inside: &str) -> Result<Page> {
        let text = format!(
            "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inside}</ListBucketResult>"
        );
        parse(&Element::parse(text.as_bytes())?).map(|(page, _)| page)
    }

    fn names(page: &Page) -> Vec<&str> {
        page.entries.iter().map(ListEntry::name).collect()
    }

    #[test]
    fn keys_are_decoded_only_when_the_answer_says_so() -> Result<()> {
        let entry = "<Contents><Key>a%20b+c</Key><Size>3</Size></Contents>";
        assert_eq!(names(&page(entry)?), ["a%20b+c"]);
        assert_eq!(names(&page(&format!("<EncodingType>url</EncodingType>{entry}"))?), ["a b c"]);
        Ok(())
    }

    #[test]
    fn odd_keys_do_not_break_a_page() -> Result<()> {
        let raw = page("<Contents><Key> &#x1;&amp;\n</Key><Size>0</Size></Contents>")?;
        assert_eq!(names(&raw), [" \u{1}&\n"]);
        let encoded = page(
            "<EncodingType>url</EncodingType><Contents><Key>%FF</Key><Size>0</Size></Contents>\
             <Contents><Key>%01%0A</Key><Size>0</Size></Contents>",
        )?;
        assert_eq!(names(&encoded), ["\u{1}\n"]);
        Ok(())
    }

    #[test]
    fn prefixes_and_objects_come_in_one_order() -> Result<()> {
        let page = page(
            "<Contents><Key>a</Key><Size>1</Size><ETag>e</ETag><LastModified>2009-10-12T17:50:30.000Z</LastModified>\
             </Contents><Contents><Key>c</Key><Size>2</Size><ETag>&quot;f&quot;</ETag></Contents>\
             <CommonPrefixes><Prefix>b/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>d/</Prefix></CommonPrefixes>\
             <IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>",
        )?;
        assert_eq!(names(&page), ["a", "b/", "c", "d/"]);
        assert_eq!(page.next.as_deref(), Some("t"));
        let ListEntry::Object(first) = &page.entries[0] else { panic!("an object") };
        assert_eq!((first.etag.as_deref(), first.last_modified.is_some()), (Some("\"e\""), true));
        Ok(())
    }

    #[test]
    fn a_listing_that_goes_on_nowhere_is_refused() {
        for bad in [
            "<IsTruncated>true</IsTruncated>",
            "<Contents><Size>1</Size></Contents>",
            "<Contents><Key>a</Key><Size>x</Size></Contents>",
        ] {
            assert_eq!(page(bad).expect_err(bad).kind(), ErrorKind::Integrity);
        }
    }
}
