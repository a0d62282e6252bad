//! What certificates say.

use rcgen::{DnType, DnValue, SanType};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::pki::{Authority, Issued, Wish};
use crate::tls::{Certificate, Client};

fn parse(issued: &Issued) -> Certificate {
    Certificate::parse(&CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap()).unwrap()
}

#[test]
fn its_contents_are_plain_values() {
    let mut wish = Wish::client("Alice, of Example");
    wish.params.distinguished_name.push(DnType::OrganizationName, "Example+Sons");
    wish.params.distinguished_name.push(DnType::CountryName, "DE");
    wish.params.subject_alt_names = vec![
        SanType::DnsName("a.test".try_into().unwrap()),
        SanType::Rfc822Name("alice@a.test".try_into().unwrap()),
        SanType::URI("spiffe://a.test/alice".try_into().unwrap()),
        SanType::IpAddress("127.0.0.1".parse().unwrap()),
        SanType::IpAddress("::1".parse().unwrap()),
    ];
    let issued = Authority::new("Root").sign(wish.expired());
    let certificate = parse(&issued);
    assert_eq!(certificate.subject, "C=DE,O=Example\\+Sons,CN=Alice\\, of Example");
    assert_eq!(certificate.common_name.as_deref(), Some("Alice, of Example"));
    assert_eq!(certificate.issuer, "CN=Root");
    assert_eq!(certificate.serial_number, "0ABC");
    assert_eq!((certificate.not_before, certificate.not_after), (978_307_200, 1_009_756_800));
    assert_eq!(certificate.dns_names, ["a.test"]);
    assert_eq!(certificate.email_addresses, ["alice@a.test"]);
    assert_eq!(certificate.uris, ["spiffe://a.test/alice"]);
    assert_eq!(certificate.ip_addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), ["127.0.0.1", "::1"]);
    assert_eq!(certificate.fingerprint.len(), 64);
    assert_eq!(certificate.is_out_of_date(0).unwrap(), "is not valid before 2001-01-01 00:00:00 UTC");
    assert_eq!(certificate.is_out_of_date(978_307_200), None);
    assert_eq!(certificate.is_out_of_date(1_009_756_801).unwrap(), "expired on 2001-12-31 00:00:00 UTC");
}

#[test]
fn names_in_old_encodings_are_read() {
    let mut wish = Wish::named("plain");
    wish.params.distinguished_name.push(DnType::OrganizationName, DnValue::BmpString("Zoë".try_into().unwrap()));
    wish.params.distinguished_name.push(DnType::LocalityName, DnValue::UniversalString("Köln".try_into().unwrap()));
    assert_eq!(parse(&wish.self_signed()).subject, "L=Köln,O=Zoë,CN=plain");
}

#[test]
fn pem_is_what_it_was_read_from() {
    let issued = Wish::client("a").self_signed();
    let der = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap();
    assert_eq!(Client { der, is_verified: false }.pem(), issued.certificate.replace("\r\n", "\n"));
}

#[test]
fn other_bytes_are_no_certificate() {
    for bytes in [&b""[..], b"\x30\x00", b"nothing"] {
        assert!(Certificate::parse(&CertificateDer::from(bytes)).is_err());
    }
}
