//! `Peer`: a listener that answers each request with the next bytes of a script, whatever they are.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rangeway_core::{Error, ErrorKind, Result};
use rangeway_transport::{Client, ClientOptions, Method, Refusal, Request, Rest, Service};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

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
    seen: Arc<Mutex<Seen>>,
}

impl Peer {
    /// Answers the first request with the first of `answers`, and so on. A connection is closed after an answer
    /// without a length or with `Connection: close`, and when the script has ended.
    pub(crate) async fn start(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let authority = listener.local_addr().expect("an address").to_string();
        let seen = Arc::<Mutex<Seen>>::default();
        let log = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut answers = answers.into_iter();
            while let Ok((socket, _)) = listener.accept().await {
                lock(&log).connections += 1;
                if !serve(socket, &mut answers, &log).await {
                    return;
                }
            }
        });
        Self { authority, seen }
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
        Request::new(method, format!("http://{}{path}", self.authority).parse().expect("a URI"))
    }
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves one connection; `false` when the script has ended.
async fn serve(
    mut socket: TcpStream,
    answers: &mut impl Iterator<Item = Vec<u8>>,
    log: &Mutex<Seen>,
) -> bool {
    while let Some(request) = read_request(&mut socket).await {
        lock(log).requests.push(request);
        let Some(answer) = answers.next() else { return false };
        let text = String::from_utf8_lossy(&answer).to_lowercase();
        let stays = text.contains("content-length") && !text.contains("connection: close");
        if socket.write_all(&answer).await.is_err() || !stays {
            return true;
        }
    }
    true
}

async fn read_request(socket: &mut TcpStream) -> Option<String> {
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
