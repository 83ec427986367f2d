//! Percent-encoding of keys and query strings, strict as signatures need it.

use http::Uri;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use rangeway_core::{Error, Result};

/// All but the unreserved characters of [RFC 3986 section 2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3).
const STRICT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const STRICT_BUT_SLASH: &AsciiSet = &STRICT.remove(b'/');

/// A key as part of a path: everything but unreserved characters and `/` is encoded, nothing is normalised.
pub fn path(key: &str) -> String {
    utf8_percent_encode(key, STRICT_BUT_SLASH).collect()
}

/// What no URL holds as it is; an escape that is there stays one.
const NOT_IN_URLS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}')
    .add(b'#');

/// The path of a URL as somebody wrote it: what is encoded stays so, what cannot be sent is encoded.
pub fn url(path: &str) -> String {
    utf8_percent_encode(path, NOT_IN_URLS).to_string()
}

/// A name or value as part of a query string.
pub fn component(text: &str) -> String {
    utf8_percent_encode(text, STRICT).collect()
}

/// A query string without `?`: encoded, and sorted as signatures want it.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let mut encoded: Vec<(String, String)> =
        pairs.iter().map(|(name, value)| (component(name), component(value))).collect();
    encoded.sort_unstable();
    let pairs: Vec<String> = encoded.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// The URI of `url`, whose path is encoded, with a query.
///
/// # Errors
/// `InvalidInput` for what is longer than a URI can be.
pub fn uri(mut url: String, pairs: &[(&str, &str)]) -> Result<Uri> {
    if !pairs.is_empty() {
        url.push('?');
        url.push_str(&query(pairs));
    }
    url.try_into()
        .map_err(|error| Error::invalid("the key or the prefix is too long to be sent").with_source(error))
}

/// The text that [`component`], or the encoding of HTML forms, made this of; `None` when it is not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    Some(percent_encoding::percent_decode_str(&spaced).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_row_by_row() {
        for (key, encoded) in [
            ("a/b.txt", "a/b.txt"),
            ("a//b/", "a//b/"),
            ("../.", "../."),
            ("a b+c", "a%20b%2Bc"),
            ("100%?#", "100%25%3F%23"),
            ("\u{e9}\u{1f980}", "%C3%A9%F0%9F%A6%80"),
            ("a\nb\u{1}", "a%0Ab%01"),
            ("~-_.", "~-_."),
        ] {
            assert_eq!(path(key), encoded);
        }
    }

    #[test]
    fn urls_keep_their_escapes() {
        assert_eq!(url("a%20b/c d/\u{e9}?x=%2F"), "a%20b/c%20d/%C3%A9?x=%2F");
    }

    #[test]
    fn queries_are_sorted_by_their_encoded_names() {
        assert_eq!(query(&[("prefix", "a/b"), ("delimiter", "/")]), "delimiter=%2F&prefix=a%2Fb");
        assert_eq!(query(&[("uploads", "")]), "uploads=");
        assert_eq!(query(&[]), "");
    }

    #[test]
    fn uris_keep_their_path_as_it_is() {
        let of = |url: &str, pairs: &[(&str, &str)]| uri(url.to_owned(), pairs).map(|uri| uri.to_string());
        assert_eq!(of("http://h/a/../%20//", &[]).expect("a URI"), "http://h/a/../%20//");
        assert_eq!(of("http://h/a", &[("x", "1 2")]).expect("a URI"), "http://h/a?x=1%202");
        let long = format!("http://h/{}", "a".repeat(70_000));
        assert_eq!(uri(long, &[]).expect_err("too long").kind(), rangeway_core::ErrorKind::InvalidInput);
    }

    #[test]
    fn form_encoding_is_decoded_too() {
        assert_eq!(decode("a+b%2Bc%20d").as_deref(), Some("a b+c d"));
        assert_eq!(decode("%ff"), None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(text in ".*") {
            prop_assert_eq!(decode(&component(&text)), Some(text.clone()));
            prop_assert_eq!(decode(&path(&text)), Some(text));
        }
    }
}
