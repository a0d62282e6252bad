//! The certificates of clients.

use std::{path::Path, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as TlsError, RootCertStore, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, TrustAnchor, UnixTime},
    server::{
        WebPkiClientVerifier,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
};
use tracing::warn;

use super::{
    ClientAuth, Error,
    certificate::{self, Certificate},
    load,
};

/// Those who may sign the certificates of clients.
#[derive(Debug)]
pub(super) struct Authorities {
    certificates: Vec<Authority>,
    /// Names of all of them, by which a client finds the certificate to show.
    subjects: Vec<DistinguishedName>,
}

#[derive(Debug)]
struct Authority {
    der: CertificateDer<'static>,
    anchor: TrustAnchor<'static>,
    not_before: i64,
    not_after: i64,
}

/// Checks the certificates of clients as Go's `crypto/tls` does for each [`ClientAuth`].
#[derive(Debug)]
pub(super) struct Clients {
    auth: ClientAuth,
    authorities: Option<Arc<Authorities>>,
    provider: Arc<CryptoProvider>,
}

// === impl Authorities ===

impl Authorities {
    /// Loads them from a PEM file. Those that are out of date count for nothing, which is logged.
    pub(super) fn load(path: &Path) -> Result<Self, Error> {
        let now = seconds(UnixTime::now());
        let mut authorities = Self { certificates: Vec::new(), subjects: Vec::new() };
        for (index, (der, certificate)) in load::authorities(path)?.into_iter().enumerate() {
            if let Some(problem) = certificate.is_out_of_date(now) {
                let file = path.display();
                warn!(%file, subject = certificate.subject, "A certificate that clients' are checked against {problem}");
            }
            let mut store = RootCertStore::empty();
            store.add(der.clone()).map_err(|_| load::bad(path, index + 1))?;
            authorities.subjects.extend(store.subjects());
            let Certificate { not_before, not_after, .. } = certificate;
            let added =
                store.roots.into_iter().map(|anchor| Authority { der: der.clone(), anchor, not_before, not_after });
            authorities.certificates.extend(added);
        }
        Ok(authorities)
    }
}

impl Authority {
    fn is_valid(&self, now: i64) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }
}

// === impl Clients ===

impl Clients {
    /// `None`: no certificate is asked for.
    pub(super) fn verifier(
        auth: ClientAuth,
        authorities: Option<Arc<Authorities>>,
        provider: &Arc<CryptoProvider>,
    ) -> Option<Arc<dyn ClientCertVerifier>> {
        (auth != ClientAuth::None).then(|| {
            Arc::new(Self { auth, authorities, provider: Arc::clone(provider) }) as Arc<dyn ClientCertVerifier>
        })
    }

    fn algorithms(&self) -> &WebPkiSupportedAlgorithms {
        &self.provider.signature_verification_algorithms
    }

    fn verify(
        &self,
        authorities: &Authorities,
        shown: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), TlsError> {
        if authorities.certificates.iter().any(|authority| authority.der == *shown) {
            // Trusted by itself, which webpki does not know.
            return verify_itself(shown, seconds(now));
        }
        let valid = authorities.certificates.iter().filter(|authority| authority.is_valid(seconds(now)));
        let roots = RootCertStore { roots: valid.map(|authority| authority.anchor.clone()).collect() };
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider)).build();
        // Without roots there is none.
        let verifier = verifier.map_err(|_| TlsError::from(CertificateError::UnknownIssuer))?;
        verifier.verify_client_cert(shown, chain, now).map(drop)
    }
}

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        self.auth.requires()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.authorities.as_ref().map_or(&[], |authorities| &authorities.subjects)
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, TlsError> {
        // Whoever asks for its contents finds them.
        Certificate::parse(shown).map_err(|_| TlsError::from(CertificateError::BadEncoding))?;
        match &self.authorities {
            Some(authorities) if self.auth.verifies() => self.verify(authorities, shown, chain, now)?,
            None if self.auth.verifies() => return Err(CertificateError::UnknownIssuer.into()),
            _ => {}
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signed, self.algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signed, self.algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms().supported_schemes()
    }
}

/// Checks a certificate that nobody else has to vouch for.
fn verify_itself(shown: &CertificateDer<'_>, now: i64) -> Result<(), TlsError> {
    let parsed = certificate::parse(shown).map_err(|_| TlsError::from(CertificateError::BadEncoding))?;
    let validity = parsed.validity();
    if now < validity.not_before.timestamp() {
        Err(CertificateError::NotValidYet.into())
    } else if now > validity.not_after.timestamp() {
        Err(CertificateError::Expired.into())
    } else if !certificate::may_authenticate_clients(&parsed) {
        Err(CertificateError::InvalidPurpose.into())
    } else {
        Ok(())
    }
}

fn seconds(now: UnixTime) -> i64 {
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
