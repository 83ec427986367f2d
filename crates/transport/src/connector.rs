//! `Connector`: our client underneath `object_store`, whose credential chains fetch through it.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::RETRY_AFTER;
use http_body_util::{BodyExt, Limited};
use object_store::client::{
    ClientOptions as StoreOptions, HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest,
    HttpResponse, HttpService,
};
use rangeway_core::{Error, ErrorKind};

use crate::{Client, RequestBody, failure, headers, kind_of_status};

/// No fetch of credentials takes longer.
pub const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(5);

/// No answer with credentials is larger, in bytes.
const LIMIT: usize = 1 << 20;

/// Gives [`Client`] to `object_store`. Meant for its credential chains: answers are small and in bounded time.
#[derive(Debug, Clone)]
pub struct Connector(Client);

impl Connector {
    /// Everything `object_store` asks for goes through `client`; its own client options are ignored.
    pub fn new(client: Client) -> Self {
        Self(client)
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &StoreOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Connector {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answer = tokio::time::timeout(CREDENTIALS_TIMEOUT, self.exchange(request)).await;
        answer
            .map_err(|_| Error::new(ErrorKind::Timeout, format!("no answer within {CREDENTIALS_TIMEOUT:?}")))
            .flatten()
            .map_err(|error| {
                let kind = match error.kind() {
                    ErrorKind::Connect => HttpErrorKind::Connect,
                    ErrorKind::Timeout => HttpErrorKind::Timeout,
                    ErrorKind::Interrupted => HttpErrorKind::Interrupted,
                    _ => HttpErrorKind::Unknown,
                };
                HttpError::new(kind, error)
            })
    }
}

impl Connector {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let (head, body) = request.into_parts();
        let unread = |error| Error::new(ErrorKind::Interrupted, "reading the request").with_source(error);
        let body = body.collect().await.map_err(unread)?.to_bytes();
        let request = http::Request::from_parts(head, RequestBody::from(body));
        let response = self.0.send(request).await.map_err(|error| failure::of_request(&host, error))?;
        let (head, body) = response.into_parts();
        // What may pass is told as an error: of an answer, nobody would know.
        let refusal =
            Error::new(kind_of_status(head.status.as_u16()), format!("{host} answered {}", head.status));
        if !head.status.is_success() && refusal.is_retryable() {
            let wait = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let wait = wait.and_then(|wait| headers::retry_after(wait, SystemTime::now()));
            return Err(refusal.with_retry_after(wait));
        }
        let collected = Limited::new(body, LIMIT).collect().await;
        let body: Bytes = collected
            .map_err(|error| {
                Error::new(ErrorKind::Interrupted, format!("the answer of {host}")).with_source(error)
            })?
            .to_bytes();
        Ok(HttpResponse::from_parts(head, body.into()))
    }
}
