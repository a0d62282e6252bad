//! The server's side of TLS: settings in use, handshakes, and the exchange of certificates that have changed.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};
use rustls::{
    ServerConfig, ServerConnection,
    crypto::{
        CryptoProvider, SupportedKxGroup,
        aws_lc_rs::{self, Ticketer, kx_group},
    },
    pki_types::UnixTime,
    server::{NoServerSessionStorage, ProducesTickets, ServerSessionMemoryCache, StoresServerSessions},
    version::{TLS12, TLS13},
};
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use super::{
    ClientAuth, Config, Error, Session, Stream,
    certificate::{self, Certificate},
    clients::{Authorities, Clients},
    load::{self, Loaded},
    resolver::Resolver,
    source::{Look, Source},
};
use crate::net::Socket;

/// Sessions of clients that keep no tickets; the oldest make room.
const SESSIONS: usize = 1024;

/// What a client can be told before its handshake: a fatal alert, `internal_error` (RFC 8446 section 6.2), in a record.
pub const NO_ROOM: &[u8] = &[21, 3, 1, 0, 2, 2, 80];

/// Takes TLS connections for one listener.
///
/// TLS 1.2 and 1.3, with those cipher suites only that have forward secrecy and authenticated encryption.
pub struct Acceptor {
    /// What new connections get. Those that are there keep what they have.
    serving: RwLock<Arc<ServerConfig>>,
    client_auth: ClientAuth,
    material: Mutex<Material>,
}

/// Why a connection does not come to be; with the socket, so that its end can be an orderly one.
#[derive(Debug)]
pub enum Rejected {
    /// The client speaks a protocol of text, such as HTTP. Nothing of that was read yet.
    Text(Socket),
    /// The handshake failed, and the client was told so, if it can be.
    Failed {
        /// Why.
        error: io::Error,
        /// The connection.
        socket: Socket,
    },
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
        let provider = Arc::new(provider());
        let mut pairs = Vec::new();
        for pair in &config.pairs {
            let (files, pair) = (vec![pair.certificate.clone(), pair.key.clone()], pair.clone());
            let provider = Arc::clone(&provider);
            pairs.push(Source::new(files, move || {
                let loaded = load::pair(&pair, &provider)?;
                check_date(&pair.certificate, &loaded.certificate);
                Ok(loaded)
            })?);
        }
        let authorities =
            config.root_ca.clone().map(|path| Source::new(vec![path.clone()], move || Authorities::load(&path)));
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

    /// Makes `socket` a TLS connection. The time that this takes is the client's: the caller bounds it.
    ///
    /// # Errors
    ///
    /// When the client does not speak TLS, shows no certificate that it should, or leaves.
    pub async fn accept(&self, socket: Socket) -> Result<Stream, Rejected> {
        match is_text(&socket).await {
            Ok(false) => {}
            Ok(true) => return Err(Rejected::Text(socket)),
            Err(error) => return Err(Rejected::Failed { error, socket }),
        }
        let shaken = TlsAcceptor::from(self.settings()).accept(socket).into_fallible().await;
        let stream = shaken.map_err(|(error, socket)| Rejected::Failed { error, socket })?;
        match self.session(stream.get_ref().1) {
            Ok(session) => Ok(Stream::new(stream, session)),
            Err(error) => Err(Rejected::Failed { error, socket: stream.into_inner().0 }),
        }
    }

    /// What the next connection gets.
    pub(super) fn settings(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.serving.read())
    }

    fn session(&self, connection: &ServerConnection) -> io::Result<Session> {
        let session = Session::of(connection, self.client_auth.verifies());
        if let Some(client) = &session.client
            && session.is_resumed
            && client.is_verified
        {
            // It was valid when the session began.
            let certificate = client.certificate().map_err(io::Error::other)?;
            if let Some(problem) = certificate.is_out_of_date(now()) {
                return Err(io::Error::other(format!("the client's certificate {problem}")));
            }
        }
        Ok(session)
    }

    /// Looks whether files have changed, and uses those that have from the next connection on. A change is taken up by
    /// the second look that finds it, because one of two files may not be written yet; `at_once` by the first.
    ///
    /// What is used anew, and what cannot be, is logged once. Returns whether a change waits for the second look.
    pub fn look(&self, at_once: bool) -> bool {
        let mut material = self.material.lock();
        let found = material.look(at_once);
        if !found.renewed.is_empty() {
            *self.serving.write() = material.settings();
            let files: Vec<_> = found.renewed.iter().map(|file| file.display().to_string()).collect();
            let expires = certificate::date(material.expires());
            info!(files = files.join(", "), expires, "Changed TLS files are in use");
        } else if at_once && !found.broken {
            info!("No TLS file has changed");
        }
        found.waiting
    }

    /// When the first of its certificates expires, as text, and whether that has happened.
    pub fn expires(&self) -> (String, bool) {
        let expires = self.material.lock().expires();
        (certificate::date(expires), expires < now())
    }

    /// Logs which files can be read no more: a change to them could not be taken up.
    pub fn complain_of_unreadable(&self) {
        for file in self.material.lock().unreadable() {
            warn!(file = %file.display(), "TLS file cannot be read any more: a change to it will not be taken up");
        }
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Acceptor").field("client_auth", &self.client_auth).finish_non_exhaustive()
    }
}

// === impl Material ===

impl Material {
    /// Makes settings of what is loaded.
    fn settings(&self) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("the provider has cipher suites for both versions");
        let authorities = self.authorities.as_ref().map(|source| Arc::clone(source.value()));
        let builder = match Clients::verifier(self.client_auth, authorities, &self.provider) {
            Some(clients) => builder.with_client_cert_verifier(clients),
            None => builder.with_no_client_auth(),
        };
        let pairs = self.pairs.iter().map(|source| &**source.value());
        let mut settings = builder.with_cert_resolver(Arc::new(Resolver::new(pairs)));
        // All suites are good ones, but who audits a server wants it to choose.
        settings.ignore_client_order = true;
        settings.alpn_protocols.clone_from(&self.protocols);
        settings.session_storage = Arc::clone(&self.sessions);
        if let Some(tickets) = &self.tickets {
            settings.ticketer = Arc::clone(tickets);
        }
        Arc::new(settings)
    }

    /// Makes every client begin a new session with its next connection.
    fn forget_sessions(&mut self) {
        self.sessions = ServerSessionMemoryCache::new(SESSIONS);
        // Without random numbers there are no tickets, nor any handshakes.
        self.tickets = Ticketer::new().ok();
    }

    fn look(&mut self, at_once: bool) -> Found {
        let mut found = Found::default();
        for pair in &mut self.pairs {
            found.take(pair.look(at_once), pair.files());
        }
        if let Some(authorities) = &mut self.authorities {
            let look = authorities.look(at_once);
            let renewed = matches!(look, Look::Renewed);
            found.take(look, authorities.files());
            if renewed {
                // Whom the old ones had vouched for would come back by its session.
                self.forget_sessions();
            }
        }
        found
    }

    /// When the first certificate in use expires.
    fn expires(&self) -> i64 {
        self.pairs.iter().map(|pair| pair.value().certificate.not_after).min().unwrap_or(i64::MAX)
    }

    fn unreadable(&self) -> impl Iterator<Item = &PathBuf> {
        let authorities = self.authorities.iter().flat_map(Source::unreadable);
        self.pairs.iter().flat_map(Source::unreadable).chain(authorities)
    }
}

/// What a look at all files has found.
#[derive(Default)]
struct Found {
    renewed: Vec<PathBuf>,
    broken: bool,
    waiting: bool,
}

impl Found {
    fn take(&mut self, look: Look, files: &[PathBuf]) {
        match look {
            Look::Same => {}
            Look::Changing => self.waiting = true,
            Look::Renewed => self.renewed.extend_from_slice(files),
            Look::Broken(error) => {
                self.broken = true;
                warn!(%error, "Changed TLS files are of no use: the old ones stay in use");
            }
        }
    }
}

/// Whether a client speaks, but no TLS: a protocol whose first byte is a letter, such as HTTP.
async fn is_text(socket: &Socket) -> io::Result<bool> {
    let mut first = [0];
    loop {
        socket.readable().await?;
        match socket.try_peek(&mut first) {
            Ok(length) => return Ok(length > 0 && first[0].is_ascii_alphabetic()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// The cryptography: of the key exchanges that a client offers at once, the one that a quantum computer does not break goes
/// first, as browsers want it.
fn provider() -> CryptoProvider {
    let kx_groups: Vec<&'static dyn SupportedKxGroup> =
        vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
    CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() }
}

fn check_date(file: &Path, certificate: &Certificate) {
    if let Some(problem) = certificate.is_out_of_date(now()) {
        warn!(file = %file.display(), "TLS certificate {problem}");
    }
}

fn now() -> i64 {
    i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX)
}
