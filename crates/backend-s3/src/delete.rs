//! Deletions: how S3 deletes a thousand keys by one request, and a single one.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use rangeway_core::{Error, ErrorKind, Key, Result, StoreUri};
use rangeway_range_engine::Deletions;
use rangeway_transport::xml::{self, Element};
use rangeway_transport::{HeaderName, HeaderValue, Method};

use crate::api::Api;
use crate::error;

/// How many keys one request may name.
const BATCH: usize = 1000;

#[async_trait]
impl Deletions for Api {
    fn uri(&self) -> &StoreUri {
        self.uri()
    }

    fn batch_size(&self) -> usize {
        BATCH
    }

    fn fits(&self, key: &Key) -> bool {
        xml::can_carry(key.as_str())
    }

    async fn delete_batch(&self, keys: &[Key]) -> Result<Vec<Result<()>>> {
        let mut failed = request(self, keys).await?;
        Ok(keys.iter().map(|key| failed.remove(key).map_or(Ok(()), Err)).collect())
    }

    /// Not every service has the request.
    fn may_be_single(&self, error: &Error) -> bool {
        error.kind() == ErrorKind::Unsupported
    }

    async fn delete_one(&self, key: &Key) -> Result<()> {
        match self.send_plain(self.object(Method::DELETE, key, &[])?).await {
            Err(error) if error.is_not_found() && error::code(&error) == "NoSuchKey" => Ok(()),
            result => result.map(|_| ()),
        }
    }
}

/// Sends one batch, and gives back the keys that were not deleted.
async fn request(api: &Api, keys: &[Key]) -> Result<HashMap<Key, Error>> {
    let mut document = String::from("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for key in keys {
        document.push_str("<Object>");
        xml::write(&mut document, "Key", key.as_str());
        document.push_str("</Object>");
    }
    document.push_str("<Quiet>true</Quiet></Delete>");
    let digest = BASE64_STANDARD.encode(Md5::digest(document.as_bytes()));
    let digest = HeaderValue::from_str(&digest).expect("base64 is a valid header");
    let request = api
        .bucket(Method::POST, &[("delete", "")])?
        .xml(document)
        .header(HeaderName::from_static("content-md5"), digest);
    let (_, document) = api.send_xml(request, "DeleteResult").await?;
    failures(&document, keys, api.region())
}

/// Which of `keys` were not deleted, and why.
///
/// # Errors
/// `Integrity` when something failed and it is not said for which of them: what is not named counts as deleted.
fn failures(document: &Element, keys: &[Key], region: &str) -> Result<HashMap<Key, Error>> {
    let asked: HashSet<&Key> = keys.iter().collect();
    let mut failed = HashMap::new();
    for entry in document.children("Error") {
        let error = error::of_document(entry, region);
        let key = entry.text("Key").map(Key::from).filter(|key| asked.contains(key));
        let Some(key) = key else {
            let what = "the service names a failure, but none of the keys that it was to delete";
            return Err(Error::new(ErrorKind::Integrity, what).with_source(error));
        };
        if error::code(&error) != "NoSuchKey" {
            failed.insert(key, error);
        }
    }
    Ok(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_without_a_key_are_no_success() {
        let parse = |entries: &str| {
            let document = format!("<DeleteResult>{entries}</DeleteResult>");
            failures(&Element::parse(document.as_bytes()).expect("XML"), &["a".into(), "b".into()], "r")
        };
        let denied = "<Error><Key>a</Key><Code>AccessDenied</Code></Error>";
        let gone = "<Error><Key>b</Key><Code>NoSuchKey</Code></Error>";
        let failed = parse(&format!("{denied}{gone}")).expect("both are named");
        assert_eq!(failed.keys().collect::<Vec<_>>(), [&Key::from("a")]);
        for entry in ["<Error><Code>InternalError</Code></Error>", "<Error><Key>c</Key></Error>"] {
            assert_eq!(parse(entry).expect_err("not named").kind(), ErrorKind::Integrity);
        }
    }
}
