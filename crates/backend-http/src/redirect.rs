//! Redirects: where a file is, when it is elsewhere. No credentials are sent, so following them gives nothing away.

use rangeway_core::{Error, ErrorKind, Result};
use rangeway_transport::Uri;

/// More redirects in a row are a circle: browsers follow 20, curl 30 when asked to.
pub(crate) const MOST: usize = 10;

/// The URL that `location`, found at `base`, means.
///
/// # Errors
/// `Service` for what is no URL of a web server; `PermissionDenied` for a way from https to http.
pub(crate) fn target(base: &Uri, location: &str) -> Result<Uri> {
    let location = location.split('#').next().unwrap_or_default().trim();
    let scheme = base.scheme_str().unwrap_or("https");
    let authority = base.authority().map_or("", |authority| authority.as_str());
    let before_path = location.split(['/', '?']).next().unwrap_or_default();
    let text = if before_path.ends_with(':') {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else if location.starts_with('?') {
        format!("{scheme}://{authority}{}{location}", base.path())
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{location}")
    };
    let target: Uri = text.parse().map_err(|error| {
        Error::new(ErrorKind::Service, "the server says that the file is elsewhere, at what is no URL")
            .with_source(error)
    })?;
    match target.scheme_str() {
        Some("https") => Ok(target),
        Some("http") if scheme == "http" => Ok(target),
        Some("http") => Err(Error::new(ErrorKind::PermissionDenied, "the server leads from https to http")
            .with_hint("begin with the http:// URL if that is meant")),
        _ => Err(Error::new(ErrorKind::Service, "the server leads to what is no web server")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_row_by_row() {
        let base: Uri = "https://h:1/a/b?c".parse().expect("a URL");
        for (location, expected) in [
            ("https://other/x?y#z", Some("https://other/x?y")),
            ("//other/x", Some("https://other/x")),
            ("/x//y", Some("https://h:1/x//y")),
            ("x", Some("https://h:1/a/x")),
            ("?d", Some("https://h:1/a/b?d")),
            ("/x?next=http://h/y", Some("https://h:1/x?next=http://h/y")),
            ("x?next=http://h/y", Some("https://h:1/a/x?next=http://h/y")),
            ("http://h/x", None),
            ("ftp://h/x", None),
            ("https://", None),
        ] {
            let found = target(&base, location).ok().map(|uri| uri.to_string());
            assert_eq!(found.as_deref(), expected, "{location}");
        }
    }
}
