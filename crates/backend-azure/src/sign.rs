//! The shared key signature over the exact path that is sent.
//!
//! Source: <https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key>.

use std::fmt::Write;
use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rangeway_core::{Error, ErrorKind, Result};
use rangeway_transport::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, encode, header};
use ring::hmac;

/// The version of the service's API that requests are written for.
pub(crate) const API_VERSION: HeaderValue = HeaderValue::from_static("2023-11-03");

pub(crate) const DATE: HeaderName = HeaderName::from_static("x-ms-date");

/// The headers whose values are signed one per line, in this order; the length stands after the second.
const SIGNED: [HeaderName; 9] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    HeaderName::from_static("content-md5"),
    header::CONTENT_TYPE,
    header::DATE,
    header::IF_MODIFIED_SINCE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_UNMODIFIED_SINCE,
];

/// Adds the date and the signature of `account`'s key.
///
/// # Errors
/// `Unauthenticated` for an account that no header can hold.
pub(crate) fn sign(request: &mut Request, account: &str, key: &hmac::Key, now: SystemTime) -> Result<()> {
    let date = HeaderValue::from_str(&httpdate::fmt_http_date(now)).expect("a date is plain text");
    request.headers.insert(DATE, date);
    let length = request.body.length();
    let value = authorization(&request.method, &request.uri, &request.headers, length, account, key)?;
    request.headers.insert(header::AUTHORIZATION, value);
    Ok(())
}

/// The value of `Authorization` for a request with these headers.
pub(crate) fn authorization(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    length: u64,
    account: &str,
    key: &hmac::Key,
) -> Result<HeaderValue> {
    let signature = hmac::sign(key, text(method, uri, headers, length, account).as_bytes());
    let value = format!("SharedKey {account}:{}", BASE64_STANDARD.encode(signature));
    let mut value = HeaderValue::from_str(&value).map_err(|error| {
        Error::new(ErrorKind::Unauthenticated, "the account cannot be sent").with_source(error)
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// What is signed.
fn text(method: &Method, uri: &Uri, headers: &HeaderMap, length: u64, account: &str) -> String {
    let value =
        |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut text = format!("{method}\n");
    for (index, name) in SIGNED.iter().enumerate() {
        if index == 2 {
            let length = if length == 0 { String::new() } else { length.to_string() };
            let _ = writeln!(text, "{length}");
        }
        let _ = writeln!(text, "{}", value(name));
    }
    let _ = writeln!(text, "{}", value(&header::RANGE));
    let mut own: Vec<(&str, &str)> = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-ms-"))
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default().trim()))
        .collect();
    own.sort_unstable();
    for (name, value) in own {
        let _ = writeln!(text, "{name}:{value}");
    }
    let _ = write!(text, "/{account}{}", uri.path());
    let mut query: Vec<(String, String)> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text: &str| encode::decode(text).unwrap_or_default();
            (decoded(name).to_ascii_lowercase(), decoded(value))
        })
        .collect();
    query.sort_unstable();
    for (name, value) in query {
        let _ = write!(text, "\n{name}:{value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of "List Containers" and the one of "Get Blob" on Microsoft's page, with our path and headers.
    #[test]
    fn what_is_signed_row_by_row() {
        let uri: Uri = "https://a.blob.core.windows.net/c/x%20y?restype=container&comp=list&prefix=p%2F%26"
            .parse()
            .expect("a URI");
        let mut headers = HeaderMap::new();
        headers.insert("x-ms-version", API_VERSION);
        headers.insert(DATE, HeaderValue::from_static("Fri, 26 Jun 2015 23:39:12 GMT"));
        headers.insert(header::RANGE, HeaderValue::from_static("bytes=0-9"));
        headers.insert(header::IF_MATCH, HeaderValue::from_static("\"e\""));
        let expected = "GET\n\n\n\n\n\n\n\n\"e\"\n\n\nbytes=0-9\n\
                        x-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2023-11-03\n\
                        /a/c/x%20y\ncomp:list\nprefix:p/&\nrestype:container";
        assert_eq!(text(&Method::GET, &uri, &headers, 0, "a"), expected);
        let put = text(&Method::PUT, &uri, &HeaderMap::new(), 11, "a");
        assert!(put.starts_with("PUT\n\n\n11\n\n\n\n\n\n\n\n\n/a/c/x%20y\n"), "{put:?}");
    }
}
