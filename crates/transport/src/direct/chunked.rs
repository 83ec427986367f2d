//! `Chunks`: where the chunks of a body begin and end, whatever its pieces. Pure functions of bytes.
//!
//! Source: [RFC 9112 section 7.1](https://www.rfc-editor.org/rfc/rfc9112#section-7.1).

use std::io;

use bytes::{Buf, BytesMut};

/// No header of a chunk with its extensions, and no trailer, is longer, in bytes.
const HEADER_LIMIT: usize = 4096;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Chunks {
    /// The header of the first chunk.
    #[default]
    First,
    /// The end of a chunk, and the header of the next.
    Next,
    /// What follows the last chunk: the lines of trailers, and an empty one.
    Trailers,
}

impl Chunks {
    /// Takes the header of the next chunk from the front of `bytes`, and gives its length: 0 after the last one, whose
    /// trailers are taken too. `None` while more is needed.
    pub(super) fn next(&mut self, bytes: &mut BytesMut) -> io::Result<Option<u64>> {
        let bad = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidData, why));
        let end_of_chunk: &[u8] = if *self == Self::Next { b"\r\n" } else { b"" };
        if *self != Self::Trailers {
            if bytes.len() < end_of_chunk.len() {
                return Ok(None);
            }
            if !bytes.starts_with(end_of_chunk) {
                return bad("a chunk is longer than it says");
            }
            match httparse::parse_chunk_size(&bytes[end_of_chunk.len()..]) {
                Ok(httparse::Status::Complete((header, size))) => {
                    bytes.advance(end_of_chunk.len() + header);
                    *self = if size == 0 { Self::Trailers } else { Self::Next };
                    if size > 0 {
                        return Ok(Some(size));
                    }
                }
                Ok(httparse::Status::Partial) if bytes.len() > HEADER_LIMIT => {
                    return bad("a chunk's header is too long");
                }
                Ok(httparse::Status::Partial) => return Ok(None),
                Err(_) => return bad("a chunk's length is not a number"),
            }
        }
        while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
            bytes.advance(end + 2);
            if end == 0 {
                return Ok(Some(0));
            }
        }
        if bytes.len() > HEADER_LIMIT { bad("a trailer is too long") } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The chunks of `text`, which arrives in pieces; `None` when it is not whole.
    fn chunks(text: &[u8], piece: usize) -> io::Result<Option<Vec<u8>>> {
        let (mut state, mut bytes, mut all) = (Chunks::default(), BytesMut::new(), Vec::new());
        let mut left = 0;
        for piece in text.chunks(piece) {
            bytes.extend_from_slice(piece);
            loop {
                let length = bytes.len().min(left);
                all.extend_from_slice(&bytes.split_to(length));
                left -= length;
                if left > 0 {
                    break;
                }
                match state.next(&mut bytes)? {
                    Some(0) => return Ok(Some(all)),
                    Some(size) => left = usize::try_from(size).expect("small"),
                    None => break,
                }
            }
        }
        Ok(None)
    }

    #[test]
    fn chunks_row_by_row() {
        for (text, expected) in [
            ("3\r\nabc\r\n0\r\n\r\n", Some("abc")),
            ("0\r\n\r\n", Some("")),
            ("3;ext=1\r\nabc\r\n2\r\nde\r\n0;x\r\nX-Sum: 1\r\nY: 2\r\n\r\n", Some("abcde")),
            ("A\r\n0123456789\r\n0\r\n", None),
        ] {
            for piece in 1..=text.len() {
                let found = chunks(text.as_bytes(), piece).expect("well-formed");
                assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{text} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let long = [b"3;".to_vec(), vec![b'x'; HEADER_LIMIT]].concat();
        let trailer = [b"0\r\n".to_vec(), vec![b'x'; HEADER_LIMIT + 1]].concat();
        for text in [b"zz\r\nabc".as_slice(), b"2\r\nabc\r\n0\r\n\r\n", &long, &trailer] {
            chunks(text, text.len()).expect_err("refused");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..100), piece in 1..20usize) {
            let _ = chunks(&bytes, piece);
        }
    }
}
