//! Signature Version 4 over the exact path that is sent: parsing it as a URL would normalise keys like `a/../b`.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use object_store::aws::AwsCredential;
use rangeway_core::{Error, ErrorKind, Result};
use rangeway_transport::{HeaderName, HeaderValue, Request, header};
use ring::{digest, hmac};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const UNSIGNED: HeaderValue = HeaderValue::from_static("UNSIGNED-PAYLOAD");
/// The SHA-256 of nothing.
const EMPTY: HeaderValue =
    HeaderValue::from_static("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const CONTENT_HASH: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Bodies up to this many bytes are always hashed: that costs less than anything else about a request.
const SMALL: u64 = 16 << 10;

/// Signs requests to a service. What many requests have in common is made once: for a day, or for a second.
pub(crate) struct Signer {
    region: String,
    /// `s3`, or another service of AWS.
    service: &'static str,
    /// Whether large bodies are hashed too.
    sign_payload: bool,
    last: Mutex<Option<Arc<Common>>>,
}

/// What the signatures of one second have in common.
struct Common {
    credential: Arc<AwsCredential>,
    /// Since 1970.
    second: u64,
    stamp: HeaderValue,
    token: Option<HeaderValue>,
    /// Day, region and service.
    scope: String,
    key: hmac::Key,
}

impl Signer {
    pub(crate) fn new(region: &str, service: &'static str, sign_payload: bool) -> Self {
        Self { region: region.to_owned(), service, sign_payload, last: Mutex::default() }
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// Signs `request`, whose query is encoded and sorted already, as sent at `time`.
    ///
    /// # Errors
    /// `Unauthenticated` for credentials that no header can hold.
    pub(crate) fn sign(
        &self,
        request: &mut Request,
        credential: &Arc<AwsCredential>,
        time: SystemTime,
    ) -> Result<()> {
        let common = self.common(credential, time)?;
        let payload = self.payload_hash(request);
        request.headers.insert(DATE, common.stamp.clone());
        request.headers.insert(CONTENT_HASH, payload.clone());
        if let Some(token) = &common.token {
            request.headers.insert(TOKEN, token.clone());
        }
        let (canonical, names) = canonical(request, payload.as_bytes());
        let mut to_sign = Vec::with_capacity(256);
        for part in [ALGORITHM.as_bytes(), common.stamp.as_bytes(), common.scope.as_bytes()] {
            to_sign.extend_from_slice(part);
            to_sign.push(b'\n');
        }
        push_hex(&mut to_sign, digest::digest(&digest::SHA256, &canonical).as_ref());
        let signature = hmac::sign(&common.key, &to_sign);

        let mut authorization = Vec::with_capacity(256);
        let id = common.credential.key_id.as_bytes();
        for part in [ALGORITHM.as_bytes(), b" Credential=", id, b"/", common.scope.as_bytes()] {
            authorization.extend_from_slice(part);
        }
        for part in [b", SignedHeaders=", &canonical[names], b", Signature="] {
            authorization.extend_from_slice(part);
        }
        push_hex(&mut authorization, signature.as_ref());
        request.headers.insert(header::AUTHORIZATION, secret(authorization)?);
        Ok(())
    }

    /// What the signatures of that second have in common.
    fn common(&self, credential: &Arc<AwsCredential>, time: SystemTime) -> Result<Arc<Common>> {
        let second = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let same = last.as_ref().filter(|last| Arc::ptr_eq(&last.credential, credential));
        if let Some(same) = same.filter(|last| last.second == second) {
            return Ok(Arc::clone(same));
        }
        let stamp = humantime::format_rfc3339_seconds(time).to_string().replace(['-', ':'], "");
        let scope = format!("{}/{}/{}/aws4_request", &stamp[..8], self.region, self.service);
        let key = match same.filter(|last| last.scope == scope) {
            Some(last) => last.key.clone(),
            None => self.key(credential, &stamp[..8]),
        };
        let common = Arc::new(Common {
            credential: Arc::clone(credential),
            second,
            stamp: HeaderValue::from_str(&stamp).expect("digits and letters"),
            token: credential.token.as_ref().map(|token| secret(token.clone().into_bytes())).transpose()?,
            scope,
            key,
        });
        *last = Some(Arc::clone(&common));
        Ok(common)
    }

    /// The key that signs on that day.
    fn key(&self, credential: &AwsCredential, day: &str) -> hmac::Key {
        let first = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{}", credential.secret_key).as_bytes());
        [day, &self.region, self.service, "aws4_request"].iter().fold(first, |key, step| {
            hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, step.as_bytes()).as_ref())
        })
    }

    fn payload_hash(&self, request: &Request) -> HeaderValue {
        match request.body.as_rope() {
            Some(_) if request.body.length() == 0 => EMPTY,
            Some(chunks) if self.sign_payload || request.body.length() <= SMALL => {
                let mut context = digest::Context::new(&digest::SHA256);
                for chunk in chunks {
                    context.update(chunk);
                }
                HeaderValue::try_from(hex(context.finish().as_ref())).expect("hexadecimal digits")
            }
            _ => UNSIGNED,
        }
    }
}

/// Shows no credentials.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, service, .. } = self;
        f.debug_struct("Signer").field("region", region).field("service", service).finish_non_exhaustive()
    }
}

/// A header whose value nobody should see.
fn secret(value: Vec<u8>) -> Result<HeaderValue> {
    let mut value = HeaderValue::try_from(value).map_err(|_| {
        Error::new(ErrorKind::Unauthenticated, "the credentials hold characters that cannot be sent")
            .with_hint("look for line breaks and spaces in the access key and the session token")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// The canonical request, and where the names of the signed headers stand in it: those that services insist on, no
/// more, because proxies change other headers.
fn canonical(request: &Request, payload: &[u8]) -> (Vec<u8>, std::ops::Range<usize>) {
    let signed = |name: &str| name.starts_with("x-amz-") || name == "content-type" || name == "content-md5";
    let host = request.host();
    let mut headers = Vec::with_capacity(request.headers.len() + 1);
    headers.push((header::HOST.as_str(), host.as_bytes()));
    let others = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    headers.extend(others.filter(|(name, _)| signed(name)));
    headers.sort_unstable();

    let mut text = Vec::with_capacity(1024);
    let query = request.uri.query().unwrap_or_default();
    for line in [request.method.as_str(), request.uri.path(), query] {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    for (name, value) in &headers {
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        push_one_line(&mut text, value);
        text.push(b'\n');
    }
    text.push(b'\n');
    let names = text.len();
    for (number, (name, _)) in headers.iter().enumerate() {
        if number > 0 {
            text.push(b';');
        }
        text.extend_from_slice(name.as_bytes());
    }
    let names = names..text.len();
    text.push(b'\n');
    text.extend_from_slice(payload);
    (text, names)
}

/// Appends the value with runs of spaces made one.
fn push_one_line(text: &mut Vec<u8>, value: &[u8]) {
    let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for (number, word) in words.enumerate() {
        if number > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(word);
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = Vec::with_capacity(bytes.len() * 2);
    push_hex(&mut text, bytes);
    String::from_utf8(text).expect("hexadecimal digits")
}

fn push_hex(text: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use rangeway_transport::{Method, RequestBody};

    use super::*;

    /// The credentials and the time of Amazon's worked examples.
    fn sign(request: &mut Request) -> String {
        let credential = AwsCredential {
            key_id: "AKIAIOSFODNN7EXAMPLE".into(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            token: None,
        };
        let time = humantime::parse_rfc3339("2013-05-24T00:00:00Z").expect("a time");
        Signer::new("us-east-1", "s3", true).sign(request, &Arc::new(credential), time).expect("signs");
        let authorization = request.headers["authorization"].to_str().expect("text");
        authorization.rsplit_once('=').expect("a signature").1.to_owned()
    }

    fn credential(id: &str, token: Option<&str>) -> Arc<AwsCredential> {
        let token = token.map(str::to_owned);
        Arc::new(AwsCredential { key_id: id.into(), secret_key: "b".into(), token })
    }

    fn request(method: Method, uri: &str) -> Request {
        Request::new(method, uri.parse().expect("URI"))
    }

    #[test]
    fn signatures_are_those_of_amazons_examples() {
        let lifecycle = "https://examplebucket.s3.amazonaws.com/?lifecycle=";
        assert_eq!(
            sign(&mut request(Method::GET, lifecycle)),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
        );
        let list = "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J";
        assert_eq!(
            sign(&mut request(Method::GET, list)),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
        );
    }

    #[test]
    fn hexadecimal_has_two_digits_for_each_byte() {
        assert_eq!(hex(&[0x00, 0x09, 0x1f, 0xa0, 0xff]), "00091fa0ff");
        assert_eq!(hex(digest::digest(&digest::SHA256, &[]).as_ref()), EMPTY);
    }

    #[test]
    fn the_path_is_signed_as_it_is() {
        let signature = |uri: &str| sign(&mut request(Method::GET, uri));
        assert_ne!(signature("http://h/b/a/../c"), signature("http://h/b/c"));
    }

    #[test]
    fn large_payloads_are_hashed_only_on_demand() {
        let mut large =
            request(Method::PUT, "http://h/b/k").body(RequestBody::rope(vec![vec![0; 1 << 20].into()]));
        sign(&mut large);
        let hash =
            |request: &Request| request.headers["x-amz-content-sha256"].to_str().expect("text").to_owned();
        assert_eq!(hash(&large), "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58");
        let signer = Signer::new("r", "s3", false);
        signer.sign(&mut large, &credential("a", Some("t")), SystemTime::UNIX_EPOCH).expect("signs");
        assert_eq!(hash(&large), UNSIGNED);
        assert!(large.headers["authorization"].is_sensitive());
        assert!(large.headers["x-amz-security-token"].is_sensitive());
    }

    #[test]
    fn credentials_with_line_breaks_are_refused() {
        for credential in [credential("a\n", None), credential("a", Some("t\n"))] {
            let mut request = request(Method::GET, "http://h/b");
            let signed =
                Signer::new("r", "s3", false).sign(&mut request, &credential, SystemTime::UNIX_EPOCH);
            assert_eq!(signed.expect_err("no header").kind(), ErrorKind::Unauthenticated);
        }
    }

    #[test]
    fn what_is_kept_is_that_of_the_time_and_the_credentials() {
        let signer = Signer::new("r", "s3", false);
        let (one, other) = (credential("one", None), credential("other", Some("t")));
        let at = |second| SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(second);
        for (credential, second) in [(&one, 0), (&one, 1), (&other, 1), (&other, 86_400), (&one, 86_399)] {
            let authorization_of = |signer: &Signer| {
                let mut request = request(Method::GET, "http://h/b");
                signer.sign(&mut request, credential, at(second)).expect("signs");
                request.headers
            };
            let alone = authorization_of(&Signer::new("r", "s3", false));
            assert_eq!(authorization_of(&signer), alone);
            assert_eq!(authorization_of(&signer), alone, "once more");
        }
    }

    #[test]
    fn runs_of_spaces_are_signed_as_one() {
        let mut text = Vec::new();
        push_one_line(&mut text, b"  a \t b  c ");
        assert_eq!(text, b"a b c");
    }
}
