//! HTTP for rangeway's cloud backends: one client, one way to send a request, and the headers that objects have.
//!
//! * [`Client`] is HTTP/1.1 over TCP and TLS with a pool of connections. It never follows redirects, so credentials
//!   never reach a host they were not meant for, and it reads no environment: all comes from [`ClientOptions`].
//! * [`Rest`] sends a [`Request`] for a [`Service`], which says how to authorise a request and what a refusal means.
//!   One call is one request: retrying is the range engine's business.
//! * [`encode`], [`headers`] and [`xml`] are pure functions between our types and what stands on the wire, [`mixed`] puts
//!   many requests into one, and [`pages`] makes one stream of a listing in pages.
//!
//! Keys are sent exactly as they are: no part of this crate normalises a path.
#![forbid(unsafe_code)]

mod body;
mod client;
mod connect;
mod connector;
mod direct;
mod documents;
mod endpoint;
mod endpoints;
mod extent;
mod failure;
mod fetched;
mod resolve;
mod rest;
mod settings;
mod status;
mod stream;
mod tls;
mod tls_stream;

pub mod encode;
pub mod headers;
pub mod mixed;
pub mod pages;
pub mod xml;

pub use {
    body::RequestBody,
    client::{Client, ClientOptions},
    connector::{CREDENTIALS_TIMEOUT, Connector},
    endpoint::checked_endpoint,
    extent::{check, extent, no_length, of_range},
    fetched::{Fetched, Provider},
    rest::{Refusal, Request, Response, Rest, Service},
    settings::{ENDPOINTS, SETTINGS},
    status::kind_of_status,
};

#[cfg(feature = "bench")]
#[doc(hidden)]
pub use direct::bench;

/// The types of the HTTP messages, so that backends need not name the crate.
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
