//! Attributes of blobs: Azure has names of its own for what writes say.

use rangeway_core::{Attributes, Error, Result};
use rangeway_transport::{HeaderMap, HeaderName, headers};

/// The prefix of the service's own headers.
const PREFIX: &str = "x-ms-";

const TIER: HeaderName = HeaderName::from_static("x-ms-access-tier");

const INFERRED: HeaderName = HeaderName::from_static("x-ms-access-tier-inferred");

/// The headers that set what a read gives back under the plain name.
const PLAIN: [&str; 5] = [
    "x-ms-blob-content-type",
    "x-ms-blob-content-encoding",
    "x-ms-blob-content-language",
    "x-ms-blob-content-disposition",
    "x-ms-blob-cache-control",
];

/// Adds what is to be stored with the blob; `tier` where the attributes name none.
///
/// # Errors
/// `InvalidInput` for names and values that would not come back as they are.
pub(crate) fn put(headers: &mut HeaderMap, attributes: &Attributes, tier: Option<&str>) -> Result<()> {
    let values = [
        &attributes.content_type,
        &attributes.content_encoding,
        &attributes.content_language,
        &attributes.content_disposition,
        &attributes.cache_control,
    ];
    for (name, text) in PLAIN.into_iter().zip(values) {
        if let Some(text) = text {
            headers.insert(name, headers::value(name, text)?);
        }
    }
    if let Some(tier) = attributes.storage_class.as_deref().or(tier) {
        headers.insert(TIER, headers::value(TIER.as_str(), tier)?);
    }
    for (name, text) in &attributes.metadata {
        if !is_identifier(name) {
            return Err(Error::invalid(format!("{name:?} is no name of metadata for Azure"))
                .with_hint("names have letters, digits and '_' only, and begin with no digit"));
        }
        let full = format!("{PREFIX}meta-{name}");
        let value = headers::value(&full, text)?;
        let name = HeaderName::from_bytes(full.as_bytes())
            .map_err(|error| Error::invalid(format!("{full:?} is no name of a header")).with_source(error))?;
        headers.insert(name, value);
    }
    Ok(())
}

/// The attributes that the answer to a read holds.
pub(crate) fn of(headers: &HeaderMap) -> Attributes {
    let mut attributes = headers::attributes(headers, PREFIX);
    // One that nobody chose is the account's, and only some answers name it.
    let chosen = headers::text(headers, &INFERRED).as_deref() != Some("true");
    attributes.storage_class = headers::text(headers, &TIER).filter(|_| chosen);
    attributes
}

/// What Azure takes as a name of metadata: an identifier of C#, of which headers carry the plain letters.
fn is_identifier(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(plain) && !name.starts_with(|first: char| first.is_ascii_digit()) && !name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_metadata_row_by_row() {
        for (name, valid) in [("a", true), ("a_1", true), ("1a", false), ("a-b", false), ("", false)] {
            let mut attributes = Attributes::new();
            attributes.metadata.insert(name.to_owned(), "x".to_owned());
            assert_eq!(put(&mut HeaderMap::new(), &attributes, None).is_ok(), valid, "{name:?}");
        }
    }

    #[test]
    fn the_tier_of_the_attributes_counts_more() -> Result<()> {
        let mut attributes = Attributes::new();
        let mut headers = HeaderMap::new();
        put(&mut headers, &attributes, Some("Cool"))?;
        assert_eq!(of(&headers).storage_class.as_deref(), Some("Cool"));
        attributes.storage_class = Some("Hot".to_owned());
        put(&mut headers, &attributes, Some("Cool"))?;
        assert_eq!(of(&headers).storage_class.as_deref(), Some("Hot"));
        Ok(())
    }
}
