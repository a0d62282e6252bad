//! What was agreed upon for one connection.

use rustls::{HandshakeKind, ProtocolVersion, ServerConnection, pki_types::CertificateDer};

use super::{Certificate, NoCertificate, certificate};

/// What server and client have agreed upon.
#[derive(Clone, Debug)]
pub struct Session {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// Name of the cipher suite, as IANA registers it: `TLS_AES_128_GCM_SHA256`.
    pub cipher: String,
    /// The server that the client has asked for (SNI), lower case.
    pub server_name: Option<String>,
    /// The protocol on top (ALPN).
    pub protocol: Option<String>,
    /// It continues an earlier one: nobody has shown a certificate again.
    pub is_resumed: bool,
    /// The certificate of the client, if it has shown one.
    pub client: Option<Client>,
}

/// A client that has shown a certificate, and has its key.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its certificate in DER.
    pub der: CertificateDer<'static>,
    /// Whether it was checked who signed it.
    pub is_verified: bool,
}

// === impl Session ===

impl Session {
    /// Reads it from a connection after its handshake. `verifies`: the certificates of clients are checked.
    pub(super) fn of(connection: &ServerConnection, verifies: bool) -> Self {
        let cipher = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or_default();
        let shown = connection.peer_certificates().and_then(<[_]>::first);
        Self {
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                _ => "TLSv1.2",
            },
            // rustls has its own names for the suites of TLS 1.3.
            cipher: cipher.replacen("TLS13_", "TLS_", 1),
            server_name: connection.server_name().map(str::to_ascii_lowercase),
            protocol: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            is_resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
            client: shown.map(|der| Client { der: der.clone().into_owned(), is_verified: verifies }),
        }
    }
}

// === impl Client ===

impl Client {
    /// Reads its certificate.
    ///
    /// # Errors
    ///
    /// None for one that a client has shown here: it would have been refused.
    pub fn certificate(&self) -> Result<Certificate, NoCertificate> {
        Certificate::parse(&self.der)
    }

    /// Writes its certificate in PEM (RFC 7468).
    pub fn pem(&self) -> String {
        certificate::pem(&self.der)
    }
}
