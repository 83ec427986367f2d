//! The headers that objects have, to and from our types. Pure functions.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, HeaderMap,
    HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, LAST_MODIFIED,
};
use rangeway_core::{Attributes, Conditions, Error, GetRange, Result};

#[cfg(test)]
mod tests;

/// What a [`Content-Range`](https://www.rfc-editor.org/rfc/rfc9110#section-14.4) header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentRange {
    /// The bytes that follow: half-open. `None` in the answer to a range that cannot be satisfied.
    pub range: Option<Range<u64>>,
    /// The size of the whole object; `None` when the server does not say.
    pub size: Option<u64>,
}

impl ContentRange {
    /// Parses `bytes 0-99/1000`, `bytes 0-99/*` and `bytes */1000`; `None` for anything else, and for numbers that
    /// contradict each other.
    pub fn parse(value: &str) -> Option<Self> {
        let (range, size) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
        let size = if size == "*" { None } else { Some(number(size)?) };
        if range == "*" {
            return size.map(|size| Self { range: None, size: Some(size) });
        }
        let (first, last) = range.split_once('-')?;
        let range = number(first)?..number(last)?.checked_add(1)?;
        let possible = range.start < range.end && size.is_none_or(|size| range.end <= size);
        possible.then_some(Self { range: Some(range), size })
    }
}

/// A number of digits only: `parse` alone would take a sign too.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The value of a [`Range`](https://www.rfc-editor.org/rfc/rfc9110#section-14.2) header.
///
/// # Errors
/// `InvalidInput` for an empty range, which HTTP cannot express.
pub fn range(range: &GetRange) -> Result<HeaderValue> {
    range.validate()?;
    let text = match range {
        GetRange::Bounded(range) => format!("bytes={}-{}", range.start, range.end - 1),
        GetRange::Offset(start) => format!("bytes={start}-"),
        GetRange::Suffix(length) => format!("bytes=-{length}"),
    };
    value("range", &text)
}

/// Adds the headers of `conditions`.
///
/// # Errors
/// `InvalidInput` for an etag that no header can hold.
pub fn put_conditions(headers: &mut HeaderMap, conditions: &Conditions) -> Result<()> {
    for (name, etag) in [(IF_MATCH, &conditions.if_match), (IF_NONE_MATCH, &conditions.if_none_match)] {
        if let Some(etag) = etag {
            headers.insert(name.clone(), value(name.as_str(), etag)?);
        }
    }
    let times = [
        (IF_MODIFIED_SINCE, conditions.if_modified_since),
        (IF_UNMODIFIED_SINCE, conditions.if_unmodified_since),
    ];
    for (name, time) in times {
        if let Some(time) = time {
            let date = date(time)?;
            headers.insert(name, value("date", &date)?);
        }
    }
    Ok(())
}

/// A time as HTTP writes it, which knows the years 1970 to 9998 only.
fn date(time: SystemTime) -> Result<String> {
    const END: u64 = 253_370_764_800;
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).map(|since| since.as_secs());
    match seconds {
        Ok(0..END) => Ok(httpdate::fmt_http_date(time)),
        _ => Err(Error::invalid("a time before 1970 or after 9998 cannot be sent")),
    }
}

/// The etag with its quotes.
pub fn etag(headers: &HeaderMap) -> Option<String> {
    text(headers, &ETAG)
}

/// The time of `Last-Modified`.
pub fn last_modified(headers: &HeaderMap) -> Option<SystemTime> {
    time(headers.get(LAST_MODIFIED)?.to_str().ok()?)
}

/// A time as HTTP writes it.
pub fn time(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text.trim()).ok()
}

/// The wait that a [`Retry-After`](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3) header asks for, in seconds
/// or as a date, at the time `now`.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Some(seconds) = number(value) {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// The headers of HTTP itself that are attributes.
fn plain(attributes: &Attributes) -> [(HeaderName, &Option<String>); 5] {
    [
        (CONTENT_TYPE, &attributes.content_type),
        (CONTENT_ENCODING, &attributes.content_encoding),
        (CONTENT_LANGUAGE, &attributes.content_language),
        (CONTENT_DISPOSITION, &attributes.content_disposition),
        (CACHE_CONTROL, &attributes.cache_control),
    ]
}

/// Adds the headers of `attributes`; those that start with `prefix` (`x-amz-`, `x-ms-`, `x-goog-`) are the service's:
/// `storage-class`, and `meta-NAME` for user metadata.
///
/// # Errors
/// `InvalidInput` for names and values that would not come back as they are: only ASCII without control characters
/// and without spaces around it does.
pub fn put_attributes(headers: &mut HeaderMap, prefix: &str, attributes: &Attributes) -> Result<()> {
    for (name, text) in plain(attributes) {
        if let Some(text) = text {
            headers.insert(name.clone(), value(name.as_str(), text)?);
        }
    }
    let class = attributes.storage_class.iter().map(|class| ("storage-class".to_owned(), class));
    let metadata = attributes.metadata.iter().map(|(name, text)| (format!("meta-{name}"), text));
    for (suffix, text) in class.chain(metadata) {
        let full = format!("{prefix}{suffix}");
        let name = HeaderName::from_bytes(full.as_bytes())
            .map_err(|error| Error::invalid(format!("{full:?} is no name of a header")).with_source(error))?;
        headers.insert(name, value(&full, text)?);
    }
    Ok(())
}

/// The attributes that `headers` hold; see [`put_attributes`].
pub fn attributes(headers: &HeaderMap, prefix: &str) -> Attributes {
    let mut found = Attributes::new();
    found.content_type = text(headers, &CONTENT_TYPE);
    found.content_encoding = text(headers, &CONTENT_ENCODING);
    found.content_language = text(headers, &CONTENT_LANGUAGE);
    found.content_disposition = text(headers, &CONTENT_DISPOSITION);
    found.cache_control = text(headers, &CACHE_CONTROL);
    let mut metadata = BTreeMap::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix(prefix) else { continue };
        let Ok(value) = std::str::from_utf8(value.as_bytes()) else { continue };
        if name == "storage-class" {
            found.storage_class = Some(value.to_owned());
        } else if let Some(name) = name.strip_prefix("meta-") {
            metadata.insert(name.to_owned(), value.to_owned());
        }
    }
    found.metadata = metadata;
    found
}

/// The text of a header, when it is UTF-8.
pub fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    Some(std::str::from_utf8(headers.get(name)?.as_bytes()).ok()?.to_owned())
}

/// The header value `text` for the header `name`.
///
/// # Errors
/// `InvalidInput` for what would not arrive as it is.
pub fn value(name: &str, text: &str) -> Result<HeaderValue> {
    let kept = text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && text.trim() == text;
    let value = kept.then(|| HeaderValue::from_str(text).ok()).flatten();
    value.ok_or_else(|| {
        Error::invalid(format!(
            "the value of {name} is not plain ASCII, or begins or ends with a space: it would not come back as it is"
        ))
        .with_hint("encode such values, for example with percent-encoding")
    })
}
