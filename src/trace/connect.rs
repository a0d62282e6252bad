//! The way to a collector: a socket, and TLS over it.

use std::{
    io,
    os::fd::RawFd,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rustix::io::fcntl_dupfd_cloexec;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Client, Endpoint, Error};

/// Opens connections to one collector.
pub(super) struct Connector {
    endpoint: Endpoint,
    /// `None`: in plain text.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    /// The lowest number that a connection's descriptor may have.
    floor: Option<RawFd>,
}

/// A connection to a collector.
pub(super) enum Stream {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

// === impl Connector ===

impl Connector {
    /// `insecure`: without TLS.
    pub(super) fn new(
        endpoint: &Endpoint,
        client: Client,
        insecure: bool,
        floor: Option<RawFd>,
    ) -> Result<Self, Error> {
        let tls = if insecure {
            None
        } else {
            let name = ServerName::try_from(endpoint.host.clone()).map_err(|_| Error::Name(endpoint.host.clone()))?;
            Some((TlsConnector::from(Arc::new(tls(client)?)), name))
        };
        Ok(Self { endpoint: endpoint.clone(), tls, floor })
    }

    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    pub(super) async fn connect(&self) -> io::Result<Stream> {
        let Endpoint { host, port } = &self.endpoint;
        let mut socket = TcpStream::connect((host.as_str(), *port)).await?;
        if let Some(floor) = self.floor {
            // Low numbers are for PHP's own sockets, see `net::Descriptors`.
            let above = fcntl_dupfd_cloexec(&socket, floor)?;
            drop(socket);
            socket = TcpStream::from_std(above.into())?;
        }
        socket.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Stream::Plain(socket),
            Some((connector, name)) => Stream::Encrypted(Box::new(connector.connect(name.clone(), socket).await?)),
        })
    }
}

/// The system's authorities are believed, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
fn tls(client: Client) -> Result<ClientConfig, Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        return Err(Error::Roots(found.errors.first().map(ToString::to_string).unwrap_or_default()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = config.map_err(Error::Tls)?.with_root_certificates(roots).with_no_client_auth();
    if client == Client::Grpc {
        config.alpn_protocols = vec![b"h2".to_vec()];
    }
    Ok(config)
}

// === impl Stream ===

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Encrypted(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Encrypted(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Encrypted(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Encrypted(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
