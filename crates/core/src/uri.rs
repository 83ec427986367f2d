//! `StoreUri`: how a store, and an object in it, are named.

use std::fmt;

use crate::{Error, Key, Operation, Result};

/// A parsed URI: `scheme://container/key?setting=value&...`.
///
/// * The key is taken literally: no percent-decoding, no normalisation. What is written is the key.
/// * Settings stand after the **last** `?`. A key that contains a `?` is written with one more `?` at its end:
///   `s3://bucket/what?.txt?`.
/// * Setting values are percent-decoded, so that a value can hold `&` (`%26`) and `%` (`%25`).
/// * The query of `http://` and `https://` belongs to the URL: as it stands there, it becomes the setting `query`.
/// * For `file://` the container is empty and the key is the absolute path: `file:///data/x`.
///
/// `Display` never shows the settings, which may hold secrets.
///
/// ```
/// use rangeway_core::StoreUri;
/// let uri: StoreUri = "s3://bucket/a//b.bin?endpoint=http://127.0.0.1:9000".parse()?;
/// assert_eq!((uri.scheme(), uri.container(), uri.key().as_str()), ("s3", "bucket", "a//b.bin"));
/// assert_eq!(uri.to_string(), "s3://bucket/a//b.bin");
/// # Ok::<(), rangeway_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StoreUri {
    scheme: String,
    container: String,
    key: Key,
    settings: Vec<(String, String)>,
}

impl StoreUri {
    /// The setting that the query of a URL becomes.
    pub const QUERY: &'static str = "query";

    /// The URI of `key` in `container`, without settings.
    pub fn new(scheme: impl Into<String>, container: impl Into<String>, key: impl Into<Key>) -> Self {
        Self { scheme: scheme.into(), container: container.into(), key: key.into(), settings: Vec::new() }
    }

    /// The scheme in lower case, without `://`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The container (the bucket of `s3://`); may be empty.
    pub fn container(&self) -> &str {
        &self.container
    }

    /// The key; empty when the URI names the container.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The settings after `?`, in order: name and decoded value.
    pub fn settings(&self) -> &[(String, String)] {
        &self.settings
    }

    /// The same place with one setting more.
    pub fn with_setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// The same place with another key.
    pub fn with_key(&self, key: impl Into<Key>) -> Self {
        Self { key: key.into(), ..self.clone() }
    }
}

impl std::str::FromStr for StoreUri {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |why: &str| {
            let shown = without_credentials(text.split('?').next().unwrap_or_default());
            Error::invalid(format!("{shown:?} is not a store URI: {why}"))
                .with_operation(Operation::Open)
                .with_hint("write it as scheme://container/key, for example s3://bucket/path/file.bin")
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(|| bad("it has no scheme"))?;
        let valid_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if !valid_scheme {
            return Err(bad("the scheme has letters, digits, '+', '-' and '.' only"));
        }
        let is_url = ["http", "https"].iter().any(|url| scheme.eq_ignore_ascii_case(url));
        let split = if is_url { rest.split_once('?') } else { rest.rsplit_once('?') };
        let (place, query) = split.unwrap_or((rest, ""));
        let (container, key) = place.split_once('/').unwrap_or((place, ""));
        // Data Lake Storage writes `abfs://CONTAINER@ACCOUNT...`: no credentials.
        let is_lake = scheme.to_ascii_lowercase().starts_with("abfs");
        if container.contains('@') && !is_lake {
            return Err(bad("credentials do not belong into a URI; use settings or the environment"));
        }
        let settings = if is_url && !query.is_empty() {
            vec![(Self::QUERY.to_owned(), query.to_owned())]
        } else {
            query.split('&').filter(|pair| !pair.is_empty()).map(parse_setting).collect::<Result<_>>()?
        };
        Ok(Self {
            scheme: scheme.to_ascii_lowercase(),
            container: container.to_owned(),
            key: key.into(),
            settings,
        })
    }
}

/// A URI as messages may show it: what stands before an `@` may be a password.
fn without_credentials(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("", uri));
    let end = rest.find('/').unwrap_or(rest.len());
    let Some(at) = rest[..end].rfind('@') else { return uri.to_owned() };
    if scheme.is_empty() { format!("...{}", &rest[at..]) } else { format!("{scheme}://...{}", &rest[at..]) }
}

fn parse_setting(pair: &str) -> Result<(String, String)> {
    let Some((name, value)) = pair.split_once('=') else {
        return Err(Error::invalid("what follows the last '?' of a URI must be name=value settings")
            .with_operation(Operation::Open)
            .with_hint("if the '?' belongs to the key, end the URI with one more '?'"));
    };
    let value = percent_encoding::percent_decode_str(value).decode_utf8().map_err(|_| {
        Error::invalid(format!("the value of the setting {name:?} is not UTF-8 once decoded"))
    })?;
    Ok((name.to_owned(), value.into_owned()))
}

impl fmt::Display for StoreUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.container)?;
        if !self.key.is_empty() || self.container.is_empty() {
            write!(f, "/{}", self.key)?;
        }
        if self.key.as_str().contains('?') {
            f.write_str("?")?;
        }
        Ok(())
    }
}

impl fmt::Debug for StoreUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUri({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_row_by_row() -> Result<()> {
        for (text, container, key) in [
            ("s3://b", "b", ""),
            ("s3://b/", "b", ""),
            ("s3://b/k", "b", "k"),
            ("s3://b//k", "b", "/k"),
            ("s3://b/a//b/", "b", "a//b/"),
            ("s3://b/a/../b", "b", "a/../b"),
            ("s3://b/%2F", "b", "%2F"),
            ("s3://b/what?.txt?", "b", "what?.txt"),
            ("s3://b/a#b c", "b", "a#b c"),
            ("abfss://c@a.dfs.core.windows.net/k", "c@a.dfs.core.windows.net", "k"),
            ("file:///data/x", "", "data/x"),
        ] {
            let uri: StoreUri = text.parse()?;
            assert_eq!((uri.container(), uri.key().as_str()), (container, key), "{text}");
        }
        Ok(())
    }

    #[test]
    fn display_parses_back() -> Result<()> {
        for text in ["s3://b", "s3://b/k", "s3://b//k", "s3://b/what?.txt?", "file:///data/x", "file:///"] {
            assert_eq!(text.parse::<StoreUri>()?.to_string(), text);
        }
        Ok(())
    }

    #[test]
    fn settings_are_decoded_and_never_shown() -> Result<()> {
        let uri: StoreUri = "S3://b/k?endpoint=http://h:1&secret-access-key=a%26b%25".parse()?;
        assert_eq!(uri.settings()[0], ("endpoint".into(), "http://h:1".into()));
        assert_eq!(uri.settings()[1], ("secret-access-key".into(), "a&b%".into()));
        assert_eq!(format!("{uri} {uri:?}"), "s3://b/k StoreUri(s3://b/k)");
        Ok(())
    }

    #[test]
    fn queries_of_urls_stay_as_they_are() -> Result<()> {
        let uri: StoreUri = "https://h:1/a%20b/c?sig=x%2By&flag?".parse()?;
        assert_eq!((uri.container(), uri.key().as_str()), ("h:1", "a%20b/c"));
        assert_eq!(uri.settings(), [("query".to_owned(), "sig=x%2By&flag?".to_owned())]);
        assert_eq!(uri.to_string(), "https://h:1/a%20b/c");
        Ok(())
    }

    #[test]
    fn refusals_show_no_password() {
        for text in [
            "s3://user:hunter2@b/k",
            "https://user:hunter2@h",
            "s 3://user:hunter2@b/k?x=y",
            "user:hunter2@b/k",
        ] {
            let shown = text.parse::<StoreUri>().expect_err("refused").to_string();
            assert!(!shown.contains("hunter2") && !shown.contains("user"), "{shown}");
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        for (text, part) in [
            ("bucket/key", "no scheme"),
            ("s 3://b", "scheme has letters"),
            ("s3://user:pw@b/k", "credentials"),
            ("s3://b/what?.txt", "name=value"),
            ("s3://b/k?a=%ff", "not UTF-8"),
        ] {
            let error = text.parse::<StoreUri>().expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
