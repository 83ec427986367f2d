//! `Connect`: from a URI to a connection, directly or through a proxy, in bounded time.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use crate::ClientOptions;
use crate::resolve::attempt::Attempt;
use crate::resolve::{Lookup, Resolver, System};
use crate::stream::Stream;
use crate::tls_stream::TlsStream;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Tcp = TokioIo<TcpStream>;

/// Metadata services of the local link answer at once, or they are not there.
const LOCAL_TIMEOUT: Duration = Duration::from_secs(1);

/// Makes the connections of a client. Cloning is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Connect(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    resolver: Resolver,
    proxy: Matcher,
    timeout: Duration,
    bundle: Option<PathBuf>,
    http2: bool,
    /// Made at the first `https://` connection: a client that needs no TLS must not need certificates.
    tls: OnceCell<Arc<ClientConfig>>,
}

impl Connect {
    pub(crate) fn new(options: &ClientOptions) -> Self {
        Self::with_lookup(options, System)
    }

    fn with_lookup(options: &ClientOptions, lookup: impl Lookup) -> Self {
        let proxy = Matcher::builder()
            .https(options.proxy.as_deref().unwrap_or_default())
            .no(options.no_proxy.as_deref().unwrap_or_default())
            .build();
        Self(Arc::new(Inner {
            resolver: Resolver::new(lookup),
            proxy,
            timeout: options.connect_timeout,
            bundle: options.ca_bundle.clone(),
            http2: options.http2,
            tls: OnceCell::new(),
        }))
    }
}

impl Connect {
    /// A connection to the host of `uri` for the direct data path.
    pub(crate) async fn open(&self, uri: &Uri) -> Result<Stream, BoxError> {
        self.0.in_time(uri, self.0.open(uri)).await
    }
}

impl Inner {
    async fn in_time<T>(
        &self,
        uri: &Uri,
        connecting: impl Future<Output = Result<T, BoxError>>,
    ) -> Result<T, BoxError> {
        let timeout = if is_link_local(uri) { self.timeout.min(LOCAL_TIMEOUT) } else { self.timeout };
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, format!("no connection within {timeout:?}"));
        tokio::time::timeout(timeout, connecting).await.map_err(late)?
    }

    async fn open(&self, uri: &Uri) -> Result<Stream, BoxError> {
        let Some((config, name)) = self.tls(uri).await? else {
            return Ok(Stream::Plain(self.reach(uri).await?.into_inner()));
        };
        let tcp = self.reach(uri).await?.into_inner();
        Ok(Stream::Tls(Box::new(TlsStream::connect(tcp, config, name).await?)))
    }

    /// A connection for the HTTP library.
    async fn open_pooled(&self, uri: &Uri) -> Result<MaybeHttpsStream<Tcp>, BoxError> {
        let Some((config, name)) = self.tls(uri).await? else {
            return Ok(MaybeHttpsStream::Http(self.reach(uri).await?));
        };
        let tcp = TokioIo::new(self.reach(uri).await?);
        Ok(TlsConnector::from(config).connect(name, tcp).await.map_err(io::Error::other)?.into())
    }

    /// How to speak TLS with the host of `uri`, and what its certificate must say; `None` where it is plain HTTP.
    async fn tls(&self, uri: &Uri) -> Result<Option<(Arc<ClientConfig>, ServerName<'static>)>, BoxError> {
        if uri.scheme() == Some(&http::uri::Scheme::HTTP) {
            return Ok(None);
        }
        let name = ServerName::try_from(host(uri).to_owned())?;
        let config = self.tls.get_or_try_init(|| crate::tls::config(self.bundle.clone(), self.http2)).await?;
        Ok(Some((Arc::clone(config), name)))
    }

    /// The bytes' way to the host of `uri`, through the proxy where one is to be used.
    async fn reach(&self, uri: &Uri) -> Result<Tcp, BoxError> {
        let attempt = Attempt::new(self.resolver.clone());
        let reached = self.reach_with(uri, attempt.clone()).await;
        let address = reached.as_ref().ok().and_then(|tcp| tcp.inner().peer_addr().ok());
        attempt.ended(address.map(|address| address.ip()));
        reached
    }

    async fn reach_with(&self, uri: &Uri, attempt: Attempt) -> Result<Tcp, BoxError> {
        let mut tcp = HttpConnector::new_with_resolver(attempt);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // Divided among the addresses of a name: the first must not use up the time of all when it is silent. TLS needs
        // some time after the last of them.
        tcp.set_connect_timeout(Some(self.timeout.mul_f32(0.75)));
        let wanted = uri.scheme() != Some(&http::uri::Scheme::HTTP) && !is_local(uri);
        let Some(proxy) = self.proxy.intercept(uri).filter(|_| wanted) else {
            return Ok(tcp.call(uri.clone()).await?);
        };
        let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
        if let Some(auth) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(auth.clone());
        }
        Ok(tunnel.call(uri.clone()).await?)
    }
}

impl Service<Uri> for Connect {
    type Response = MaybeHttpsStream<Tcp>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.in_time(&uri, inner.open_pooled(&uri)).await })
    }
}

/// The host without the brackets around an IPv6 address.
fn host(uri: &Uri) -> &str {
    uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

fn address(uri: &Uri) -> Option<IpAddr> {
    host(uri).parse().ok()
}

/// The metadata services of EC2 and EKS that are not on the local link by their address.
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>.
const METADATA: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)];

/// Whether the host may be a metadata service: one on the local link.
fn is_link_local(uri: &Uri) -> bool {
    match address(uri) {
        Some(IpAddr::V4(address)) => address.is_link_local(),
        Some(IpAddr::V6(address)) => address.is_unicast_link_local() || METADATA.contains(&address),
        None => false,
    }
}

/// Whether the host is this machine or its link, where no proxy helps.
fn is_local(uri: &Uri) -> bool {
    uri.host() == Some("localhost")
        || is_link_local(uri)
        || address(uri).is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures::FutureExt;
    use futures::future::BoxFuture;
    use tokio::net::TcpListener;

    use super::*;

    /// Addresses of this machine: nobody listens at the first of them.
    #[derive(Debug)]
    struct Loopback;

    impl Lookup for Loopback {
        fn addresses(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            assert_eq!(name, "bucket.test");
            let found = [2, 3, 4].map(|last| IpAddr::from([127, 0, 0, last])).into();
            async { Ok(found) }.boxed()
        }
    }

    // Other systems have one loopback address only.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn each_connection_takes_the_next_address_and_none_that_failed() {
        let first = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 3), 0)).await.expect("a free port");
        let port = first.local_addr().expect("an address").port();
        let _second = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 4), port)).await.expect("a free port");
        let connect = Connect::with_lookup(&ClientOptions::default(), Loopback);
        let uri: Uri = format!("http://bucket.test:{port}/k").parse().expect("a URI");
        let mut reached = Vec::new();
        for pooled in [false, true, false, true] {
            let address = if pooled {
                let Ok(MaybeHttpsStream::Http(tcp)) = connect.clone().call(uri.clone()).await else {
                    panic!("no connection")
                };
                tcp.inner().peer_addr()
            } else {
                let Ok(Stream::Plain(tcp)) = connect.open(&uri).await else { panic!("no connection") };
                tcp.peer_addr()
            };
            reached.push(address.expect("an address").ip().to_string());
        }
        assert_eq!(reached, ["127.0.0.3", "127.0.0.4", "127.0.0.3", "127.0.0.4"]);
    }

    #[test]
    fn local_hosts_row_by_row() {
        for (uri, local, link_local) in [
            ("https://s3.us-east-1.amazonaws.com/b", false, false),
            ("http://127.0.0.1:9000", true, false),
            ("https://localhost", true, false),
            ("https://[::1]:1/x", true, false),
            ("http://169.254.169.254/latest", true, true),
            ("http://[fd00:ec2::254]/latest", true, true),
            ("https://10.0.0.5:9000", false, false),
            ("https://[fd12:3456::10]:9000", false, false),
        ] {
            let uri = uri.parse().expect("URI");
            assert_eq!((is_local(&uri), is_link_local(&uri)), (local, link_local), "{uri}");
        }
    }
}
