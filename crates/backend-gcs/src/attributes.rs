//! Attributes of objects, as Google's XML API has them in headers.

use rangeway_core::{Attributes, Result};
use rangeway_transport::{HeaderMap, HeaderName, headers};

/// The prefix of the service's own headers.
const PREFIX: &str = "x-goog-";

const CLASS: HeaderName = HeaderName::from_static("x-goog-storage-class");

const STORED_ENCODING: HeaderName = HeaderName::from_static("x-goog-stored-content-encoding");

/// The class of what nobody chose one for.
const STANDARD: &str = "STANDARD";

/// Adds what is to be stored with the object; `class` where the attributes name no storage class.
///
/// # Errors
/// `InvalidInput` for names and values that would not come back as they are.
pub(crate) fn put(headers: &mut HeaderMap, attributes: &Attributes, class: Option<&str>) -> Result<()> {
    headers::put_attributes(headers, PREFIX, attributes)?;
    if let Some(class) = class
        && !headers.contains_key(&CLASS)
    {
        headers.insert(CLASS, headers::value(CLASS.as_str(), class)?);
    }
    Ok(())
}

/// The attributes that the answer to a read holds.
pub(crate) fn of(headers: &HeaderMap) -> Attributes {
    let mut attributes = headers::attributes(headers, PREFIX);
    // Objects without an encoding have `identity` here too.
    let stored = headers::text(headers, &STORED_ENCODING).filter(|stored| stored != "identity");
    attributes.content_encoding = attributes.content_encoding.or(stored);
    // What nobody chose is not named, as with other services.
    attributes.storage_class = attributes.storage_class.filter(|class| class != STANDARD);
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_of_the_attributes_counts_more() -> Result<()> {
        let mut attributes = Attributes::new().metadata("Name", "x");
        let mut headers = HeaderMap::new();
        put(&mut headers, &attributes, Some("NEARLINE"))?;
        assert_eq!(of(&headers).storage_class.as_deref(), Some("NEARLINE"));
        assert_eq!(of(&headers).metadata, attributes.metadata);
        attributes.storage_class = Some("COLDLINE".to_owned());
        let mut headers = HeaderMap::new();
        put(&mut headers, &attributes, Some("NEARLINE"))?;
        assert_eq!(of(&headers).storage_class.as_deref(), Some("COLDLINE"));
        Ok(())
    }

    #[test]
    fn encodings_row_by_row() {
        for (sent, stored, expected) in [
            (None, "identity", None),
            (None, "gzip", Some("gzip")),
            (Some("gzip"), "gzip", Some("gzip")),
            (Some("identity"), "identity", Some("identity")),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(STORED_ENCODING, stored.parse().expect("a value"));
            if let Some(sent) = sent {
                headers.insert("content-encoding", sent.parse().expect("a value"));
            }
            assert_eq!(of(&headers).content_encoding.as_deref(), expected, "{sent:?} {stored}");
        }
    }
}
