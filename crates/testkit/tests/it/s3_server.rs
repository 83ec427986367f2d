//! `S3Server`: signatures, counts, open uploads, TLS, both ways to run it.

use std::io;
use std::sync::Arc;

use futures::future::try_join_all;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutPayload};
use rangeway_testkit::{RequestKind, S3Server, S3ServerOptions, Seeded};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::clients;

fn client(server: &S3Server) -> impl ObjectStore + use<> {
    clients::s3(&server.endpoint(), "data", S3Server::ACCESS_KEY_ID, S3Server::SECRET_ACCESS_KEY)
}

fn server() -> S3Server {
    let server = S3Server::start().expect("a server");
    server.create_bucket("data").expect("a bucket");
    server
}

#[tokio::test]
async fn objects_come_back_and_requests_are_counted() {
    let server = server();
    let client = client(&server);
    let key = Path::from("a/b.bin");
    let bytes = Seeded::new(1).bytes(0, 1 << 20);
    client.put(&key, PutPayload::from_bytes(bytes.clone())).await.expect("a put");
    let found = client.get(&key).await.expect("a get").bytes().await.expect("a body");
    assert_eq!(Seeded::new(1).verify(0, &found), Ok(()));
    let counts = server.counts();
    assert_eq!((counts.of(RequestKind::PutObject), counts.of(RequestKind::GetObject)), (1, 1), "{counts:?}");
    assert_eq!((counts.total(), counts.peak_in_flight()), (2, 1));
    server.reset_counts();
    assert_eq!(server.counts().total(), 0);
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let server = server();
    let client = clients::s3(&server.endpoint(), "data", S3Server::ACCESS_KEY_ID, "wrong");
    let error = client.put(&Path::from("k"), PutPayload::from_static(b"x")).await.expect_err("refused");
    assert!(matches!(error, Error::PermissionDenied { .. }), "{error}");
}

#[tokio::test]
async fn open_uploads_are_seen_until_they_end() {
    let server = server();
    let client = client(&server);
    let part = || PutPayload::from_bytes(Seeded::new(1).bytes(0, 5 << 20));
    let mut upload = client.put_multipart(&Path::from("k")).await.expect("an upload");
    upload.put_part(part()).await.expect("a part");
    assert_eq!(server.open_uploads().expect("a list").len(), 1);
    upload.abort().await.expect("an abort");
    assert_eq!(server.open_uploads().expect("a list"), Vec::<String>::new());

    let mut upload = client.put_multipart(&Path::from("k")).await.expect("an upload");
    try_join_all([upload.put_part(part()), upload.put_part(part())]).await.expect("parts");
    upload.complete().await.expect("an object");
    assert_eq!(server.open_uploads().expect("a list"), Vec::<String>::new());
    let counts = server.counts();
    assert_eq!(counts.of(RequestKind::CreateMultipart), 2);
    assert_eq!(counts.of(RequestKind::UploadPart), 3);
    assert_eq!(counts.of(RequestKind::CompleteMultipart), 1);
    assert_eq!(counts.of(RequestKind::AbortMultipart), 1);
}

#[tokio::test]
async fn a_dropped_server_listens_no_more_and_leaves_nothing() {
    for own in [true, false] {
        let options = S3ServerOptions::new();
        let started =
            if own { options.start() } else { options.start_on(&tokio::runtime::Handle::current()) };
        let server = started.expect("a server");
        server.create_bucket("data").expect("a bucket");
        client(&server).put(&Path::from("k"), PutPayload::from_static(b"x")).await.expect("a put");
        let (address, folder) = (server.address(), server.folder().to_owned());
        drop(server);
        assert!(!folder.exists(), "own runtime: {own}");
        while TcpStream::connect(address).await.is_ok() {
            // A task on this runtime is aborted when it is next polled.
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn tls_is_vouched_for_by_the_authority_it_names() {
    let server = S3ServerOptions::new().tls(true).start().expect("a server");
    let mut roots = RootCertStore::empty();
    let pem = server.ca_pem().expect("an authority");
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate")).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    for name in ["localhost", "bucket.s3.localhost", "127.0.0.1"] {
        let answer = ask(&server, &config, name).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 403"), "{name}: {answer}");
    }
    let error = ask(&server, &config, "example.com").await.expect_err("another host's name");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

/// The answer to an unsigned request over TLS.
async fn ask(server: &S3Server, config: &ClientConfig, name: &'static str) -> io::Result<String> {
    let socket = TcpStream::connect(server.address()).await?;
    let name = ServerName::try_from(name).map_err(io::Error::other)?;
    let mut stream = TlsConnector::from(Arc::new(config.clone())).connect(name, socket).await?;
    stream.write_all(b"GET /data/k HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[test]
fn only_loopback_is_listened_on() {
    let address = std::net::Ipv4Addr::UNSPECIFIED.into();
    let error = S3ServerOptions::new().address(address).start().expect_err("refused");
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}
