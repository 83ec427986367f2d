//! `Client`: the pool of HTTP/1.1 connections, and what can be chosen about it.

use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, Client as Pool};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rangeway_core::{Error, Operation, Result, Settings};

use crate::RequestBody;
use crate::connect::Connect;
use crate::direct::{self, Direct, DirectBody, MAX_HEADERS};
use crate::settings::{CA_BUNDLE, CONNECT_TIMEOUT, IDLE_CONNECTIONS, IDLE_TIMEOUT, NO_PROXY, PROXY};
use crate::tls::read_bundle;

/// What can be chosen about a [`Client`].
#[derive(Clone)]
#[non_exhaustive]
pub struct ClientOptions {
    /// How long name resolution, TCP and TLS together may take.
    pub connect_timeout: Duration,
    /// How many connections to one host are kept while idle.
    pub idle_connections: usize,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
    /// A PEM file of certificates to trust besides the system's.
    pub ca_bundle: Option<PathBuf>,
    /// The proxy for `https://` endpoints; may hold a password.
    pub proxy: Option<String>,
    /// Hosts that need no proxy, separated by commas.
    pub no_proxy: Option<String>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_connections: 256,
            // Services close idle connections after some 20 s; one that closes while a request is on its way costs a
            // retry.
            idle_timeout: Duration::from_secs(15),
            ca_bundle: None,
            proxy: None,
            no_proxy: None,
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
        Ok(Self {
            connect_timeout: settings.duration(&CONNECT_TIMEOUT)?.unwrap_or(defaults.connect_timeout),
            idle_connections: settings.count(&IDLE_CONNECTIONS)?.unwrap_or(defaults.idle_connections),
            idle_timeout: settings.duration(&IDLE_TIMEOUT)?.unwrap_or(defaults.idle_timeout),
            ca_bundle: settings.text(&CA_BUNDLE).map(PathBuf::from),
            proxy: settings.text(&PROXY),
            no_proxy: settings.text(&NO_PROXY),
        })
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

/// Shows no proxy: it may hold a password.
impl std::fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientOptions")
            .field("connect_timeout", &self.connect_timeout)
            .field("idle_connections", &self.idle_connections)
            .field("idle_timeout", &self.idle_timeout)
            .field("ca_bundle", &self.ca_bundle)
            .field("no_proxy", &self.no_proxy)
            .finish_non_exhaustive()
    }
}

/// An HTTP/1.1 client with its own pool of connections. Cloning is cheap and shares the pool.
///
/// There is no timeout for a whole request: bodies are long. Callers watch progress.
#[derive(Clone)]
pub struct Client {
    pool: Pool<Connect, RequestBody>,
    direct: Direct,
}

impl Client {
    /// A client; no connection is made yet. Needs a tokio runtime at the first request.
    ///
    /// # Errors
    /// `InvalidInput` for bad options.
    pub fn new(options: &ClientOptions) -> Result<Self> {
        options.validate()?;
        let connect = Connect::new(options);
        let direct = Direct::new(connect.clone(), options);
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(options.idle_timeout)
            .pool_max_idle_per_host(options.idle_connections)
            .http1_max_headers(MAX_HEADERS)
            .build(connect);
        Ok(Self { pool, direct })
    }

    /// Sends one request as it is and gives back the head of the answer.
    pub(crate) async fn send(
        &self,
        request: http::Request<RequestBody>,
    ) -> Result<http::Response<Incoming>, legacy::Error> {
        self.pool.request(request).await
    }

    /// Sends one GET as it is, over the direct data path.
    pub(crate) async fn get(
        &self,
        request: &http::Request<()>,
    ) -> Result<http::Response<DirectBody>, direct::Failure> {
        self.direct.get(request).await
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
        for (name, value) in [("connect-timeout", "0"), ("proxy", "socks5://h:1"), ("ca-bundle", "/nowhere")]
        {
            let options =
                ClientOptions::from_settings(&Settings::default().set(name, value)).expect("parses");
            let error = Client::new(&options).expect_err(name);
            assert_eq!(error.kind(), rangeway_core::ErrorKind::InvalidInput, "{name}");
        }
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
