//! What the client trusts: the system's roots and a bundle of the user's, read when first needed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rangeway_core::{Error, ErrorKind, Operation, Result};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Reads the certificates of a PEM file.
///
/// # Errors
/// `InvalidInput` when there is no such file or no certificate in it.
pub(crate) fn read_bundle(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let bad = |why: &str| {
        Error::invalid(format!("the certificate bundle {} {why}", path.display()))
            .with_operation(Operation::Configure)
            .with_hint("ca-bundle (or AWS_CA_BUNDLE) must name a PEM file of certificates")
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| bad("cannot be read").with_source(error))?;
    if certificates.is_empty() { Err(bad("holds no certificate")) } else { Ok(certificates) }
}

/// The TLS configuration: roots of the system and of `bundle`, the `ring` provider, HTTP/2 only with `http2`.
///
/// A system without roots is no error: with a bundle it works, and otherwise the handshake says what is missing.
pub(crate) async fn config(bundle: Option<PathBuf>, http2: bool) -> Result<Arc<ClientConfig>> {
    // Reading some 150 certificates from disk takes milliseconds.
    let roots = tokio::task::spawn_blocking(move || roots(bundle.as_deref()))
        .await
        .map_err(|error| Error::new(ErrorKind::Cancelled, "reading certificates").with_source(error))??;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Connect, "setting up TLS").with_source(error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    if http2 {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok(Arc::new(config))
}

fn roots(bundle: Option<&Path>) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    let (used, ignored) = roots.add_parsable_certificates(native.certs);
    tracing::debug!(used, ignored, errors = ?native.errors, "certificates of the system");
    if let Some(path) = bundle {
        for certificate in read_bundle(path)? {
            roots.add(certificate).map_err(|error| {
                Error::invalid(format!("a certificate of {} is of no use", path.display())).with_source(error)
            })?;
        }
    }
    Ok(roots)
}
