//! A certificate authority made at run time, and a server certificate from it.

use std::io;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;

/// The authority in PEM, and the settings of a server for `localhost` and the loopback addresses that it vouches for.
pub(crate) fn make() -> io::Result<(String, Arc<ServerConfig>)> {
    let mut authority = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    authority.distinguished_name.push(DnType::CommonName, "rangeway testkit authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let authority_key = KeyPair::generate().map_err(io::Error::other)?;
    let authority = CertifiedIssuer::self_signed(authority, authority_key).map_err(io::Error::other)?;

    let names = ["localhost", "s3.localhost", "*.s3.localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = CertificateParams::new(names)
        .and_then(|params| params.signed_by(&key, &authority))
        .map_err(io::Error::other)?;

    let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], private)
        })
        .map_err(io::Error::other)?;
    Ok((authority.pem(), Arc::new(config)))
}
