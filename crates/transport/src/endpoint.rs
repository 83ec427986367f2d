//! Endpoints as users write them: the beginning of all URLs of a service.

use rangeway_core::{Error, Result};

use crate::Uri;

/// The endpoint without a slash at its end.
///
/// # Errors
/// `InvalidInput` for what is no base of URLs; credentials in it are refused without being shown.
pub fn checked_endpoint(endpoint: &str) -> Result<String> {
    let bad = |why: &str| {
        Error::invalid(format!("the endpoint {endpoint:?} {why}"))
            .with_hint("write it as http://host:port or https://host")
    };
    if endpoint.contains('@') {
        // The message must not repeat the password.
        return Err(Error::invalid("the endpoint holds credentials; they have settings of their own"));
    }
    let uri: Uri = endpoint.parse().map_err(|_| bad("is no URL"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none_or(str::is_empty) {
        return Err(bad("does not begin with http:// or https:// and a host"));
    }
    // What follows a `#` would never be sent: neither bucket nor key.
    if uri.query().is_some() || endpoint.contains('#') {
        return Err(bad("has a query or a fragment"));
    }
    // What is no port is dropped by the parser, and the scheme's own would be used.
    let has_port = uri.authority().map(|authority| authority.as_str().len()) != uri.host().map(str::len);
    if has_port && uri.port_u16().is_none_or(|port| port == 0) {
        return Err(bad("has a port that is not a number from 1 to 65535"));
    }
    Ok(endpoint.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_row_by_row() {
        for (text, expected) in [
            ("http://h:9000/", Some("http://h:9000")),
            ("https://h/base", Some("https://h/base")),
            ("https://h:65535/path/", Some("https://h:65535/path")),
            ("http://[::1]", Some("http://[::1]")),
            ("http://[::1]:9000", Some("http://[::1]:9000")),
            ("h:9000", None),
            ("ftp://h", None),
            ("http://", None),
            ("http://h:99999", None),
            ("http://h/?a=b", None),
            ("http://h/#a", None),
        ] {
            assert_eq!(checked_endpoint(text).ok().as_deref(), expected, "{text}");
        }
        let error = checked_endpoint("http://me:hunter2@h").expect_err("credentials").to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
