//! The other ways to name a bucket: `gcs://`, and the URLs of the service.

use rangeway_core::StoreUri;
use rangeway_transport::encode;

/// The host of the service, and what the host of a bucket ends with.
const HOST: &str = "storage.googleapis.com";

/// `gs://BUCKET/KEY`, where `uri` is one of the other ways to say that.
pub(crate) fn canonical(uri: &StoreUri) -> Option<StoreUri> {
    let (bucket, key) = match uri.scheme() {
        "gcs" => (uri.container().to_owned(), uri.key().as_str().to_owned()),
        "https" => located(uri)?,
        _ => return None,
    };
    let canonical = StoreUri::new("gs", bucket, key);
    Some(uri.settings().iter().fold(canonical, |uri, (name, value)| uri.with_setting(name, value)))
}

/// Bucket and key of a URL of the service.
fn located(uri: &StoreUri) -> Option<(String, String)> {
    // A query is a signature of its own, or picks what is no object: the URL is to be read as it is.
    if !uri.settings().is_empty() {
        return None;
    }
    // In URLs `+` stands for itself.
    let decoded = |text: &str| encode::decode(&text.replace('+', "%2B"));
    let path = uri.key().as_str();
    if uri.container() == HOST {
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        return Some((decoded(bucket)?, decoded(key)?)).filter(|(bucket, _)| !bucket.is_empty());
    }
    let bucket = uri.container().strip_suffix(HOST)?.strip_suffix('.')?;
    Some((bucket.to_owned(), decoded(path)?)).filter(|(bucket, _)| !bucket.is_empty())
}

#[cfg(test)]
mod tests {
    use rangeway_core::Result;

    use super::*;

    #[test]
    fn names_row_by_row() -> Result<()> {
        for (text, expected) in [
            ("gcs://b/x//y", "gs://b/x//y"),
            ("gcs://b/x%20y", "gs://b/x%20y"),
            ("https://storage.googleapis.com/b/x%20y/%2B+", "gs://b/x y/++"),
            ("https://storage.googleapis.com/b", "gs://b"),
            ("https://b.storage.googleapis.com/x/y", "gs://b/x/y"),
            ("https://b.example.org.storage.googleapis.com/x", "gs://b.example.org/x"),
        ] {
            assert_eq!(canonical(&text.parse()?).expect(text).to_string(), expected);
        }
        let kept = canonical(&"gcs://b/k?project=p".parse()?).expect("the same place");
        assert_eq!(kept.settings(), [("project".to_owned(), "p".to_owned())]);
        for text in [
            "gs://b/x",
            "https://storage.googleapis.com/",
            "https://storage.googleapis.com/b/x?X-Goog-Signature=1",
            "https://example.org/b/x",
            "http://storage.googleapis.com/b/x",
        ] {
            assert_eq!(canonical(&text.parse()?), None, "{text}");
        }
        Ok(())
    }
}
