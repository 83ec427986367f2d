//! Why a request or a body broke: the kind to act on, from what the HTTP client says.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy;
use rangeway_core::{Error, ErrorKind};

use crate::direct;

const IS_IT_HTTPS: &str = "is it https:// and not http://?";

/// Why a request got no answer, as the client says that sent it.
pub(crate) trait Unanswered: StdError + Send + Sync + 'static {
    /// Whether not even a connection was made.
    fn is_connect(&self) -> bool;

    /// Whether the answer was TLS where HTTP was expected.
    fn is_tls(&self) -> bool;
}

impl Unanswered for legacy::Error {
    fn is_connect(&self) -> bool {
        legacy::Error::is_connect(self)
    }

    /// The library does not say what it could not parse.
    fn is_tls(&self) -> bool {
        false
    }
}

impl Unanswered for direct::Failure {
    fn is_connect(&self) -> bool {
        matches!(self, Self::Connect(_))
    }

    fn is_tls(&self) -> bool {
        matches!(self, Self::Tls)
    }
}

/// The error of a request to `host` that got no answer.
pub(crate) fn of_request(host: &str, error: impl Unanswered) -> Error {
    if let Some(refusal) = tls_refusal(&error) {
        let hint = "add the certificate of its authority with ca-bundle=FILE or AWS_CA_BUNDLE";
        return Error::new(ErrorKind::Connect, format!("TLS with {host}: {refusal}"))
            .with_retryable(false)
            .with_hint(hint)
            .with_source(error);
    }
    if error.is_tls() {
        return Error::new(ErrorKind::Connect, format!("{host} speaks TLS, and was spoken to without"))
            .with_retryable(false)
            .with_hint(IS_IT_HTTPS)
            .with_source(error);
    }
    if is_not_tls(&error) {
        return Error::new(ErrorKind::Connect, format!("{host} was spoken to with TLS, and answers without"))
            .with_retryable(false)
            .with_hint("is it http:// and not https://?")
            .with_source(error);
    }
    if error.is_connect() {
        return Error::new(ErrorKind::Connect, format!("no connection to {host}")).with_source(error);
    }
    if is_timeout(&error) {
        return Error::new(ErrorKind::Timeout, format!("{host} did not answer in time")).with_source(error);
    }
    let broken = Error::new(ErrorKind::Interrupted, format!("the request to {host} broke off"));
    let broken = if is_no_http(&error) { broken.with_hint(IS_IT_HTTPS) } else { broken };
    broken.with_source(error)
}

/// The error of a body from `host` that broke off.
pub(crate) fn of_body(host: &str, error: impl StdError + Send + Sync + 'static) -> Error {
    let kind = if is_timeout(&error) { ErrorKind::Timeout } else { ErrorKind::Interrupted };
    Error::new(kind, format!("the body from {host} broke off")).with_source(error)
}

/// The errors below `error`, itself included; those inside of I/O errors too.
pub(crate) fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inside.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}

/// Whether somebody is there who did not want the connection.
pub(crate) fn is_refused(error: &(dyn StdError + 'static)) -> bool {
    chain(error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|io| matches!(io.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset))
}

fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(|error| {
        let hyper = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_timeout);
        let io = error.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::TimedOut);
        hyper || io
    })
}

/// What is wrong with the server's certificate: trying again does not help.
fn tls_refusal<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    chain(error)
        .find_map(|error| error.downcast_ref::<rustls::Error>())
        .filter(|error| matches!(error, rustls::Error::InvalidCertificate(_)))
}

/// Whether the bytes that came in place of a handshake are no TLS at all.
fn is_not_tls(error: &(dyn StdError + 'static)) -> bool {
    use rustls::{Error, InvalidMessage::InvalidContentType};
    chain(error)
        .filter_map(|error| error.downcast_ref::<Error>())
        .any(|error| matches!(error, Error::InvalidMessage(InvalidContentType)))
}

/// Whether the bytes that came in place of an answer are no HTTP at all.
fn is_no_http(error: &(dyn StdError + 'static)) -> bool {
    chain(error).any(|error| error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_inside_of_io_errors_are_found() {
        let certificate = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, certificate));
        assert!(tls_refusal(&wrapped).is_some() && !is_timeout(&wrapped));
        let late = io::Error::other(io::Error::from(io::ErrorKind::TimedOut));
        assert!(tls_refusal(&late).is_none() && is_timeout(&late));
    }
}
