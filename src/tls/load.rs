//! Certificates and keys, read from PEM files.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    Error as TlsError, InconsistentKeys,
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{Error as PemError, PemObject},
    },
    sign::CertifiedKey,
};

use super::{
    Pair,
    certificate::{Certificate, NoCertificate},
};

/// Longest file that is read: a bundle of all public authorities is a fifth of it.
const MOST: u64 = 1024 * 1024;

/// Why a file, or a pair of them, is not used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub reason: Reason,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(io::Error),
    /// It is a folder, a device or the like.
    #[error("is no file")]
    NoFile,
    /// It is longer than 1 MiB.
    #[error("is longer than 1 MiB, which no certificate is")]
    TooLong,
    /// The text is cut off or damaged.
    #[error("is no valid PEM: {0}")]
    Pem(PemError),
    /// There is no such block in it.
    #[error("has no certificate (a block that starts with \"-----BEGIN CERTIFICATE-----\")")]
    NoCertificate,
    /// There is no such block in it.
    #[error("has no private key (a block that starts with \"-----BEGIN PRIVATE KEY-----\")")]
    NoKey,
    /// The bytes in a block are none.
    #[error("certificate {number} in it cannot be read")]
    BadCertificate {
        /// Which block, from 1.
        number: usize,
    },
    /// It would need a passphrase.
    #[error("the private key is encrypted; write it without: openssl pkey -in encrypted.pem -out key.pem")]
    Encrypted,
    /// Its kind, or size, is not supported, or it is damaged.
    #[error("the private key cannot be used: {0}")]
    BadKey(TlsError),
    /// It is the key of another certificate.
    #[error("the private key does not belong to the certificate {}", .0.display())]
    Mismatch(PathBuf),
}

/// A certificate with its key, ready for use.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) key: Arc<CertifiedKey>,
    /// What the certificate says.
    pub(super) certificate: Certificate,
}

/// Loads a certificate and its key.
pub(super) fn pair(pair: &Pair, provider: &CryptoProvider) -> Result<Loaded, Error> {
    let chain = certificates(&pair.certificate)?;
    let certificate = Certificate::parse(&chain[0]).map_err(|_| bad(&pair.certificate, 1))?;
    let error = |reason| Error { path: pair.key.clone(), reason };
    let key = private_key(&pair.key)?;
    match CertifiedKey::from_der(chain, key, provider) {
        Ok(key) => Ok(Loaded { key: Arc::new(key), certificate }),
        Err(TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err(error(Reason::Mismatch(pair.certificate.clone())))
        }
        Err(TlsError::InvalidCertificate(_)) => Err(bad(&pair.certificate, 1)),
        Err(reason) => Err(error(Reason::BadKey(reason))),
    }
}

/// Loads the certificates of authorities, each with what it says.
pub(super) fn authorities(path: &Path) -> Result<Vec<(CertificateDer<'static>, Certificate)>, Error> {
    let parsed = certificates(path)?.into_iter().enumerate().map(|(index, der)| {
        let certificate = Certificate::parse(&der).map_err(|NoCertificate| bad(path, index + 1))?;
        Ok((der, certificate))
    });
    parsed.collect()
}

/// The certificates in a file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let error = |reason| Error { path: path.to_owned(), reason };
    let text = read(path).map_err(error)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let certificates = certificates.map_err(|reason| error(Reason::Pem(reason)))?;
    if certificates.is_empty() { Err(error(Reason::NoCertificate)) } else { Ok(certificates) }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let error = |reason| Error { path: path.to_owned(), reason };
    let text = read(path).map_err(error)?;
    if is_encrypted(&text) {
        return Err(error(Reason::Encrypted));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|reason| {
        error(match reason {
            PemError::NoItemsFound => Reason::NoKey,
            reason => Reason::Pem(reason),
        })
    })
}

/// PKCS #8 has a block of its own for encrypted keys, the older formats say it in a header (RFC 1421).
fn is_encrypted(pem: &[u8]) -> bool {
    pem.split(|byte| *byte == b'\n').any(|line| {
        let line = line.trim_ascii();
        line == b"-----BEGIN ENCRYPTED PRIVATE KEY-----" || line == b"Proc-Type: 4,ENCRYPTED"
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Reason> {
    // Looked at first: to open a pipe is to wait for who writes to it.
    if !path.metadata().map_err(Reason::Unreadable)?.is_file() {
        return Err(Reason::NoFile);
    }
    let mut text = Vec::new();
    File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut text)).map_err(Reason::Unreadable)?;
    if text.len() as u64 > MOST { Err(Reason::TooLong) } else { Ok(text) }
}

pub(super) fn bad(path: &Path, number: usize) -> Error {
    Error { path: path.to_owned(), reason: Reason::BadCertificate { number } }
}
