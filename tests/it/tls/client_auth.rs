//! What is asked of clients, and what they show.

use std::sync::Arc;

use roadrunner::tls::ClientAuth;

use super::telling;
use crate::{
    support::pki::{Authority, Issued, Wish, replace},
    support::{TlsClient, VERSIONS, trusting},
};

/// What the server knows of a client that shows `shown`, under each version; `refused` if it does not serve it.
fn seen(auth: ClientAuth, shown: impl Fn(&Authority) -> Option<Issued>) -> String {
    let (builder, authority, folder) = telling();
    let (clients, roots) = (Authority::new("Clients"), folder.0.join("roots.pem"));
    let pinned = Wish::client("pinned").self_signed();
    replace(&roots, &format!("{}{}{}", Authority::new("Another").pem(), clients.pem(), pinned.certificate));
    let server = builder.clients(auth, &roots).start();
    let shown = match shown(&clients) {
        // A stand-in for the certificate that the server knows itself.
        Some(issued) if issued.certificate == "pinned" => Some(pinned),
        shown => shown,
    };
    let seen = VERSIONS.map(|version| {
        let config = Arc::new(trusting(&authority, shown.as_ref(), &[version]));
        let answer = TlsClient::connect(server.address, "test", &config).and_then(|mut client| client.get("/"));
        answer.map_or_else(
            |error| {
                // Told by an alert, not by a broken connection.
                assert!(error.to_string().starts_with("received fatal alert: "), "{error}");
                "refused".to_owned()
            },
            |told| told.split_once(" new ").unwrap().1.to_owned(),
        )
    });
    assert_eq!(seen[0], seen[1], "TLS 1.2 and 1.3");
    server.stop();
    seen[0].clone()
}

fn nothing(_: &Authority) -> Option<Issued> {
    None
}

fn right(clients: &Authority) -> Option<Issued> {
    Some(clients.client("right"))
}

fn unknown(_: &Authority) -> Option<Issued> {
    Some(Authority::new("Unknown").client("unknown"))
}

fn expired(clients: &Authority) -> Option<Issued> {
    Some(clients.sign(Wish::client("expired").expired()))
}

#[test]
fn nothing_is_asked_for() {
    for shown in [nothing, right, unknown, expired] {
        assert_eq!(seen(ClientAuth::None, shown), "-");
    }
}

#[test]
fn a_certificate_is_asked_for() {
    assert_eq!(seen(ClientAuth::Request, nothing), "-");
    assert_eq!(seen(ClientAuth::Request, right), "shown CN=right");
    assert_eq!(seen(ClientAuth::Request, unknown), "shown CN=unknown");
    assert_eq!(seen(ClientAuth::Request, expired), "shown CN=expired");
}

#[test]
fn any_certificate_is_needed() {
    assert_eq!(seen(ClientAuth::RequireAny, nothing), "refused");
    assert_eq!(seen(ClientAuth::RequireAny, right), "shown CN=right");
    assert_eq!(seen(ClientAuth::RequireAny, unknown), "shown CN=unknown");
    assert_eq!(seen(ClientAuth::RequireAny, expired), "shown CN=expired");
}

#[test]
fn a_certificate_is_checked_if_there_is_one() {
    assert_eq!(seen(ClientAuth::VerifyIfGiven, nothing), "-");
    assert_eq!(seen(ClientAuth::VerifyIfGiven, right), "verified CN=right");
    assert_eq!(seen(ClientAuth::VerifyIfGiven, unknown), "refused");
    assert_eq!(seen(ClientAuth::VerifyIfGiven, expired), "refused");
}

#[test]
fn a_certificate_is_needed_and_checked() {
    assert_eq!(seen(ClientAuth::RequireAndVerify, nothing), "refused");
    assert_eq!(seen(ClientAuth::RequireAndVerify, right), "verified CN=right");
    assert_eq!(seen(ClientAuth::RequireAndVerify, unknown), "refused");
    assert_eq!(seen(ClientAuth::RequireAndVerify, expired), "refused");
    assert_eq!(
        seen(ClientAuth::RequireAndVerify, |clients| Some(clients.sign(Wish::client("early").early()))),
        "refused"
    );
}

#[test]
fn who_vouches_for_whom() {
    let verify = ClientAuth::RequireAndVerify;
    let through_others = |clients: &Authority| {
        let between = clients.below("Between");
        let mut issued = between.client("below");
        issued.certificate.push_str(&between.pem());
        Some(issued)
    };
    assert_eq!(seen(verify, through_others), "verified CN=below");
    // Nobody knows the one between.
    assert_eq!(seen(verify, |clients| Some(clients.below("Between").client("below"))), "refused");
    // It is for servers.
    assert_eq!(seen(verify, |clients| Some(clients.server(&["server"]))), "refused");
    // Its usage is left open.
    assert_eq!(seen(verify, |clients| Some(clients.sign(Wish::named("any")))), "verified CN=any");
    // One of a client may sign nothing.
    let below_client = |clients: &Authority| {
        let issuer = Wish::client("client").issuer(clients);
        let mut issued = issuer.client("below");
        issued.certificate.push_str(&issuer.pem());
        Some(issued)
    };
    assert_eq!(seen(verify, below_client), "refused");
    let pinned = |_: &Authority| Some(Issued { certificate: "pinned".to_owned(), key: String::new() });
    assert_eq!(seen(verify, pinned), "verified CN=pinned");
}

#[test]
fn an_authority_whose_time_is_over_vouches_for_nobody() {
    let (builder, authority, folder) = telling();
    let clients = Authority::of(Wish::named("Clients").expired());
    let roots = folder.0.join("roots.pem");
    replace(&roots, &clients.pem());
    let server = builder.clients(ClientAuth::RequireAndVerify, &roots).start();
    let config = Arc::new(trusting(&authority, Some(&clients.client("right")), rustls::ALL_VERSIONS));
    let answer = TlsClient::connect(server.address, "test", &config).and_then(|mut client| client.get("/"));
    assert!(answer.unwrap_err().to_string().starts_with("received fatal alert: "));
    server.stop();
}
