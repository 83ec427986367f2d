//! The stream against another implementation's server, over a transport that cuts what it carries at any byte.

use std::sync::{Arc, LazyLock};

use futures::FutureExt;
use proptest::prelude::*;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{
    AlertDescription, HandshakeKind, RootCertStore, ServerConfig, SupportedProtocolVersion, version,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_rustls::{TlsAcceptor, server};

use super::*;

type Served = io::Result<server::TlsStream<DuplexStream>>;

static IDENTITY: LazyLock<(CertificateDer<'static>, PrivateKeyDer<'static>)> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed(["peer.test".to_owned()]).expect("a certificate");
    (made.cert.der().clone(), PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into()))
});

fn acceptor(version: &'static SupportedProtocolVersion) -> TlsAcceptor {
    let (certificate, key) = &*IDENTITY;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[version])
        .expect("supported")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.clone_key());
    Arc::new(config.expect("a key that fits")).into()
}

fn client(trusted: &[CertificateDer<'static>]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted.iter().cloned());
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("supported")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

fn trusting() -> Arc<ClientConfig> {
    client(std::slice::from_ref(&IDENTITY.0))
}

/// Lets no more bytes through at once than the next of `cuts` says, and makes who reads wait every other time.
struct Cut {
    inner: DuplexStream,
    cuts: std::iter::Cycle<std::vec::IntoIter<usize>>,
    ready: bool,
}

impl Cut {
    fn new(inner: DuplexStream, cuts: &[usize]) -> Self {
        let cuts = cuts.to_vec();
        Self { inner, cuts: cuts.into_iter().cycle(), ready: false }
    }

    fn next(&mut self) -> usize {
        self.cuts.next().expect("endless")
    }
}

impl AsyncRead for Cut {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.ready = !self.ready;
        if self.ready {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut bytes = vec![0; self.next().min(buffer.remaining())];
        let mut part = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut part))?;
        buffer.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Cut {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let length = self.next().min(bytes.len());
        Pin::new(&mut self.inner).poll_write(cx, &bytes[..length])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// A server that does `serve` with its end, and the client's stream over a transport with these cuts.
async fn pair<F: Future<Output = ()> + Send + 'static>(
    acceptor: TlsAcceptor,
    config: Arc<ClientConfig>,
    cuts: &[usize],
    serve: impl FnOnce(Served) -> F + Send + 'static,
) -> (io::Result<TlsStream<Cut>>, tokio::task::JoinHandle<()>) {
    let (near, far) = tokio::io::duplex(50_000);
    let served = tokio::spawn(async move { serve(acceptor.accept(far).await).await });
    let name = ServerName::try_from("peer.test").expect("a name");
    (TlsStream::connect(Cut::new(near, cuts), config, name).await, served)
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).expect("small")).collect()
}

/// Reads to the end with buffers of these sizes; each future is dropped before it is ready as often as that happens.
async fn read_all(stream: &mut TlsStream<Cut>, sizes: &[usize]) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    for size in sizes.iter().cycle() {
        let mut buffer = BytesMut::with_capacity(*size);
        let read = loop {
            match stream.read_buf(&mut buffer).now_or_never() {
                Some(read) => break read?,
                None => tokio::task::yield_now().await,
            }
        };
        assert_eq!(read, buffer.len());
        all.extend_from_slice(&buffer);
        if read == 0 {
            break;
        }
    }
    Ok(all)
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let bounded = async { tokio::time::timeout(std::time::Duration::from_mins(2), test).await };
    runtime.block_on(bounded).expect("in bounded time");
}

/// The server reads `asked` bytes and sends them back in pieces, with new keys between them where there are such.
async fn echo(served: Served, asked: usize, piece: usize) {
    let mut stream = served.expect("a handshake");
    let mut bytes = vec![0; asked];
    stream.read_exact(&mut bytes).await.expect("the request");
    for piece in bytes.chunks(piece) {
        stream.write_all(piece).await.expect("sent");
        let _ = stream.get_mut().1.refresh_traffic_keys();
    }
    stream.shutdown().await.expect("ended");
}

fn echoes(
    version: &'static SupportedProtocolVersion,
    length: usize,
    piece: usize,
    cuts: &[usize],
    sizes: &[usize],
) {
    run(async {
        let serve = move |served| echo(served, length, piece);
        let (stream, served) = pair(acceptor(version), trusting(), cuts, serve).await;
        let mut stream = stream.expect("a handshake");
        let sent = pattern(length);
        stream.write_all(&sent).await.expect("written");
        stream.flush().await.expect("sent");
        assert!(read_all(&mut stream, sizes).await.expect("an orderly end") == sent);
        stream.read_u8().await.expect_err("the end stays the end");
        served.await.expect("no panic");
    });
}

#[test]
fn every_byte_arrives_when_each_comes_alone() {
    echoes(&version::TLS13, 40_000, 9_999, &[1], &[20_000, 1]);
    echoes(&version::TLS12, 20_000, 9_999, &[1], &[100_000]);
}

#[test]
fn large_bodies_make_the_buffer_grow_and_arrive_whole() {
    for version in [&version::TLS13, &version::TLS12] {
        echoes(version, 3_000_000, 1_000_000, &[1 << 20], &[1 << 20, 5, 70_000]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn every_byte_arrives_wherever_the_transport_cuts(
        length in 1..120_000usize,
        piece in 500..40_000usize,
        cuts in prop::collection::vec(1..40_000usize, 1..6),
        sizes in prop::collection::vec(100..60_000usize, 1..4),
        old in any::<bool>(),
    ) {
        echoes(if old { &version::TLS12 } else { &version::TLS13 }, length, piece, &cuts, &sizes);
    }
}

#[test]
fn an_end_without_notice_is_an_error_after_all_that_came() {
    run(async {
        let cut_off = async |served: Served| {
            let mut stream = served.expect("a handshake");
            stream.write_all(b"abc").await.expect("sent");
            stream.flush().await.expect("sent");
            drop(stream.into_inner().0);
        };
        let (stream, served) = pair(acceptor(&version::TLS13), trusting(), &[9_999], cut_off).await;
        served.await.expect("no panic");
        let mut stream = stream.expect("a handshake");
        let mut buffer = BytesMut::with_capacity(10);
        assert_eq!(stream.read_buf(&mut buffer).await.expect("what came"), 3);
        let error = stream.read_buf(&mut buffer).await.expect_err("cut off");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    });
}

#[test]
fn sessions_are_resumed_once_a_ticket_came() {
    run(async {
        let (acceptor, config) = (acceptor(&version::TLS13), trusting());
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let serve = async move |served: Served| {
                let found = served.as_ref().expect("a handshake").get_ref().1.handshake_kind();
                assert_eq!(found, Some(kind));
                echo(served, 1, 1).await;
            };
            let (stream, served) = pair(acceptor.clone(), Arc::clone(&config), &[9_999], serve).await;
            let mut stream = stream.expect("a handshake");
            stream.write_all(b"x").await.expect("written");
            stream.flush().await.expect("sent");
            assert_eq!(read_all(&mut stream, &[10]).await.expect("an orderly end"), b"x");
            served.await.expect("no panic");
        }
    });
}

#[test]
fn who_is_not_trusted_hears_why() {
    run(async {
        let serve = async |served: Served| {
            let error = served.expect_err("refused");
            let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
            assert_eq!(cause, Some(&rustls::Error::AlertReceived(AlertDescription::UnknownCA)));
        };
        let (stream, served) = pair(acceptor(&version::TLS13), client(&[]), &[9_999], serve).await;
        let error = stream.expect_err("not trusted");
        let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        assert!(matches!(cause, Some(rustls::Error::InvalidCertificate(_))), "{error:?}");
        served.await.expect("no panic");
    });
}

#[test]
fn what_was_changed_on_the_way_is_refused_for_good() {
    run(async {
        let serve = async |served: Served| {
            let mut stream = served.expect("a handshake");
            stream.write_all(b"abc").await.expect("sent");
            stream.flush().await.expect("sent");
            // A record that nobody has sealed.
            let (socket, _) = stream.get_mut();
            socket.write_all(&[23, 3, 3, 0, 20]).await.expect("sent");
            socket.write_all(&[7; 20]).await.expect("sent");
            let error = stream.read_u8().await.expect_err("an alert");
            assert!(error.to_string().contains("BadRecordMac"), "{error}");
        };
        let (stream, served) = pair(acceptor(&version::TLS13), trusting(), &[9_999], serve).await;
        let mut stream = stream.expect("a handshake");
        let mut buffer = BytesMut::with_capacity(10);
        while buffer.len() < 3 {
            stream.read_buf(&mut buffer).await.expect("what came before is right");
        }
        assert_eq!(buffer, "abc");
        for _ in 0..2 {
            let error = stream.read_buf(&mut buffer).await.expect_err("not sealed");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
        served.await.expect("no panic");
    });
}

#[test]
fn our_end_is_announced() {
    run(async {
        let serve = async |served: Served| {
            let mut stream = served.expect("a handshake");
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await.expect("an orderly end");
            assert_eq!(all, b"abc");
        };
        let (stream, served) = pair(acceptor(&version::TLS13), trusting(), &[3], serve).await;
        let mut stream = stream.expect("a handshake");
        stream.write_all(b"abc").await.expect("written");
        stream.shutdown().await.expect("ended");
        served.await.expect("no panic");
    });
}
