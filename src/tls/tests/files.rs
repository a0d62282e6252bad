//! What files are taken, and what is said of the others.

use super::{
    Folder, config,
    pki::{Authority, Wish},
    with_authorities,
};

#[test]
fn a_chain_and_a_key_of_any_common_format_are_taken() {
    let (folder, authority) = (Folder::new(), Authority::new("Root").below("Intermediate"));
    let mut issued = authority.server(&["a.test"]);
    issued.certificate.push_str(&authority.pem());
    for (format, rsa) in [("RSA PRIVATE KEY", true), ("EC PRIVATE KEY", false)] {
        let wish = Wish::server(&["a.test"]);
        let issued = authority.sign(if rsa { wish.rsa() } else { wish });
        issued.write(&folder.0, "a");
        assert_eq!(folder.verdict(&config([folder.pair("a")])), "", "PKCS #8");
        let old = pem::encode(format, inner_key(&pem::decode(&issued.key)));
        // As openssl writes it: curve first.
        let parameters =
            if rsa { "" } else { "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" };
        folder.write("a.key", &format!("{parameters}{old}"));
        assert_eq!(folder.verdict(&config([folder.pair("a")])), "", "{format}");
    }
    // Both in one file, text around the blocks.
    let both = folder.write("both.pem", &format!("Subject: a\n{}\n{}", issued.key, issued.certificate));
    let pair = crate::tls::Pair { certificate: both.clone(), key: both };
    assert_eq!(folder.verdict(&config([pair])), "");
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let (folder, authority) = (Folder::new(), Authority::new("Root"));
    let (issued, other) = (authority.server(&["a.test"]), authority.server(&["b.test"]));
    let cut = &issued.certificate[..issued.certificate.len() / 2];
    let no_certificate = pem::encode("CERTIFICATE", b"nothing of the kind".to_vec());
    let bad_key = pem::encode("PRIVATE KEY", b"nothing of the kind".to_vec());
    let encrypted = pem::encode("ENCRYPTED PRIVATE KEY", b"secret".to_vec());
    let old_encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAA==\n\
                         -----END RSA PRIVATE KEY-----\n";
    let long = "#".repeat(1024 * 1024 + 1);
    let no_key = "a.key: has no private key (a block that starts with \"-----BEGIN PRIVATE KEY-----\")";
    let passphrase =
        "a.key: the private key is encrypted; write it without: openssl pkey -in encrypted.pem -out key.pem";
    let (certificate, key) = (issued.certificate.as_str(), issued.key.as_str());
    for (certificate, key, said) in [
        (certificate, other.key.as_str(), "a.key: the private key does not belong to the certificate a.crt"),
        (key, key, "a.crt: has no certificate (a block that starts with \"-----BEGIN CERTIFICATE-----\")"),
        (cut, key, "a.crt: is no valid PEM: "),
        (&no_certificate, key, "a.crt: certificate 1 in it cannot be read"),
        (certificate, certificate, no_key),
        (certificate, "", no_key),
        (certificate, &bad_key, "a.key: the private key cannot be used: "),
        (certificate, &encrypted, passphrase),
        (certificate, old_encrypted, passphrase),
        (&long, key, "a.crt: is longer than 1 MiB, which no certificate is"),
    ] {
        folder.write("a.crt", certificate);
        folder.write("a.key", key);
        let verdict = folder.verdict(&config([folder.pair("a")]));
        assert!(!said.is_empty() && verdict.starts_with(said), "{verdict:?}, not {said:?}");
    }
    assert_eq!(
        folder.verdict(&config([folder.pair("missing")])),
        "missing.crt: No such file or directory (os error 2)"
    );
    issued.write(&folder.0, "a");
    let mut pair = folder.pair("a");
    pair.key = std::env::temp_dir();
    assert!(folder.verdict(&config([pair])).ends_with(": is no file"));
}

#[test]
fn authorities_are_loaded_and_what_is_wrong_with_them_is_said() {
    let (folder, authority) = (Folder::new(), Authority::new("Root"));
    authority.server(&["a.test"]).write(&folder.0, "a");
    let roots = folder.write("roots.pem", &format!("{}{}", authority.pem(), Authority::new("Other").pem()));
    let config = with_authorities(config([folder.pair("a")]), &roots);
    assert_eq!(folder.verdict(&config), "");
    let damaged = pem::encode("CERTIFICATE", vec![0]);
    folder.write("roots.pem", &format!("{}{damaged}", authority.pem()));
    assert_eq!(folder.verdict(&config), "roots.pem: certificate 2 in it cannot be read");
    folder.write("roots.pem", "");
    assert!(folder.verdict(&config).starts_with("roots.pem: has no certificate"));
}

/// The key in the older format that is wrapped in PKCS #8: a sequence of version, algorithm and the key.
fn inner_key(pkcs8: &[u8]) -> Vec<u8> {
    let (sequence, _) = der(pkcs8);
    let (_, rest) = der(sequence);
    let (_, rest) = der(rest);
    der(rest).0.to_vec()
}

/// The contents of the first element, and what is behind it.
fn der(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (length, at) = match bytes[1] {
        short @ ..=0x7f => (usize::from(short), 2),
        0x81 => (usize::from(bytes[2]), 3),
        _ => (usize::from(u16::from_be_bytes([bytes[2], bytes[3]])), 4),
    };
    bytes[at..].split_at(length)
}

mod pem {
    use rustls::pki_types::pem::{self, SectionKind};

    pub(super) fn decode(text: &str) -> Vec<u8> {
        let mut text = text.as_bytes();
        let (_, bytes): (SectionKind, Vec<u8>) = pem::from_buf(&mut text).unwrap().unwrap();
        bytes
    }

    pub(super) fn encode(kind: &str, bytes: Vec<u8>) -> String {
        let text = data_encoding::BASE64.encode(&bytes);
        format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")
    }
}
