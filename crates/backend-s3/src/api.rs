//! `Api`: requests to one bucket, or to the service, addressed and authorised.

use std::time::SystemTime;

use async_trait::async_trait;
use rangeway_core::{Error, Key, Result, Settings, StoreUri, TransferStats};
use rangeway_transport::xml::Element;
use rangeway_transport::{
    Client, HeaderMap, HeaderValue, Method, Refusal, Request, Response, Rest, Service, encode,
};

use crate::config::S3Config;
use crate::credentials::Credentials;
use crate::error;
use crate::sign::Signer;

/// How requests to S3 are authorised, and what its refusals mean.
#[derive(Debug)]
pub(crate) struct S3Service {
    credentials: Credentials,
    signer: Signer,
    request_payer: bool,
}

#[async_trait]
impl Service for S3Service {
    async fn authorize(&self, request: &mut Request) -> Result<()> {
        if self.request_payer {
            request.headers.insert("x-amz-request-payer", HeaderValue::from_static("requester"));
        }
        let Some(credential) = self.credentials.get().await? else { return Ok(()) };
        self.signer.sign(request, &credential, SystemTime::now())
    }

    fn refuse(&self, refusal: Refusal) -> Error {
        error::of_refusal(&refusal, self.signer.region())
    }
}

/// What writes say besides the attributes of the object.
#[derive(Debug, Default)]
pub(crate) struct WriteOptions {
    pub(crate) storage_class: Option<String>,
    pub(crate) encryption: Option<String>,
    pub(crate) kms_key_id: Option<String>,
}

/// Requests to one bucket, or to the service where `bucket` is empty.
#[derive(Debug)]
pub(crate) struct Api {
    rest: Rest<S3Service>,
    uri: StoreUri,
    base: String,
    pub(crate) sign_payload: bool,
    pub(crate) conditional_writes: bool,
    pub(crate) write: WriteOptions,
}

impl Api {
    /// Requests to the bucket of `uri`.
    ///
    /// # Errors
    /// `InvalidInput` for a bad bucket name or bad settings.
    pub(crate) fn new(uri: &StoreUri, settings: &Settings) -> Result<Self> {
        let config = S3Config::from_settings(settings)?;
        let bucket = uri.container();
        check_bucket(bucket)?;
        let base = if bucket.is_empty() { config.service_url() } else { config.bucket_url(bucket) };
        let client = Client::new(&config.client)?;
        let service = S3Service {
            credentials: Credentials::new(config.credentials, &config.region, client.clone())?,
            signer: Signer::new(&config.region, "s3", config.sign_payload),
            request_payer: config.request_payer,
        };
        Ok(Self {
            rest: Rest::new(client, service),
            uri: uri.with_key(""),
            base,
            sign_payload: config.sign_payload,
            conditional_writes: config.conditional_writes,
            write: WriteOptions {
                storage_class: config.storage_class,
                encryption: config.encryption,
                kms_key_id: config.kms_key_id,
            },
        })
    }

    pub(crate) fn stats(&self) -> TransferStats {
        self.rest.stats()
    }

    /// Counts names that a listing has left out.
    pub(crate) fn left_out(&self, names: u64) {
        self.rest.left_out(names);
    }

    /// The bucket's URI.
    pub(crate) fn uri(&self) -> &StoreUri {
        &self.uri
    }

    /// The region that requests are signed for.
    pub(crate) fn region(&self) -> &str {
        self.rest.service().signer.region()
    }

    /// A request about the object `key`.
    ///
    /// # Errors
    /// `InvalidInput` for the empty key: such a request would be one about the bucket.
    pub(crate) fn object(&self, method: Method, key: &Key, query: &[(&str, &str)]) -> Result<Request> {
        if key.is_empty() {
            return Err(Error::invalid("the empty key names the bucket, not an object"));
        }
        let path = encode::path(key.as_str());
        Ok(Request::new(method, encode::uri([self.base.as_str(), "/", &path].concat(), query)?))
    }

    /// A request about the bucket.
    pub(crate) fn bucket(&self, method: Method, query: &[(&str, &str)]) -> Result<Request> {
        Ok(Request::new(method, encode::uri(format!("{}/", self.base), query)?))
    }

    /// Sends one request.
    pub(crate) async fn send(&self, request: Request) -> Result<Response> {
        self.rest.send(request).await
    }

    /// Sends a request whose answer has no body that matters, and gives back its headers.
    pub(crate) async fn send_plain(&self, request: Request) -> Result<HeaderMap> {
        self.rest.send_plain(request).await
    }

    /// Sends a request whose answer is a document called `root`. An `<Error>` that comes with status 200 is an error.
    pub(crate) async fn send_xml(&self, request: Request, root: &str) -> Result<(HeaderMap, Element)> {
        let (headers, document) = self.rest.send_xml(request).await?;
        if document.name == "Error" {
            return Err(error::of_document(&document, self.region()));
        }
        if !is_answer(&document.name, root) {
            let found = &document.name;
            return Err(Error::new(
                rangeway_core::ErrorKind::Integrity,
                format!("the answer is a {found:?}, not a {root:?}"),
            )
            .with_hint("check the endpoint: is it an S3 service?"));
        }
        Ok((headers, document))
    }
}

/// Refuses names that would be another path or another host.
fn check_bucket(bucket: &str) -> Result<()> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    if bucket.bytes().all(known) && bucket != "." && bucket != ".." {
        if bucket.ends_with("--x-s3") {
            return Err(Error::unsupported(
                "directory buckets (S3 Express One Zone) need sessions of their own",
            ));
        }
        return Ok(());
    }
    Err(Error::invalid(format!("{bucket:?} is no name of a bucket"))
        .with_hint("bucket names have letters, digits, '-' and '.' only"))
}

/// Whether a document called `found` is the answer that S3 calls `expected`: some services say `Response` where S3 says
/// `Result`, and have done what was asked.
fn is_answer(found: &str, expected: &str) -> bool {
    found == expected || found == expected.replace("Result", "Response")
}

#[cfg(test)]
mod tests {
    use rangeway_core::Env;

    use super::*;

    #[test]
    fn answers_are_known_by_either_name() {
        for (found, is) in [
            ("CompleteMultipartUploadResult", true),
            ("CompleteMultipartUploadResponse", true),
            ("html", false),
            ("Error", false),
        ] {
            assert_eq!(is_answer(found, "CompleteMultipartUploadResult"), is, "{found}");
        }
    }

    fn api(bucket: &str, settings: &[(&str, &str)]) -> Result<Api> {
        let env: Env = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")].into_iter().collect();
        let settings = settings.iter().fold(Settings::new(env), |all, (name, value)| all.set(*name, *value));
        Api::new(&StoreUri::new("s3", bucket, ""), &settings)
    }

    #[test]
    fn addresses_row_by_row() -> Result<()> {
        const LOCAL: (&str, &str) = ("endpoint", "http://h:9000/");
        for (bucket, settings, expected) in [
            ("b", vec![], "https://b.s3.us-east-1.amazonaws.com/k//%20/.."),
            ("b.c", vec![], "https://s3.us-east-1.amazonaws.com/b.c/k//%20/.."),
            ("B_c", vec![], "https://s3.us-east-1.amazonaws.com/B_c/k//%20/.."),
            ("b", vec![("path-style", "true")], "https://s3.us-east-1.amazonaws.com/b/k//%20/.."),
            ("b", vec![("region", "cn-north-1")], "https://b.s3.cn-north-1.amazonaws.com.cn/k//%20/.."),
            ("b", vec![LOCAL], "http://h:9000/b/k//%20/.."),
            ("b", vec![LOCAL, ("path-style", "no")], "http://b.h:9000/k//%20/.."),
            ("b", vec![("endpoint", "https://h/s3")], "https://h/s3/b/k//%20/.."),
            ("t:b", vec![LOCAL], "http://h:9000/t%3Ab/k//%20/.."),
        ] {
            let request = api(bucket, &settings)?.object(Method::GET, &Key::new("k// /.."), &[])?;
            assert_eq!(request.uri.to_string(), expected);
        }
        Ok(())
    }

    #[test]
    fn the_empty_key_is_never_a_request_about_the_bucket() -> Result<()> {
        let error = api("b", &[])?.object(Method::DELETE, &Key::new(""), &[]).expect_err("no object");
        assert_eq!(error.kind(), rangeway_core::ErrorKind::InvalidInput);
        Ok(())
    }

    #[test]
    fn odd_bucket_names_are_refused() {
        for bucket in ["..", ".", "a b", "a/b", "a?b", "a#b", "x--use1-az4--x-s3"] {
            assert!(api(bucket, &[]).is_err(), "{bucket}");
        }
    }
}
