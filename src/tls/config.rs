//! Settings of TLS (section `http.ssl`).

use std::path::PathBuf;

use crate::config::{Problems, Section};

/// Settings of a TLS listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Certificates and their keys. The first one is for clients that name no server, or one that none is for.
    pub pairs: Vec<Pair>,

    /// `root_ca`: PEM file of the authorities that sign the certificates of clients.
    ///
    /// Default: none.
    pub root_ca: Option<PathBuf>,

    /// `client_auth_type`: what is asked of clients.
    ///
    /// Default: `no_client_certs`.
    pub client_auth: ClientAuth,
}

/// The files of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// `cert`: PEM file of the certificate, followed by those that lead to its authority.
    pub certificate: PathBuf,
    /// `key`: PEM file of its private key (PKCS #8, PKCS #1 or SEC 1, not encrypted).
    pub key: PathBuf,
}

/// What is asked of clients; the names are those of Go's `crypto/tls`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// `no_client_certs`: no certificate is asked for.
    #[default]
    None,
    /// `request_client_cert`: one is asked for; it may be missing, and nobody checks who signed it.
    Request,
    /// `require_any_client_cert`: one is needed, but nobody checks who signed it.
    RequireAny,
    /// `verify_client_cert_if_given`: one is asked for; it may be missing, but must be signed by `root_ca`.
    VerifyIfGiven,
    /// `require_and_verify_client_cert`: one is needed, signed by `root_ca`.
    RequireAndVerify,
}

// === impl Config ===

impl Config {
    /// Reads the keys of `section` that are about TLS; the caller has others, and ends the reading.
    ///
    /// What is wrong is added to `problems` and read as the default.
    pub fn read(section: &mut Section<'_>, problems: &mut Problems) -> Self {
        let choices = [
            ("no_client_certs", ClientAuth::None),
            ("request_client_cert", ClientAuth::Request),
            ("require_any_client_cert", ClientAuth::RequireAny),
            ("verify_client_cert_if_given", ClientAuth::VerifyIfGiven),
            ("require_and_verify_client_cert", ClientAuth::RequireAndVerify),
        ];
        let mut config = Self {
            pairs: Pair::read(section, problems).into_iter().collect(),
            root_ca: file(section, "root_ca", problems),
            client_auth: section.choice("client_auth_type", &choices, problems).unwrap_or_default(),
        };
        for mut item in section.items("certificates", problems) {
            config.pairs.extend(Pair::read(&mut item, problems));
            item.finish(problems);
        }
        if config.client_auth.verifies() && config.root_ca.is_none() {
            section.missing("root_ca", problems);
        }
        config
    }
}

// === impl Pair ===

impl Pair {
    fn read(section: &mut Section<'_>, problems: &mut Problems) -> Option<Self> {
        let (certificate, key) = (file(section, "cert", problems), file(section, "key", problems));
        match (certificate, key) {
            (Some(certificate), Some(key)) => Some(Self { certificate, key }),
            (certificate, key) => {
                if certificate.is_none() {
                    section.missing("cert", problems);
                }
                if key.is_none() {
                    section.missing("key", problems);
                }
                None
            }
        }
    }
}

// === impl ClientAuth ===

impl ClientAuth {
    /// Whether a certificate must be signed by one of the authorities.
    pub fn verifies(self) -> bool {
        matches!(self, Self::VerifyIfGiven | Self::RequireAndVerify)
    }

    /// Whether a client without a certificate is refused.
    pub fn requires(self) -> bool {
        matches!(self, Self::RequireAny | Self::RequireAndVerify)
    }
}

fn file(section: &mut Section<'_>, key: &'static str, problems: &mut Problems) -> Option<PathBuf> {
    section.text(key, problems).map(|(path, _)| path).filter(|path| !path.is_empty()).map(PathBuf::from)
}
