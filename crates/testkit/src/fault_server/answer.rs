//! `Answer`: what goes back over the socket, whole or cut off on purpose.

use std::io;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How a connection ends before an answer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The connection is reset: the client's next read fails.
    Reset,
    /// The connection is closed: the client reads the end of the stream.
    Close,
    /// Nothing more comes, and the connection stays open until the client closes it.
    Stall,
}

/// Where an answer is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// Before its first byte.
    BeforeHead(Ending),
    /// After its head and so many bytes of its body.
    InBody(usize, Ending),
}

/// An answer to a request.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Where in the object the body starts.
    pub(super) offset: u64,
    pub(super) cut: Option<Cut>,
    /// Sent instead of everything else.
    pub(super) raw: Option<&'static [u8]>,
}

impl Answer {
    pub(super) fn new(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), offset: 0, cut: None, raw: None }
    }

    /// An XML document.
    pub(super) fn xml(status: StatusCode, document: String) -> Self {
        let mut answer = Self::new(status).header("content-type", "application/xml");
        answer.body = document.into();
        answer
    }

    /// A JSON document.
    pub(super) fn json(status: StatusCode, document: &serde_json::Value) -> Self {
        let mut answer = Self::new(status).header("content-type", "application/json; charset=UTF-8");
        answer.body = document.to_string().into();
        answer
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("the server makes its own header values");
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    /// Sends the answer; whether the connection can be used again.
    pub(super) async fn send(self, method: &Method, socket: &mut TcpStream) -> io::Result<bool> {
        if let Some(raw) = self.raw {
            socket.write_all(raw).await?;
            return Ok(false);
        }
        if let Some(Cut::BeforeHead(ending)) = self.cut {
            return end(ending, socket).await;
        }
        socket.write_all(&self.head()).await?;
        let body: &[u8] = if method == Method::HEAD { &[] } else { &self.body };
        match self.cut {
            Some(Cut::InBody(length, ending)) if length < body.len() => {
                socket.write_all(&body[..length]).await?;
                end(ending, socket).await
            }
            _ => {
                socket.write_all(body).await?;
                Ok(true)
            }
        }
    }

    fn head(&self) -> Vec<u8> {
        let reason = self.status.canonical_reason().unwrap_or("Unknown");
        let mut head = format!("HTTP/1.1 {} {reason}\r\n", self.status.as_u16()).into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        if !matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
            head.extend_from_slice(format!("content-length: {}\r\n", self.body.len()).as_bytes());
        }
        head.extend_from_slice(b"server: rangeway-testkit\r\nx-amz-request-id: 0123456789ABCDEF\r\n\r\n");
        head
    }
}

async fn end(ending: Ending, socket: &mut TcpStream) -> io::Result<bool> {
    match ending {
        Ending::Reset => socket.set_zero_linger()?,
        Ending::Close => {}
        Ending::Stall => {
            let mut ignored = [0; 1024];
            while socket.read(&mut ignored).await? > 0 {}
        }
    }
    Ok(false)
}

/// Why a request is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    /// The etag of the object, for 304.
    pub(super) etag: Option<String>,
    /// The size of the object, for 416.
    pub(super) size: Option<u64>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str) -> Self {
        let status = StatusCode::from_u16(status).expect("a status between 100 and 999");
        Self { status, code, etag: None, size: None }
    }

    /// No byte of the range is in the object, which has `size` bytes.
    pub(super) fn unsatisfiable(size: u64) -> Self {
        Self { size: Some(size), ..Self::new(416, "InvalidRange") }
    }

    pub(super) fn into_answer(self) -> Answer {
        if self.status == StatusCode::NOT_MODIFIED {
            return Answer::new(self.status).header("etag", &self.etag.unwrap_or_default());
        }
        let mut answer = Answer::xml(self.status, crate::xml::error(self.code, self.size));
        if let Some(size) = self.size {
            answer = answer.header("content-range", &format!("bytes */{size}"));
        }
        answer
    }
}
