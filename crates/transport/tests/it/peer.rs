//! `Peer`: a listener that answers each request with the next bytes of a script, whatever they are.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rangeway_core::{Error, ErrorKind, Result};
use rangeway_transport::{Client, ClientOptions, Method, Refusal, Request, Rest, Service};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// What a peer has seen.
#[derive(Debug, Default)]
struct Seen {
    requests: Vec<String>,
    connections: usize,
}

/// A running peer.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) authority: String,
    scheme: &'static str,
    /// The certificate that its clients trust.
    bundle: Option<tempfile::NamedTempFile>,
    seen: Arc<Mutex<Seen>>,
}

impl Peer {
    /// Answers the first request with the first of `answers`, and so on. A connection is closed after an answer
    /// without a length or with `Connection: close`, and when the script has ended.
    pub(crate) async fn start(answers: Vec<Vec<u8>>) -> Self {
        Self::start_with(answers, None).await
    }

    /// As [`start`](Self::start), over TLS; also gives the options of clients that trust this peer.
    ///
    /// It never announces the end of what it sends.
    pub(crate) async fn start_tls(answers: Vec<Vec<u8>>) -> (Self, ClientOptions) {
        let (config, file) = identity();
        let options = ClientOptions::default().ca_bundle(file.path());
        let mut peer = Self::start_with(answers, Some(Arc::new(config).into())).await;
        peer.bundle = Some(file);
        (peer, options)
    }

    async fn start_with(answers: Vec<Vec<u8>>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let authority = listener.local_addr().expect("an address").to_string();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let seen = Arc::<Mutex<Seen>>::default();
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut answers = answers.into_iter();
            while let Ok((socket, _)) = listener.accept().await {
                lock(&log).connections += 1;
                let goes_on = match &tls {
                    None => serve(socket, &mut answers, &log).await,
                    Some(tls) => match tls.accept(socket).await {
                        Ok(stream) => serve(stream, &mut answers, &log).await,
                        Err(_) => true,
                    },
                };
                if !goes_on {
                    return;
                }
            }
        });
        Self { authority, scheme, bundle: None, seen }
    }

    /// The requests with their bodies, as they arrived.
    pub(crate) fn requests(&self) -> Vec<String> {
        lock(&self.seen).requests.clone()
    }

    pub(crate) fn connections(&self) -> usize {
        lock(&self.seen).connections
    }

    /// A request to this peer.
    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        Request::new(method, format!("{}://{}{path}", self.scheme, self.authority).parse().expect("a URI"))
    }
}

/// What a server of `127.0.0.1` is configured with, and the certificate that its clients trust.
pub(crate) fn identity() -> (ServerConfig, tempfile::NamedTempFile) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("supported")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), made.cert.pem()).expect("written");
    (config.expect("a key that fits"), file)
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves one connection; `false` when the script has ended.
async fn serve(
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    answers: &mut impl Iterator<Item = Vec<u8>>,
    log: &Mutex<Seen>,
) -> bool {
    while let Some(request) = read_request(&mut socket).await {
        lock(log).requests.push(request);
        let Some(answer) = answers.next() else { return false };
        let text = String::from_utf8_lossy(&answer).to_lowercase();
        let stays = text.contains("content-length") && !text.contains("connection: close");
        let sent = async { socket.write_all(&answer).await.and(socket.flush().await) };
        if sent.await.is_err() || !stays {
            return true;
        }
    }
    true
}

async fn read_request(socket: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(socket.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    bytes.extend_from_slice(&body);
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// A service without authorisation, whose refusals say what they hold.
#[derive(Debug)]
pub(crate) struct Plain;

#[async_trait]
impl Service for Plain {
    async fn authorize(&self, _: &mut Request) -> Result<()> {
        Ok(())
    }

    fn refuse(&self, refusal: Refusal) -> Error {
        let what = format!("{} {} {} bytes", refusal.method, refusal.status.as_u16(), refusal.body.len());
        Error::new(ErrorKind::Service, what)
            .with_retry_after(refusal.retry_after(std::time::SystemTime::UNIX_EPOCH))
    }
}

/// Requests with these options.
pub(crate) fn rest(options: &ClientOptions) -> Rest<Plain> {
    Rest::new(Client::new(options).expect("valid options"), Plain)
}
