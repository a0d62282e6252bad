//! Clients that speak TLS, and servers for them.

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use roadrunner::{
    http::Listener,
    tls::{ClientAuth, Config, Pair},
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    version::{TLS12, TLS13},
};

use super::{
    Builder, PATIENCE,
    pki::{Authority, Issued},
};

pub const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A folder of its own, gone with this value.
pub struct Folder(pub PathBuf);

/// One connection.
pub struct TlsClient(pub StreamOwned<ClientConnection, TcpStream>);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("rr-it-tls-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn pair(&self, name: &str) -> Pair {
        Pair { certificate: self.0.join(format!("{name}.crt")), key: self.0.join(format!("{name}.key")) }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Builder {
    /// TLS alone, with these pairs.
    pub fn tls(mut self, pairs: Vec<Pair>) -> Self {
        self.config.http.listeners = vec![Listener::encrypted(SocketAddr::from(([127, 0, 0, 1], 0)))];
        self.config.http.tls = Some(Config { pairs, ..Config::default() });
        self
    }

    pub fn clients(mut self, auth: ClientAuth, root_ca: &Path) -> Self {
        let tls = self.config.http.tls.as_mut().unwrap();
        (tls.client_auth, tls.root_ca) = (auth, Some(root_ca.to_owned()));
        self
    }
}

/// Settings of a client that trusts `authority` and may show a certificate.
pub fn trusting(
    authority: &Authority,
    shown: Option<&Issued>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    trusting_by(aws_lc_rs::default_provider(), authority, shown, versions)
}

/// The same, with other cryptography.
pub fn trusting_by(
    provider: CryptoProvider,
    authority: &Authority,
    shown: Option<&Issued>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    match shown {
        None => builder.with_no_client_auth(),
        Some(issued) => {
            let chain = CertificateDer::pem_slice_iter(issued.certificate.as_bytes()).map(Result::unwrap).collect();
            let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    }
}

impl TlsClient {
    /// Connects, and finishes its part of the handshake; under TLS 1.3 the server may still object.
    pub fn connect(address: SocketAddr, name: &str, config: &Arc<ClientConfig>) -> io::Result<Self> {
        Self::over(TcpStream::connect_timeout(&address, PATIENCE)?, name, config)
    }

    /// The same, on a connection that is there.
    pub fn over(stream: TcpStream, name: &str, config: &Arc<ClientConfig>) -> io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let name = name.to_owned().try_into().map_err(io::Error::other)?;
        let connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        let mut client = Self(StreamOwned::new(connection, stream));
        while client.0.conn.is_handshaking() {
            client.0.conn.complete_io(&mut client.0.sock)?;
        }
        Ok(client)
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.write_all(bytes.as_ref())?;
        self.0.flush()
    }

    /// Sends a GET request and reads the body of the answer.
    pub fn get(&mut self, target: &str) -> io::Result<String> {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"))?;
        self.response()
    }

    /// Reads an answer of status 200, and nothing behind it.
    pub fn response(&mut self) -> io::Result<String> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).map_err(io::Error::other)?.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body =
            vec![0; length.filter(|_| head.starts_with("http/1.1 200")).ok_or_else(|| io::Error::other(head.clone()))?];
        self.0.read_exact(&mut body)?;
        String::from_utf8(body).map_err(io::Error::other)
    }

    /// Checks that the server says that it closes, without another byte.
    #[track_caller]
    pub fn expect_end(&mut self) {
        // Without `close_notify` this is an error.
        assert_eq!(self.0.read(&mut [0]).expect("an end that is said"), 0);
    }

    /// Says `close_notify`, and leaves the connection open.
    pub fn say_end(&mut self) {
        self.0.conn.send_close_notify();
        self.0.flush().unwrap();
    }

    /// The certificate of the server, in PEM.
    pub fn certificate(&self) -> Vec<u8> {
        self.0.conn.peer_certificates().unwrap()[0].to_vec()
    }
}
