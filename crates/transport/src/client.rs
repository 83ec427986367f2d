//! `Client`: the pools of connections, and what can be chosen about them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::{self, Client as Pool};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rangeway_core::{Error, Operation, Result, Settings};

use crate::RequestBody;
use crate::connect::Connect;
use crate::direct::{Direct, MAX_HEADERS};
use crate::endpoint::checked_endpoint;
use crate::endpoints::Endpoints;
use crate::settings::{
    CA_BUNDLE, CONNECT_TIMEOUT, CONNECTIONS, DIRECT, ENDPOINTS, HTTP2, IDLE_CONNECTIONS, IDLE_TIMEOUT,
    NO_PROXY, PROXY,
};
use crate::tls::read_bundle;

/// What can be chosen about a [`Client`].
#[derive(Clone)]
#[non_exhaustive]
pub struct ClientOptions {
    /// How long name resolution, TCP and TLS together may take.
    pub connect_timeout: Duration,
    /// How many connections to one host reads may have open; `None` for no limit.
    pub connections: Option<usize>,
    /// How many connections to one host are kept while idle.
    pub idle_connections: usize,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
    /// Whether GETs take the direct data path.
    pub direct: bool,
    /// Whether HTTP/2 is spoken with `https://` endpoints that offer it.
    pub http2: bool,
    /// A PEM file of certificates to trust besides the system's.
    pub ca_bundle: Option<PathBuf>,
    /// The proxy for `https://` endpoints; may hold a password.
    pub proxy: Option<String>,
    /// Hosts that need no proxy, separated by commas.
    pub no_proxy: Option<String>,
    /// Several ways to one service, none for one.
    pub endpoints: Vec<String>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            connections: None,
            idle_connections: 256,
            // Services close idle connections after some 20 s; one that closes while a request is on its way costs a
            // retry.
            idle_timeout: Duration::from_secs(15),
            direct: true,
            http2: false,
            ca_bundle: None,
            proxy: None,
            no_proxy: None,
            endpoints: Vec::new(),
        }
    }
}

impl ClientOptions {
    /// The defaults with what `settings` say.
    ///
    /// # Errors
    /// `InvalidInput` that names the bad setting.
    pub fn from_settings(settings: &Settings) -> Result<Self> {
        let defaults = Self::default();
        let limited =
            settings.text(&CONNECTIONS).is_some_and(|text| !text.trim().eq_ignore_ascii_case("auto"));
        Ok(Self {
            connections: if limited { settings.count(&CONNECTIONS)? } else { defaults.connections },
            connect_timeout: settings.duration(&CONNECT_TIMEOUT)?.unwrap_or(defaults.connect_timeout),
            idle_connections: settings.count(&IDLE_CONNECTIONS)?.unwrap_or(defaults.idle_connections),
            idle_timeout: settings.duration(&IDLE_TIMEOUT)?.unwrap_or(defaults.idle_timeout),
            direct: settings.flag(&DIRECT)?.unwrap_or(defaults.direct),
            http2: settings.flag(&HTTP2)?.unwrap_or(defaults.http2),
            ca_bundle: settings.text(&CA_BUNDLE).map(PathBuf::from),
            proxy: settings.text(&PROXY),
            no_proxy: settings.text(&NO_PROXY),
            endpoints: settings.text(&ENDPOINTS).map_or(Ok(Vec::new()), |list| several(&list))?,
        })
    }

    /// The endpoint that requests are made for: the first of several, or else the `single` one.
    ///
    /// # Errors
    /// `InvalidInput` for what is no base of URLs.
    pub fn endpoint(&self, single: Option<String>) -> Result<Option<String>> {
        match self.endpoints.first() {
            Some(first) => Ok(Some(first.clone())),
            None => single.map(|single| checked_endpoint(&single)).transpose(),
        }
    }

    /// Trusts the certificates of this PEM file too.
    pub fn ca_bundle(mut self, path: impl Into<PathBuf>) -> Self {
        self.ca_bundle = Some(path.into());
        self
    }

    /// Sets how long making a connection may take.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    fn validate(&self) -> Result<()> {
        if self.connect_timeout.is_zero() {
            return Err(Error::invalid("connect-timeout is 0: no connection is that fast")
                .with_operation(Operation::Configure));
        }
        if self.connections == Some(0) {
            return Err(Error::invalid("connections is 0: nothing could be read")
                .with_operation(Operation::Configure)
                .with_hint("`auto` sets no limit"));
        }
        if let Some(proxy) = &self.proxy {
            let uri = proxy.parse::<Uri>().ok();
            let known = uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http") | None));
            if !known {
                return Err(Error::invalid("the proxy is not of the form http://[user:password@]host:port")
                    .with_operation(Operation::Configure)
                    .with_hint("set proxy, HTTPS_PROXY or ALL_PROXY to an http:// proxy, or leave it out"));
            }
        }
        self.ca_bundle.as_deref().map_or(Ok(()), |path| read_bundle(path).map(|_| ()))
    }
}

/// The endpoints of a list with commas.
fn several(list: &str) -> Result<Vec<String>> {
    let endpoints: Vec<String> =
        list.split(',').map(|one| checked_endpoint(one.trim())).collect::<Result<_>>()?;
    Endpoints::new(&endpoints)?;
    Ok(endpoints)
}

/// Shows no proxy: it may hold a password.
impl std::fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientOptions")
            .field("connect_timeout", &self.connect_timeout)
            .field("connections", &self.connections)
            .field("idle_connections", &self.idle_connections)
            .field("idle_timeout", &self.idle_timeout)
            .field("direct", &self.direct)
            .field("http2", &self.http2)
            .field("ca_bundle", &self.ca_bundle)
            .field("no_proxy", &self.no_proxy)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

/// An HTTP client with its own pools of connections. Cloning is cheap and shares them.
///
/// There is no timeout for a whole request: bodies are long. Callers watch progress.
#[derive(Clone)]
pub struct Client {
    pool: Pool<Connect, RequestBody>,
    direct: Option<Direct>,
    http2: bool,
    /// GETs that did not take the direct data path.
    fallbacks: Arc<AtomicU64>,
    /// Where there are several ways to the service.
    endpoints: Option<Arc<Endpoints>>,
}

impl Client {
    /// A client; no connection is made yet. Needs a tokio runtime at the first request.
    ///
    /// # Errors
    /// `InvalidInput` for bad options.
    pub fn new(options: &ClientOptions) -> Result<Self> {
        options.validate()?;
        let connect = Connect::new(options);
        let direct = options.direct.then(|| Direct::new(connect.clone(), options));
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(options.idle_timeout)
            .pool_max_idle_per_host(options.idle_connections)
            .http1_max_headers(MAX_HEADERS)
            // What is on its way is bounded by what the connection carries, not by 5 MiB for all of its streams.
            .http2_adaptive_window(true)
            .build(connect);
        let endpoints = match options.endpoints.as_slice() {
            [] | [_] => None,
            several => Some(Arc::new(Endpoints::new(several)?)),
        };
        Ok(Self { pool, direct, http2: options.http2, fallbacks: Arc::default(), endpoints })
    }

    /// Sends one request as it is and gives back the head of the answer.
    pub(crate) async fn send(
        &self,
        request: http::Request<RequestBody>,
    ) -> Result<http::Response<hyper::body::Incoming>, legacy::Error> {
        self.pool.request(request).await
    }

    /// The direct data path, where a GET to the host of `uri` may take it; one that may not is counted.
    pub(crate) fn direct(&self, uri: &Uri) -> Option<&Direct> {
        let may = !self.http2 || uri.scheme() == Some(&Scheme::HTTP);
        let direct = self.direct.as_ref().filter(|_| may);
        if direct.is_none() {
            self.fallbacks.fetch_add(1, Ordering::Relaxed);
        }
        direct
    }

    /// The several ways to the service, where there are.
    pub(crate) fn endpoints(&self) -> Option<&Arc<Endpoints>> {
        self.endpoints.as_ref()
    }

    /// How many GETs did not take the direct data path.
    pub(crate) fn fallbacks(&self) -> u64 {
        self.fallbacks.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_bad_ones_named() {
        let settings = Settings::default().set("connect-timeout", "3s").set("idle-connections", "7");
        let options = ClientOptions::from_settings(&settings).expect("valid");
        assert_eq!((options.connect_timeout, options.idle_connections), (Duration::from_secs(3), 7));
        for (name, value) in [
            ("connect-timeout", "0"),
            ("connections", "0"),
            ("proxy", "socks5://h:1"),
            ("ca-bundle", "/nowhere"),
        ] {
            let options =
                ClientOptions::from_settings(&Settings::default().set(name, value)).expect("parses");
            let error = Client::new(&options).expect_err(name);
            assert_eq!(error.kind(), rangeway_core::ErrorKind::InvalidInput, "{name}");
        }
    }

    #[test]
    fn variables_of_the_seed_system_mean_the_same() {
        let of = |pairs: &[(&'static str, &'static str)]| {
            let settings = Settings::new(pairs.iter().copied().collect());
            ClientOptions::from_settings(&settings).expect("valid")
        };
        let options = of(&[
            ("S3DLIO_CONNECT_TIMEOUT_MS", "250"),
            ("S3DLIO_HTTP_IDLE_TIMEOUT_MS", "800"),
            ("S3DLIO_MAX_HTTP_CONNECTIONS", "9"),
            ("S3DLIO_USE_OPTIMIZED_HTTP", "false"),
            ("S3DLIO_ENABLE_HTTP2", "1"),
        ]);
        assert_eq!(
            (options.connect_timeout, options.idle_timeout),
            (Duration::from_millis(250), Duration::from_millis(800))
        );
        assert_eq!((options.connections, options.direct, options.http2), (Some(9), false, true));
        assert_eq!(of(&[("S3DLIO_HTTP_MAX_CONNS", "7")]).connections, Some(7));
        assert_eq!(of(&[("RANGEWAY_CONNECTIONS", "auto"), ("S3DLIO_HTTP_MAX_CONNS", "7")]).connections, None);
    }

    #[test]
    fn defaults_are_those_of_the_table() {
        let options = ClientOptions::from_settings(&Settings::default()).expect("defaults");
        assert_eq!(format!("{options:?}"), format!("{:?}", ClientOptions::default()));
    }

    #[test]
    fn debug_shows_no_password() {
        let settings = Settings::default().set("proxy", "http://me:hunter2@h:1");
        let options = ClientOptions::from_settings(&settings).expect("valid");
        assert!(!format!("{options:?}").contains("hunter2"));
    }
}
