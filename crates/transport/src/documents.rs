//! Requests whose answers are small and read as a whole: headers that matter, or a document.

use bytes::Bytes;
use rangeway_core::Result;

use crate::xml::Element;
use crate::{HeaderMap, HeaderValue, Request, RequestBody, Rest, Service, header};

/// No document is longer, in bytes: a page of 5,000 names of a thousand bytes, each of them encoded, is 15 MB.
const LIMIT: usize = 16 << 20;

impl<S: Service> Rest<S> {
    /// Sends a request whose answer has no body that matters, and gives back its headers.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_plain(&self, request: Request) -> Result<HeaderMap> {
        Ok(self.send_whole(request).await?.0)
    }

    /// Sends a request whose answer is an XML document.
    ///
    /// # Errors
    /// As [`send`](Self::send); `Integrity` when it is none.
    pub async fn send_xml(&self, request: Request) -> Result<(HeaderMap, Element)> {
        let (headers, document) = self.send_whole(request).await?;
        Ok((headers, Element::parse(&document)?))
    }

    /// Sends a request whose answer is a document of any kind.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_whole(&self, request: Request) -> Result<(HeaderMap, Bytes)> {
        let mut response = self.send(request).await?;
        let headers = std::mem::take(&mut response.headers);
        Ok((headers, response.into_bytes(LIMIT).await?))
    }
}

impl Request {
    /// Sets an XML document as the body.
    pub fn xml(self, document: String) -> Self {
        self.document(HeaderValue::from_static("application/xml"), document)
    }

    /// Sets a document of that content type as the body.
    pub fn document(self, kind: HeaderValue, document: String) -> Self {
        self.header(header::CONTENT_TYPE, kind).body(RequestBody::from(Bytes::from(document)))
    }
}
