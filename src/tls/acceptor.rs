//! The server's side of TLS: settings in use, handshakes, and the exchange of certificates that have changed.

use std::{io, path::Path, sync::Arc};

use parking_lot::{Mutex, RwLock};
use rustls::{
    HandshakeKind, ServerConfig, ServerConnection,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::UnixTime,
    server::{NoServerSessionStorage, ProducesTickets, ServerSessionMemoryCache, StoresServerSessions},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tracing::{info, warn};

use super::{
    ClientAuth, Config, Error, Session,
    clients::{Authorities, Clients},
    load::{self, Loaded},
    resolver::Resolver,
    source::{Look, Source},
};

/// Sessions of clients that keep no tickets; the oldest make room.
const SESSIONS: usize = 1024;

/// Takes TLS connections for one listener.
///
/// TLS 1.2 and 1.3, with those cipher suites only that have forward secrecy and authenticated encryption.
pub struct Acceptor {
    /// What new connections get. Those that are there keep what they have.
    serving: RwLock<Arc<ServerConfig>>,
    client_auth: ClientAuth,
    material: Mutex<Material>,
}

/// What settings are made of.
struct Material {
    provider: Arc<CryptoProvider>,
    /// Names for ALPN, the most wanted first.
    protocols: Vec<Vec<u8>>,
    client_auth: ClientAuth,
    pairs: Vec<Source<Loaded>>,
    authorities: Option<Source<Authorities>>,
    sessions: Arc<dyn StoresServerSessions>,
    tickets: Option<Arc<dyn ProducesTickets>>,
}

// === impl Acceptor ===

impl Acceptor {
    /// Loads what `config` names. `protocols` are those offered by ALPN (RFC 7301), the most wanted first.
    ///
    /// A certificate that is out of date is used, and logged.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or holds what cannot be used.
    pub fn new(config: &Config, protocols: &[&str]) -> Result<Self, Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut pairs = Vec::new();
        for pair in &config.pairs {
            let (files, pair) = (vec![pair.certificate.clone(), pair.key.clone()], pair.clone());
            let provider = Arc::clone(&provider);
            pairs.push(Source::new(files, move || {
                let loaded = load::pair(&pair, &provider)?;
                check_date(&pair.certificate, &loaded);
                Ok(loaded)
            })?);
        }
        let authorities = config.root_ca.clone().map(|path| {
            Source::new(vec![path.clone()], move || Authorities::load(&path))
        });
        let mut material = Material {
            provider,
            protocols: protocols.iter().map(|name| name.as_bytes().to_vec()).collect(),
            client_auth: config.client_auth,
            pairs,
            authorities: authorities.transpose()?,
            sessions: Arc::new(NoServerSessionStorage {}),
            tickets: None,
        };
        material.forget_sessions();
        Ok(Self {
            serving: RwLock::new(material.settings()),
            client_auth: config.client_auth,
            material: Mutex::new(material),
        })
    }

    /// Makes `io` a TLS connection. The time that this takes is the client's: the caller bounds it.
    ///
    /// # Errors
    ///
    /// When the client does not speak TLS, shows no certificate that it should, or leaves.
    pub async fn accept<S>(&self, io: S) -> io::Result<(TlsStream<S>, Session)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let serving = Arc::clone(&self.serving.read());
        let stream = TlsAcceptor::from(serving).accept(io).await?;
        let session = self.session(stream.get_ref().1)?;
        Ok((stream, session))
    }

    fn session(&self, connection: &ServerConnection) -> io::Result<Session> {
        let session = Session::of(connection, self.client_auth.verifies());
        if connection.handshake_kind() == Some(HandshakeKind::Resumed)
            && let Some(client) = session.client.as_ref().filter(|client| client.is_verified)
        {
            // It was valid when the session began.
            let now = i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX);
            let problem = client.certificate().map(|certificate| certificate.is_out_of_date(now));
            if let Some(problem) = problem.map_err(io::Error::other)? {
                return Err(io::Error::other(format!("the certificate of the client {problem}")));
            }
        }
        Ok(session)
    }

    /// Looks whether files have changed, and uses those that have from the next connection on. A change is taken up by
    /// the second look that finds it, because one of two files may not be written yet; `at_once` by the first.
    ///
    /// What is used, and what cannot be, is logged once. Returns whether a change waits for the second look.
    pub fn look(&self, at_once: bool) -> bool {
        let mut material = self.material.lock();
        let Look { renewed, waiting } = material.look(at_once);
        if renewed.is_empty() {
            if at_once && !waiting { info!("...") }
            return waiting;
        }
        *self.serving.write() = material.settings();
        waiting
    }
}
