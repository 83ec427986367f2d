//! `Rest`: one request out, one answer back, refusals turned into errors.

use std::borrow::Cow;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use http::uri::Scheme;
use http::{Method, StatusCode, Uri};
use rangeway_core::{Body, Error, ErrorKind, Result, TransferStats};

use crate::body::{Arriving, Incoming, ResponseBody};
use crate::endpoints::{UnderWay, Waiting};
use crate::{Client, RequestBody, failure, headers};

/// How much of a refusal's body is read, in bytes: enough for any service's error document.
const REFUSAL_LIMIT: usize = 64 << 10;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("rangeway/", env!("CARGO_PKG_VERSION")));

/// What differs between services that speak HTTP.
#[async_trait]
pub trait Service: Debug + Send + Sync + 'static {
    /// Adds to `request` what makes the service accept it.
    ///
    /// # Errors
    /// `Unauthenticated` when there are no credentials.
    async fn authorize(&self, request: &mut Request) -> Result<()>;

    /// The error that an answer without success means.
    fn refuse(&self, refusal: Refusal) -> Error;
}

/// A request, still to be authorised.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to, with the path and the query exactly as they will be sent.
    pub uri: Uri,
    /// The headers; `Host` and `Content-Length` follow from the rest.
    pub headers: HeaderMap,
    /// The body.
    pub body: RequestBody,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, uri: Uri) -> Self {
        // What every request gets, and a condition.
        let headers = HeaderMap::with_capacity(8);
        Self { method, uri, headers, body: RequestBody::empty() }
    }

    /// Sets the body.
    pub fn body(mut self, body: RequestBody) -> Self {
        self.body = body;
        self
    }

    /// Sets a header whose value is known to be valid.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Host and port, as in the `Host` header: the default port of the scheme is left out.
    pub fn host(&self) -> Cow<'_, str> {
        let Some(host) = self.uri.host() else { return Cow::Borrowed("") };
        let default = if self.uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        let port = self.uri.port().filter(|port| port.as_u16() != default);
        port.map_or(Cow::Borrowed(host), |port| Cow::Owned([host, ":", port.as_str()].concat()))
    }
}

/// An answer without success: what an error is made of.
pub struct Refusal {
    /// The method of the request.
    pub method: Method,
    /// The status, never 2xx.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The beginning of the body, at most 64 KiB.
    pub body: Bytes,
    /// What the request showed to be authorised.
    pub authorization: Option<HeaderValue>,
}

/// Shows no secrets, and no body, which may be of any kind.
impl Debug for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refusal")
            .field("method", &self.method)
            .field("status", &self.status)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

impl Refusal {
    /// How long the service asks to wait, at the time `now`.
    pub fn retry_after(&self, now: SystemTime) -> Option<Duration> {
        headers::retry_after(self.headers.get(RETRY_AFTER)?.to_str().ok()?, now)
    }
}

/// Sends requests for a service.
#[derive(Debug)]
pub struct Rest<S> {
    client: Client,
    service: S,
    left_out: AtomicU64,
}

impl<S: Service> Rest<S> {
    /// Requests for `service` over `client`.
    pub fn new(client: Client, service: S) -> Self {
        Self { client, service, left_out: AtomicU64::new(0) }
    }

    /// The URL of what the service at the other end is to fetch itself, by an endpoint that is well.
    ///
    /// # Errors
    /// `InvalidInput` when the endpoint and `url` make no URL.
    pub fn source(&self, url: Uri) -> Result<Uri> {
        let well = self.client.endpoints().map_or(Ok(None), |endpoints| endpoints.well(&url))?;
        Ok(well.unwrap_or(url))
    }

    /// What is counted here: reads that did not take the direct data path, and what listings left out.
    pub fn stats(&self) -> TransferStats {
        let mut stats = TransferStats::default();
        stats.fallbacks = self.client.fallbacks();
        stats.left_out = self.left_out.load(Ordering::Relaxed);
        stats
    }

    /// Counts names that a listing has left out, as they cannot be keys.
    pub fn left_out(&self, names: u64) {
        self.left_out.fetch_add(names, Ordering::Relaxed);
    }

    /// The service.
    pub fn service(&self) -> &S {
        &self.service
    }

    /// Sends one request: no retry, no redirect.
    ///
    /// # Errors
    /// `Connect`, `Timeout` and `Interrupted` when no answer came; what the service's `refuse` says when the answer
    /// is not 2xx; those of the payload and of `authorize`.
    pub async fn send(&self, mut request: Request) -> Result<Response> {
        let mut under_way = match self.client.endpoints() {
            Some(endpoints) => endpoints.direct(&mut request.uri)?,
            None => None,
        };
        self.service.authorize(&mut request).await?;
        let (host, method, payload) =
            (request.host().into_owned(), request.method.clone(), request.body.failure());
        let authorization = request.headers.get(AUTHORIZATION).cloned();
        let request = assemble(request, &host)?;
        let begun = Instant::now();
        let waiting = Waiting::new(&mut under_way);
        let answer = self.exchange(request, &host).await;
        waiting.end();
        let response = match answer {
            Ok(response) => response,
            Err(error) => {
                let own = payload.take();
                return Err(match under_way {
                    Some(under_way) => unanswered(under_way, error, own),
                    None => own.unwrap_or(error),
                });
            }
        };
        let (head, incoming) = response.into_parts();
        tracing::debug!(%method, host, status = head.status.as_u16(), elapsed = ?begun.elapsed(), "answer");
        if let Some(under_way) = &mut under_way {
            let length = if method == Method::HEAD { Some(0) } else { content_length(&head.headers) };
            under_way.answered(head.status, length);
        }
        let arriving = Arriving::new(incoming, host, under_way);
        let response = Response { status: head.status, headers: head.headers, arriving };
        if response.status.is_success() {
            return Ok(response);
        }
        let (status, headers) = (response.status, response.headers.clone());
        let body = response.beginning(REFUSAL_LIMIT).await;
        Err(self.service.refuse(Refusal { method, status, headers, body, authorization }))
    }

    /// Sends the request as it is: GETs over the direct data path, all else through the HTTP library.
    async fn exchange(
        &self,
        request: http::Request<RequestBody>,
        host: &str,
    ) -> Result<http::Response<Incoming>> {
        if request.method() == Method::GET
            && request.body().length() == 0
            && let Some(direct) = self.client.direct(request.uri())
        {
            let answer = direct.get(&request.map(|_| ())).await;
            return answer
                .map(|answer| answer.map(Incoming::Direct))
                .map_err(|error| failure::of_request(host, error));
        }
        let answer = self.client.send(request).await;
        answer.map(|answer| answer.map(Incoming::Pooled)).map_err(|error| failure::of_request(host, error))
    }
}

/// The error of a request that got no answer: the payload's `own` one, where it has failed itself.
fn unanswered(mut under_way: UnderWay, error: Error, own: Option<Error>) -> Error {
    if let Some(own) = own {
        return own;
    }
    if error.kind() != ErrorKind::Connect {
        under_way.broke();
        return error;
    }
    // Whatever is in the way of this one, another may be reached.
    if under_way.unreachable() { error.with_retryable(true) } else { error }
}

fn assemble(request: Request, host: &str) -> Result<http::Request<RequestBody>> {
    let Request { method, uri, mut headers, body } = request;
    let host = HeaderValue::from_str(host)
        .map_err(|error| Error::invalid("the host is no valid header").with_source(error))?;
    headers.insert(http::header::HOST, host);
    headers.insert(USER_AGENT, AGENT);
    if body.length() > 0 || method == Method::PUT || method == Method::POST {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.length()));
    }
    let mut assembled = http::Request::new(body);
    *assembled.method_mut() = method;
    *assembled.uri_mut() = uri;
    *assembled.headers_mut() = headers;
    Ok(assembled)
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// An answer with success.
#[derive(Debug)]
pub struct Response {
    /// The status, always 2xx.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    arriving: Arriving,
}

impl Response {
    /// The length of the body as the headers announce it, in bytes.
    pub fn content_length(&self) -> Option<u64> {
        content_length(&self.headers)
    }

    /// The body, which the caller knows to be `length` bytes long.
    pub fn into_body(self, length: u64) -> Body {
        Body::new(length, ResponseBody::new(self.arriving, length))
    }

    /// The whole body in memory. Reading it to the end lets the connection be used again.
    ///
    /// # Errors
    /// `Interrupted` when it breaks off; `Integrity` when it is longer than `limit` bytes.
    pub async fn into_bytes(mut self, limit: usize) -> Result<Bytes> {
        let mut all = BytesMut::new();
        while let Some(bytes) = self.arriving.chunk().await? {
            if all.len() + bytes.len() > limit {
                let what = format!("the answer of {} is longer than {limit} bytes", self.arriving.host());
                return Err(Error::new(ErrorKind::Integrity, what));
            }
            all.extend_from_slice(&bytes);
        }
        Ok(all.freeze())
    }

    /// At most `limit` bytes of the body; what breaks off is cut off.
    async fn beginning(mut self, limit: usize) -> Bytes {
        let mut all = BytesMut::new();
        while all.len() < limit
            && let Ok(Some(bytes)) = self.arriving.chunk().await
        {
            all.extend_from_slice(&bytes[..bytes.len().min(limit - all.len())]);
        }
        all.freeze()
    }
}
