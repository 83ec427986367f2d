//! TLS of the limit: rustls over a socket that is read in large pieces.

use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use anyhow::Result;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// rustls by itself asks the kernel for one record at a time.
const READ: usize = 256 << 10;

/// Trusts what `ca` signed, and nothing else.
pub(crate) fn config(ca: &[u8]) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca) {
        roots.add(certificate?)?;
    }
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

pub(crate) fn connect(
    config: &Arc<ClientConfig>,
    socket: TcpStream,
) -> Result<impl Read + Write + Send + use<>> {
    let name = ServerName::from(socket.peer_addr()?.ip());
    let connection = ClientConnection::new(Arc::clone(config), name)?;
    Ok(StreamOwned::new(connection, Wide(BufReader::with_capacity(READ, socket))))
}

/// A socket that is read in large pieces.
struct Wide(BufReader<TcpStream>);

impl Read for Wide {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Wide {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.get_mut().write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.get_mut().flush()
    }
}
