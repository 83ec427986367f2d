//! What the benchmarks reach of the inside. A promise to nobody: it changes with what it shows.

use super::head;
use crate::Request;

/// Parses the head at the beginning of `bytes`; its length, if it is whole and valid.
pub fn parse(bytes: &[u8]) -> Option<usize> {
    head::answer(bytes).ok().flatten().map(|(_, length)| length)
}

/// The length of an authorised GET as it stands on the wire, once it has been written.
pub fn write(request: Request) -> usize {
    let mut assembled = http::Request::new(());
    *assembled.method_mut() = request.method;
    *assembled.uri_mut() = request.uri;
    *assembled.headers_mut() = request.headers;
    let mut message = bytes::BytesMut::with_capacity(1024);
    head::write_request(&mut message, &assembled);
    message.len()
}
