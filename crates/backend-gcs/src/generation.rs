//! Generations: the number that each write of an object gets. In quotes it is our etag; it is what conditions are on.
//!
//! The etags of Google's own are of no use for that: the two APIs have different ones, and writes take none of them.

use rangeway_core::{Conditions, Error, ErrorKind, PutMode, PutResponse, Result};
use rangeway_transport::{HeaderMap, HeaderName, HeaderValue, headers};

const GENERATION: HeaderName = HeaderName::from_static("x-goog-generation");

/// The condition on the generation of what is read or replaced; 0 for nothing.
///
/// Source: <https://cloud.google.com/storage/docs/xml-api/reference-headers#xgoogifgenerationmatch>.
const MATCH: HeaderName = HeaderName::from_static("x-goog-if-generation-match");

/// The etag of this generation.
pub(crate) fn etag(generation: &str) -> String {
    format!("\"{generation}\"")
}

/// The generation in an etag of ours.
fn of_etag(etag: &str) -> Option<&str> {
    let generation = etag.strip_prefix('"')?.strip_suffix('"')?;
    // 0 would mean that there is no object.
    let is_number = !generation.starts_with('0')
        && !generation.is_empty()
        && generation.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(generation)
}

/// The generation that `headers` name.
pub(crate) fn of(headers: &HeaderMap) -> Option<String> {
    headers::text(headers, &GENERATION)
}

/// The answer to a write.
pub(crate) fn put_response(headers: &HeaderMap) -> PutResponse {
    let generation = of(headers);
    PutResponse::new(generation.as_deref().map(etag), generation)
}

/// The generation that a write of `mode` demands, if any; 0 for nothing.
///
/// # Errors
/// `PreconditionFailed` for an etag that is none of ours: no object has it.
pub(crate) fn demanded(mode: &PutMode) -> Result<Option<&str>> {
    match mode {
        PutMode::Overwrite => Ok(None),
        PutMode::Create => Ok(Some("0")),
        PutMode::IfMatch(etag) => of_etag(etag).map(Some).ok_or_else(|| {
            Error::new(ErrorKind::PreconditionFailed, format!("no object has the etag {etag}"))
                .with_hint("the etags of gs:// are generations in quotes")
        }),
        _ => Err(Error::unsupported("Google Cloud Storage has no such write mode")),
    }
}

/// Adds the condition of a write.
///
/// # Errors
/// As [`demanded`].
pub(crate) fn put_mode(headers: &mut HeaderMap, mode: &PutMode) -> Result<()> {
    if let Some(generation) = demanded(mode)? {
        headers.insert(MATCH, headers::value(MATCH.as_str(), generation)?);
    }
    Ok(())
}

/// What an error means to a write of that mode.
pub(crate) fn of_mode(error: Error, mode: &PutMode) -> Error {
    match (mode, error.kind()) {
        (PutMode::Create, ErrorKind::PreconditionFailed) => {
            Error::new(ErrorKind::AlreadyExists, "the object exists").with_source(error)
        }
        _ => error,
    }
}

/// Adds the conditions of a read that the service can evaluate: it knows no etags of ours, and no generation that
/// must not match. The rest is evaluated on what comes back.
///
/// # Errors
/// `InvalidInput` for a time that cannot be sent.
pub(crate) fn put_conditions(headers: &mut HeaderMap, conditions: &Conditions) -> Result<()> {
    let mut others = conditions.clone();
    others.if_match = None;
    others.if_none_match = None;
    // Of two that say the same, the one with the time is to be ignored.
    if conditions.if_match.is_some() {
        others.if_unmodified_since = None;
    }
    if conditions.if_none_match.is_some() {
        others.if_modified_since = None;
    }
    headers::put_conditions(headers, &others)?;
    if let Some(generation) = conditions.if_match.as_deref().and_then(of_etag) {
        let value = HeaderValue::from_str(generation).expect("digits are a valid header");
        headers.insert(MATCH, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn etags_row_by_row() {
        for (etag, generation) in [
            ("\"12\"", Some("12")),
            ("\"1671\"", Some("1671")),
            ("12", None),
            ("\"\"", None),
            ("\"0\"", None),
            ("\"007\"", None),
            ("\"a1\"", None),
            ("*", None),
            ("\"1\",\"2\"", None),
        ] {
            assert_eq!(of_etag(etag), generation, "{etag}");
        }
        assert_eq!(of_etag(&etag("7")), Some("7"));
    }

    #[test]
    fn modes_row_by_row() -> Result<()> {
        assert_eq!(demanded(&PutMode::Overwrite)?, None);
        assert_eq!(demanded(&PutMode::Create)?, Some("0"));
        assert_eq!(demanded(&PutMode::IfMatch("\"5\"".into()))?, Some("5"));
        let error = demanded(&PutMode::IfMatch("\"other\"".into())).expect_err("no etag of ours");
        assert_eq!(error.kind(), ErrorKind::PreconditionFailed);
        Ok(())
    }

    #[test]
    fn only_what_the_service_understands_is_sent() -> Result<()> {
        let mut conditions = Conditions::default();
        conditions.if_match = Some("\"5\"".into());
        conditions.if_none_match = Some("\"6\"".into());
        conditions.if_modified_since = Some(SystemTime::UNIX_EPOCH);
        conditions.if_unmodified_since = Some(SystemTime::UNIX_EPOCH);
        let mut sent = HeaderMap::new();
        put_conditions(&mut sent, &conditions)?;
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[MATCH], "5");
        conditions.if_match = Some("*".into());
        conditions.if_none_match = None;
        let mut sent = HeaderMap::new();
        put_conditions(&mut sent, &conditions)?;
        assert_eq!(sent.keys().collect::<Vec<_>>(), ["if-modified-since"]);
        Ok(())
    }
}
