//! Which certificate is for which name.

use rustls::{SignatureScheme, crypto::aws_lc_rs};

use super::{
    Folder,
    pki::{Authority, Wish},
};
use crate::tls::{load, resolver::Resolver};

const ECDSA: &[SignatureScheme] = &[SignatureScheme::ECDSA_NISTP256_SHA256];
const RSA: &[SignatureScheme] = &[SignatureScheme::RSA_PSS_SHA256];

#[test]
fn the_most_specific_name_wins_and_the_first_certificate_is_for_all_others() {
    let (folder, authority) = (Folder::new(), Authority::new("Root"));
    let provider = aws_lc_rs::default_provider();
    let load = |name: &str, wish: Wish| {
        authority.sign(wish).write(&folder.0, name);
        load::pair(&folder.pair(name), &provider).unwrap()
    };
    let pairs = [
        load("first", Wish::server(&["first.test"])),
        load("wild", Wish::server(&["*.example.test"])),
        load("whole", Wish::server(&["a.example.test", "Upper.test"])),
        load("rsa", Wish::server(&["a.example.test"]).rsa()),
    ];
    let resolver = Resolver::new(&pairs);
    let chosen = |name: Option<&str>, schemes| {
        let key = resolver.choose(name, schemes).unwrap();
        let names = ["first", "wild", "whole", "rsa"];
        names[pairs.iter().position(|pair| pair.key.cert == key.cert).unwrap()]
    };
    for (name, expected) in [
        (None, "first"),
        (Some("unknown.test"), "first"),
        (Some("first.test"), "first"),
        (Some("b.example.test"), "wild"),
        (Some("B.Example.TEST"), "wild"),
        (Some("a.example.test"), "whole"),
        (Some("a.example.test."), "whole"),
        (Some("upper.test"), "whole"),
        // One label, no more and no less.
        (Some("b.a.example.test"), "first"),
        (Some("example.test"), "first"),
    ] {
        assert_eq!(chosen(name, ECDSA), expected, "{name:?}");
    }
    // What the client can check goes before what it asks for.
    assert_eq!(chosen(Some("a.example.test"), RSA), "rsa");
    assert_eq!(chosen(Some("b.example.test"), RSA), "rsa");
    assert_eq!(chosen(None, &[]), "first");
}
