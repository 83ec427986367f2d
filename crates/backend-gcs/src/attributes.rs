//! Attributes of objects, as Google's XML API has them in headers, and its JSON API in documents.

use rangeway_core::{Attributes, Result};
use rangeway_transport::{HeaderMap, HeaderName, headers};
use serde_json::{Value, json};

/// The prefix of the service's own headers.
const PREFIX: &str = "x-goog-";

const CLASS: HeaderName = HeaderName::from_static("x-goog-storage-class");

const STORED_ENCODING: HeaderName = HeaderName::from_static("x-goog-stored-content-encoding");

/// The class of what nobody chose one for.
const STANDARD: &str = "STANDARD";

/// What is asked for of an object that is to be copied: its generation, and [`KEPT`].
pub(crate) const FIELDS: &str = "generation,cacheControl,contentDisposition,contentEncoding,contentLanguage,contentType,\
                                 customTime,metadata,storageClass";

/// What a copy keeps of an object. Access lists and holds are the copy's own.
///
/// Source: <https://cloud.google.com/storage/docs/metadata#editable>.
const KEPT: [&str; 8] = [
    "cacheControl",
    "contentDisposition",
    "contentEncoding",
    "contentLanguage",
    "contentType",
    "customTime",
    "metadata",
    STORAGE_CLASS,
];

const STORAGE_CLASS: &str = "storageClass";

/// What is to stand with a copy of `source`, a document of the JSON API; of `class`, where one is given.
pub(crate) fn kept(source: &Value, class: Option<&str>) -> String {
    let fields = KEPT.iter().filter(|name| !source[**name].is_null());
    let mut document: Value = fields.map(|name| ((*name).to_owned(), source[*name].clone())).collect();
    if let Some(class) = class {
        document[STORAGE_CLASS] = json!(class);
    }
    document.to_string()
}

/// What [`put`] says, for the JSON API; `None` where it names no storage class.
pub(crate) fn document(attributes: &Attributes, class: Option<&str>) -> Option<String> {
    let class = attributes.storage_class.as_deref().or(class)?;
    let all = json!({
        "cacheControl": attributes.cache_control,
        "contentDisposition": attributes.content_disposition,
        "contentEncoding": attributes.content_encoding,
        "contentLanguage": attributes.content_language,
        "contentType": attributes.content_type,
        "metadata": attributes.metadata,
    });
    Some(kept(&all, Some(class)))
}

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
    fn copies_keep_what_is_the_objects() {
        assert_eq!(FIELDS, format!("generation,{}", KEPT.join(",")));
        let source = json!({ "name": "k", "generation": "1", "size": "2", "acl": [], "contentType": "a/b",
            "cacheControl": null, "metadata": { "n": "\u{e9}" }, "storageClass": "COLDLINE" });
        let read = |text: String| serde_json::from_str::<Value>(&text).expect("JSON");
        let all = json!({ "contentType": "a/b", "metadata": { "n": "\u{e9}" }, "storageClass": "COLDLINE" });
        assert_eq!(read(kept(&source, None)), all);
        assert_eq!(read(kept(&source, Some("NEARLINE")))["storageClass"], "NEARLINE");
        assert_eq!(read(kept(&json!({}), None)), json!({}));
    }

    #[test]
    fn a_document_is_needed_for_a_class_only() {
        let mut attributes = Attributes::new().content_type("a/b").metadata("n", "v");
        assert_eq!(document(&attributes, None), None);
        let of_settings = document(&attributes, Some("NEARLINE")).expect("a class");
        assert_eq!(of_settings, r#"{"contentType":"a/b","metadata":{"n":"v"},"storageClass":"NEARLINE"}"#);
        attributes.storage_class = Some("COLDLINE".to_owned());
        assert!(document(&attributes, Some("NEARLINE")).expect("a class").contains("COLDLINE"));
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
