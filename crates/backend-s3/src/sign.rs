//! Signature Version 4 over the exact path that is sent: parsing it as a URL would normalise keys like `a/../b`.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.

use std::fmt::Write;
use std::time::SystemTime;

use object_store::aws::AwsCredential;
use rangeway_core::{Error, ErrorKind, Result};
use rangeway_transport::{HeaderValue, Request, header};
use ring::{digest, hmac};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
/// The SHA-256 of no bytes, which is what most requests have.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Bodies up to this many bytes are always hashed: that costs less than anything else about a request.
const SMALL: u64 = 16 << 10;

/// What a signature is made with.
#[derive(Debug)]
pub(crate) struct Signer<'a> {
    pub(crate) credential: &'a AwsCredential,
    pub(crate) region: &'a str,
    /// `s3`, or another service of AWS.
    pub(crate) service: &'a str,
    /// Whether large bodies are hashed too.
    pub(crate) sign_payload: bool,
    pub(crate) time: SystemTime,
}

impl Signer<'_> {
    /// Signs `request`, whose query is encoded and sorted already.
    ///
    /// # Errors
    /// `Unauthenticated` for credentials that no header can hold.
    pub(crate) fn sign(&self, request: &mut Request) -> Result<()> {
        let stamp = humantime::format_rfc3339_seconds(self.time).to_string().replace(['-', ':'], "");
        let payload = self.payload_hash(request);
        insert(request, "x-amz-date", &stamp)?;
        insert(request, "x-amz-content-sha256", &payload)?;
        if let Some(token) = &self.credential.token {
            insert(request, "x-amz-security-token", token)?;
        }

        let (names, lines) = canonical_headers(request);
        let canonical = format!(
            "{}\n{}\n{}\n{lines}\n{names}\n{payload}",
            request.method,
            request.uri.path(),
            request.uri.query().unwrap_or_default()
        );
        let day = &stamp[..8];
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let to_sign = format!("{ALGORITHM}\n{stamp}\n{scope}\n{}", sha256([canonical.as_bytes()]));
        let mut key = hmac(format!("AWS4{}", self.credential.secret_key).as_bytes(), day);
        for step in [self.region, self.service, "aws4_request"] {
            key = hmac(key.as_ref(), step);
        }
        let signature = hex(hmac(key.as_ref(), &to_sign).as_ref());
        let id = &self.credential.key_id;
        let authorization =
            format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
        insert(request, "authorization", &authorization)
    }

    fn payload_hash(&self, request: &Request) -> String {
        match request.body.as_rope() {
            Some(_) if request.body.length() == 0 => EMPTY.to_owned(),
            Some(chunks) if self.sign_payload || request.body.length() <= SMALL => {
                sha256(chunks.iter().map(AsRef::as_ref))
            }
            _ => UNSIGNED.to_owned(),
        }
    }
}

fn insert(request: &mut Request, name: &'static str, value: &str) -> Result<()> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::new(ErrorKind::Unauthenticated, "the credentials hold characters that cannot be sent")
            .with_hint("look for line breaks and spaces in the access key and the session token")
    })?;
    value.set_sensitive(matches!(name, "authorization" | "x-amz-security-token"));
    request.headers.insert(name, value);
    Ok(())
}

/// The names of the signed headers, and a line for each of them: what services insist on, no more, because proxies
/// change other headers.
fn canonical_headers(request: &Request) -> (String, String) {
    let signed = |name: &str| name.starts_with("x-amz-") || name == "content-type" || name == "content-md5";
    let mut headers: Vec<(&str, String)> = request
        .headers
        .iter()
        .filter(|(name, _)| signed(name.as_str()))
        .map(|(name, value)| (name.as_str(), one_line(value)))
        .collect();
    headers.push((header::HOST.as_str(), request.host()));
    headers.sort_unstable();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let lines: String = headers.iter().fold(String::new(), |mut lines, (name, value)| {
        let _ = writeln!(lines, "{name}:{value}");
        lines
    });
    (names.join(";"), lines)
}

/// The value with runs of spaces made one.
fn one_line(value: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn hmac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn sha256<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for chunk in chunks {
        context.update(chunk);
    }
    hex(context.finish().as_ref())
}

/// Lower-case hexadecimal. By a table: formatting each byte was a sixth of what a small request costs.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
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
        let signer = Signer {
            credential: &credential,
            region: "us-east-1",
            service: "s3",
            sign_payload: true,
            time: humantime::parse_rfc3339("2013-05-24T00:00:00Z").expect("a time"),
        };
        signer.sign(request).expect("signs");
        let authorization = request.headers["authorization"].to_str().expect("text");
        authorization.rsplit_once('=').expect("a signature").1.to_owned()
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
        assert_eq!(sha256([]), EMPTY);
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
        let credential =
            AwsCredential { key_id: "a".into(), secret_key: "b".into(), token: Some("t".into()) };
        let time = SystemTime::UNIX_EPOCH;
        let signer =
            Signer { credential: &credential, region: "r", service: "s3", sign_payload: false, time };
        signer.sign(&mut large).expect("signs");
        assert_eq!(hash(&large), UNSIGNED);
        assert!(large.headers["authorization"].is_sensitive());
        assert!(large.headers["x-amz-security-token"].is_sensitive());
    }

    #[test]
    fn credentials_with_line_breaks_are_refused() {
        let credential = AwsCredential { key_id: "a\n".into(), secret_key: "b".into(), token: None };
        let signer = Signer {
            credential: &credential,
            region: "r",
            service: "s3",
            sign_payload: false,
            time: SystemTime::UNIX_EPOCH,
        };
        let error = signer.sign(&mut request(Method::GET, "http://h/b")).expect_err("no header");
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    }
}
