//! Requests whose answers are small and read as a whole: headers that matter, or a document.

use rangeway_core::Result;

use crate::xml::Element;
use crate::{HeaderMap, Request, RequestBody, Rest, Service, header};

/// No document is longer, in bytes: a page of 5,000 names of a thousand bytes, each of them encoded, is 15 MB.
const LIMIT: usize = 16 << 20;

impl<S: Service> Rest<S> {
    /// Sends a request whose answer has no body that matters, and gives back its headers.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_plain(&self, request: Request) -> Result<HeaderMap> {
        let mut response = self.send(request).await?;
        let headers = std::mem::take(&mut response.headers);
        response.into_bytes(LIMIT).await?;
        Ok(headers)
    }

    /// Sends a request whose answer is an XML document.
    ///
    /// # Errors
    /// As [`send`](Self::send); `Integrity` when it is none.
    pub async fn send_xml(&self, request: Request) -> Result<(HeaderMap, Element)> {
        let mut response = self.send(request).await?;
        let headers = std::mem::take(&mut response.headers);
        Ok((headers, Element::parse(&response.into_bytes(LIMIT).await?)?))
    }
}

impl Request {
    /// Sets an XML document as the body.
    pub fn xml(self, document: String) -> Self {
        let kind = crate::HeaderValue::from_static("application/xml");
        self.header(header::CONTENT_TYPE, kind).body(RequestBody::from(bytes::Bytes::from(document)))
    }
}
