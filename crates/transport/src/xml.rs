//! XML as the services speak it: answers become a small tree, requests are written as text.
//!
//! Text is taken exactly: keys may begin with spaces, and characters that XML cannot hold arrive as references.

use std::fmt::Write;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use rangeway_core::{Error, ErrorKind, Result};

/// No answer is nested deeper. Elements within elements are dropped recursively, which takes stack.
const DEPTH: usize = 32;

/// An element: its name without namespace, its text, its children.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The name, without namespace.
    pub name: String,
    text: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
}

impl Element {
    /// Parses a document.
    ///
    /// # Errors
    /// `Integrity` when it is not XML, or ends before its root does.
    pub fn parse(document: &[u8]) -> Result<Self> {
        // Some answers begin with white space that kept the connection alive.
        let mut reader = Reader::from_reader(document.trim_ascii_start());
        let mut open: Vec<Self> = Vec::new();
        loop {
            let event = reader.read_event().map_err(unreadable)?;
            let complete = match event {
                Event::Start(_) if open.len() >= DEPTH => {
                    return Err(Error::new(ErrorKind::Integrity, "the XML is nested too deeply"));
                }
                Event::Start(tag) => {
                    open.push(Self::of(&tag)?);
                    None
                }
                Event::Empty(tag) => Some(Self::of(&tag)?),
                Event::End(_) => open.pop(),
                Event::Text(text) => {
                    push(&mut open, &text.decode().map_err(unreadable)?);
                    None
                }
                Event::CData(text) => {
                    push(&mut open, &text.decode().map_err(unreadable)?);
                    None
                }
                Event::GeneralRef(reference) => {
                    push(&mut open, &resolve(&reference)?);
                    None
                }
                Event::Eof => return Err(Error::new(ErrorKind::Integrity, "the XML ends too early")),
                _ => None,
            };
            if let Some(element) = complete {
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => return Ok(element),
                }
            }
        }
    }

    fn of(tag: &BytesStart<'_>) -> Result<Self> {
        let attributes = tag.attributes().map(|attribute| {
            let attribute = attribute.map_err(unreadable)?;
            Ok((name(attribute.key.local_name().as_ref()), name(&attribute.value)))
        });
        let attributes = attributes.collect::<Result<_>>()?;
        Ok(Self { name: name(tag.local_name().as_ref()), attributes, ..Self::default() })
    }

    /// The text between its tags, children left out.
    pub fn own_text(&self) -> &str {
        &self.text
    }

    /// The value of the attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// All children, in order.
    pub fn all_children(&self) -> impl Iterator<Item = &Self> {
        self.children.iter()
    }

    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of that name.
    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of that name.
    pub fn text(&self, name: &str) -> Option<&str> {
        Some(self.child(name)?.text.as_str())
    }
}

fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<String> {
    if let Some(character) = reference.resolve_char_ref().map_err(unreadable)? {
        return Ok(character.to_string());
    }
    let entity = reference.decode().map_err(unreadable)?;
    let text = resolve_predefined_entity(&entity);
    text.map(str::to_owned).ok_or_else(|| {
        Error::new(ErrorKind::Integrity, format!("the XML names an unknown entity {entity:?}"))
    })
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Integrity, "the answer is not the XML that was expected").with_source(error)
}

/// Whether XML 1.0 can carry `text`; see [its section 2.2](https://www.w3.org/TR/xml/#charsets).
pub fn can_carry(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..))
}

/// Appends `<name>text</name>`; white space is written so that no parser changes it.
pub fn write(document: &mut String, name: &str, text: &str) {
    let _ = write!(document, "<{name}>");
    for c in text.chars() {
        match c {
            '&' => document.push_str("&amp;"),
            '<' => document.push_str("&lt;"),
            '>' => document.push_str("&gt;"),
            '"' => document.push_str("&quot;"),
            '\'' => document.push_str("&apos;"),
            '\t' | '\n' | '\r' => {
                let _ = write!(document, "&#{};", u32::from(c));
            }
            c => document.push(c),
        }
    }
    let _ = write!(document, "</{name}>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_become_trees() -> Result<()> {
        let root = Element::parse(
            b"  \n<?xml version=\"1.0\"?><r:R xmlns:r='x'>\n<K> a&amp;b&#x1;\n</K><K><![CDATA[<]]></K><E f='g'/></r:R>",
        )?;
        assert_eq!(root.name, "R");
        assert_eq!(root.text("K"), Some(" a&b\u{1}\n"));
        assert_eq!(root.children("K").nth(1).map(Element::own_text), Some("<"));
        assert_eq!(root.text("E"), Some(""));
        let last = root.all_children().last().expect("three children");
        assert_eq!((last.name.as_str(), last.attribute("f"), last.attribute("g")), ("E", Some("g"), None));
        assert_eq!(root.text("None"), None);
        Ok(())
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for bad in ["", "no xml", "<a><b></a>", "<a>", "<a>&nope;</a>", "<a>&#0;</a>"] {
            assert_eq!(
                Element::parse(bad.as_bytes()).expect_err(bad).kind(),
                ErrorKind::Integrity,
                "{bad:?}"
            );
        }
        let deep = "<a>".repeat(2_000_000) + &"</a>".repeat(2_000_000);
        assert_eq!(Element::parse(deep.as_bytes()).expect_err("too deep").kind(), ErrorKind::Integrity);
    }

    #[test]
    fn what_is_written_reads_back() -> Result<()> {
        for text in [" a&<>\"' \t\r\nb ", "\u{1f980}//", ""] {
            let mut document = String::new();
            write(&mut document, "K", text);
            let root = Element::parse(format!("<R>{document}</R>").as_bytes())?;
            assert_eq!(root.text("K"), Some(text));
        }
        Ok(())
    }

    #[test]
    fn characters_that_xml_cannot_carry_row_by_row() {
        for (text, can) in
            [("a\t\r\n \u{1f980}", true), ("\u{0}", false), ("\u{1}", false), ("\u{fffe}", false)]
        {
            assert_eq!(can_carry(text), can, "{text:?}");
        }
    }
}
