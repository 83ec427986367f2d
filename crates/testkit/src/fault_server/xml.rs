//! What the fault server adds to the XML of S3: encoded keys, and documents read into paths and texts.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use super::answer::Refusal;

/// What stays as it is in a key of a listing with `encoding-type=url`, beside letters and digits. A space becomes `+`.
///
/// Measured: <https://github.com/brekkylab/backlot/issues/178>.
const KEPT: AsciiSet =
    NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

/// A key as a listing with `encoding-type=url` has it.
pub(super) fn url_encode(text: &str) -> String {
    utf8_percent_encode(text, &KEPT).to_string().replace(' ', "+")
}

/// The elements of a document that have a text or are empty, in order: path from the root's child on, and text.
pub(super) fn leaves(document: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let malformed = || Refusal::new(400, "MalformedXML");
    let mut reader = Reader::from_reader(document);
    let mut open: Vec<String> = Vec::new();
    let mut text = String::new();
    let mut is_leaf = false;
    let mut found = Vec::new();
    loop {
        match reader.read_event().map_err(|_| malformed())? {
            Event::Start(tag) => {
                open.push(String::from_utf8_lossy(tag.local_name().as_ref()).into_owned());
                text.clear();
                is_leaf = true;
            }
            Event::Text(part) => text.push_str(&part.decode().map_err(|_| malformed())?),
            Event::CData(part) => text.push_str(&part.decode().map_err(|_| malformed())?),
            Event::GeneralRef(reference) => {
                if let Some(character) = reference.resolve_char_ref().map_err(|_| malformed())? {
                    text.push(character);
                } else {
                    let name = reference.decode().map_err(|_| malformed())?;
                    text.push_str(resolve_predefined_entity(&name).ok_or_else(malformed)?);
                }
            }
            Event::End(_) => {
                if is_leaf && open.len() > 1 {
                    found.push((open[1..].join("/"), std::mem::take(&mut text)));
                }
                is_leaf = false;
                open.pop();
                if open.is_empty() {
                    return Ok(found);
                }
            }
            Event::Eof => return Err(malformed()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::Document;

    #[test]
    fn keys_are_encoded_as_s3_does() {
        for (key, encoded) in [
            ("a b.txt", "a+b.txt"),
            ("a+b.txt", "a%2Bb.txt"),
            ("100%.csv", "100%25.csv"),
            ("한글/x.txt", "%ED%95%9C%EA%B8%80/x.txt"),
            ("run books/x", "run+books/x"),
        ] {
            assert_eq!(url_encode(key), encoded);
        }
    }

    #[test]
    fn texts_round_trip() {
        let odd = " <a>&amp;\"\n\r\t ";
        let mut document = Document::new("Delete");
        document.open("Object");
        document.element("Key", odd);
        document.close("Object");
        document.element("Quiet", "");
        let document = document.finish("Delete");
        let expected = vec![("Object/Key".to_owned(), odd.to_owned()), ("Quiet".to_owned(), String::new())];
        assert_eq!(leaves(document.as_bytes()), Ok(expected));
        assert!(leaves(b"<Delete><Object>").is_err());
    }
}
