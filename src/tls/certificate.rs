//! What an X.509 certificate says.

use std::net::IpAddr;

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use rustls::{crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256, pki_types::CertificateDer};
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    prelude::FromDer,
    time::ASN1Time,
};

use super::name;

/// The contents of a certificate that applications ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it names, by RFC 4514: `CN=Alice,O=Example,C=DE`. Empty if only its alternative names do.
    pub subject: String,
    /// The common name of the subject, the most specific one of several.
    pub common_name: Option<String>,
    /// Who signed it, written as the subject.
    pub issuer: String,
    /// Its serial number in hexadecimal, upper case, two digits for each byte.
    pub serial_number: String,
    /// Second since 1970 from which it is valid.
    pub not_before: i64,
    /// Last second since 1970 at which it is valid.
    pub not_after: i64,
    /// DNS names among the alternative names of its subject.
    pub dns_names: Vec<String>,
    /// Email addresses among them.
    pub email_addresses: Vec<String>,
    /// IP addresses among them.
    pub ip_addresses: Vec<IpAddr>,
    /// URIs among them.
    pub uris: Vec<String>,
    /// SHA-256 of its DER encoding in hexadecimal, lower case.
    pub fingerprint: String,
}

/// The bytes are no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an X.509 certificate")]
pub struct NoCertificate;

// === impl Certificate ===

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(der: &CertificateDer<'_>) -> Result<Self, NoCertificate> {
        let parsed = parse(der)?;
        let mut certificate = Self {
            subject: name::text(parsed.subject()),
            common_name: name::common_name(parsed.subject()),
            issuer: name::text(parsed.issuer()),
            serial_number: HEXUPPER.encode(without_sign(parsed.raw_serial())),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            dns_names: Vec::new(),
            email_addresses: Vec::new(),
            ip_addresses: Vec::new(),
            uris: Vec::new(),
            fingerprint: fingerprint(der),
        };
        let names = parsed.subject_alternative_name().map_err(|_| NoCertificate)?;
        for name in names.iter().flat_map(|names| &names.value.general_names) {
            match name {
                GeneralName::DNSName(name) => certificate.dns_names.push((*name).to_owned()),
                GeneralName::RFC822Name(address) => certificate.email_addresses.push((*address).to_owned()),
                GeneralName::URI(uri) => certificate.uris.push((*uri).to_owned()),
                GeneralName::IPAddress(bytes) => certificate.ip_addresses.extend(ip_address(bytes)),
                _ => {}
            }
        }
        Ok(certificate)
    }

    /// Tells what is wrong with its time, if anything: `expired on 2026-01-01 00:00:00 UTC`.
    pub fn is_out_of_date(&self, now: i64) -> Option<String> {
        if now > self.not_after {
            Some(format!("expired on {}", date(self.not_after)))
        } else if now < self.not_before {
            Some(format!("is not valid before {}", date(self.not_before)))
        } else {
            None
        }
    }
}

/// Writes a certificate in PEM (RFC 7468).
pub(super) fn pem(der: &CertificateDer<'_>) -> String {
    let text = BASE64.encode(der);
    let mut pem = String::with_capacity(text.len() + text.len() / 64 + 64);
    pem.push_str("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

/// Parses all of `der`.
pub(super) fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, NoCertificate> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(NoCertificate),
    }
}

/// Whether a client may use it: that is what its extended key usage says, or it says nothing, and no extension that must
/// be understood is unknown.
pub(super) fn may_authenticate_clients(certificate: &X509Certificate<'_>) -> bool {
    let unknown = |extension: &ParsedExtension<'_>| {
        matches!(extension, ParsedExtension::UnsupportedExtension { .. } | ParsedExtension::ParseError { .. })
    };
    let usage = certificate.extended_key_usage();
    !certificate.extensions().iter().any(|extension| extension.critical && unknown(extension.parsed_extension()))
        && usage.is_ok_and(|usage| usage.is_none_or(|usage| usage.value.any || usage.value.client_auth))
}

/// `2026-01-01 00:00:00 UTC`
pub(super) fn date(seconds: i64) -> String {
    let Ok(time) = ASN1Time::from_timestamp(seconds) else { return format!("second {seconds}") };
    let time = time.to_datetime();
    let (hour, minute, second) = time.to_hms();
    format!("{}-{:02}-{:02} {hour:02}:{minute:02}:{second:02} UTC", time.year(), u8::from(time.month()), time.day())
}

/// A number whose first bit is set has a zero in front of it.
fn without_sign(serial: &[u8]) -> &[u8] {
    match serial {
        [0, rest @ ..] if !rest.is_empty() => rest,
        serial => serial,
    }
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn fingerprint(der: &[u8]) -> String {
    // rustls has the hash that its cipher suite is made of, and no other name for it.
    let hash = TLS13_AES_128_GCM_SHA256.tls13().map(|suite| suite.common.hash_provider.hash(der));
    HEXLOWER.encode(hash.as_ref().map_or(&[], |hash| hash.as_ref()))
}
