//! The XML that the test servers answer with, written by hand.

use std::fmt::Write;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// A document under construction.
pub(crate) struct Document(String);

impl Document {
    /// A document whose root is `name`, to be ended by [`finish`](Self::finish).
    pub(crate) fn new(name: &str) -> Self {
        Self(format!("{DECLARATION}<{name} xmlns=\"{NAMESPACE}\">"))
    }

    pub(crate) fn open(&mut self, name: &str) {
        let _ = write!(self.0, "<{name}>");
    }

    pub(crate) fn close(&mut self, name: &str) {
        let _ = write!(self.0, "</{name}>");
    }

    pub(crate) fn element(&mut self, name: &str, text: &str) {
        self.open(name);
        push_text(&mut self.0, text);
        self.close(name);
    }

    pub(crate) fn finish(mut self, name: &str) -> String {
        self.close(name);
        self.0
    }
}

/// Characters that XML 1.0 cannot hold go out as references, as S3 sends them.
fn push_text(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            control if (control as u32) < 0x20 || control == '\u{7f}' => {
                let _ = write!(out, "&#x{:x};", control as u32);
            }
            other => out.push(other),
        }
    }
}

/// The document of an error; for a range beyond the end with the object's size.
pub(crate) fn error(code: &str, size: Option<u64>) -> String {
    let size = size.map(|size| format!("<ActualObjectSize>{size}</ActualObjectSize>")).unwrap_or_default();
    format!(
        "{DECLARATION}<Error><Code>{code}</Code><Message>{code}, says the test server.</Message>{size}\
         <RequestId>0123456789ABCDEF</RequestId></Error>"
    )
}
