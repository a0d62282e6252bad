//! Sessions that are continued.

use std::{sync::Arc, time::Duration};

use roadrunner::tls::ClientAuth;
use rustls::{
    ClientConfig, HandshakeKind,
    client::{Resumption, Tls12Resumption},
    version::{TLS12, TLS13},
};

use super::telling;
use crate::{
    support::pki::{Authority, Wish, replace},
    support::{Server, TlsClient, trusting, until},
};

/// Two connections of one client: how the second began, and what the server knows of it.
fn second(server: &Server, config: &Arc<ClientConfig>) -> (HandshakeKind, String) {
    let connect = || {
        let mut client = TlsClient::connect(server.address, "test", config).unwrap();
        // Under TLS 1.3 tickets come with the first bytes.
        let told = client.get("/").unwrap();
        (client.0.conn.handshake_kind().unwrap(), told)
    };
    assert_eq!(connect().0, HandshakeKind::Full);
    connect()
}

#[test]
fn both_versions_continue_sessions_by_tickets_and_the_old_one_by_numbers_too() {
    let (builder, authority, _folder) = telling();
    let server = builder.start();
    for (version, by) in [
        (&TLS13, Tls12Resumption::Disabled),
        (&TLS12, Tls12Resumption::SessionIdOrTickets),
        (&TLS12, Tls12Resumption::SessionIdOnly),
    ] {
        let mut config = trusting(&authority, None, &[version]);
        config.resumption = Resumption::in_memory_sessions(8).tls12_resumption(by);
        let (kind, told) = second(&server, &Arc::new(config));
        assert_eq!(kind, HandshakeKind::Resumed, "{version:?} {by:?}");
        assert!(told.ends_with(" test - resumed -"), "{told}");
    }
    server.stop();
}

#[test]
fn the_client_is_known_again_until_the_authorities_change() {
    for version in [&TLS12, &TLS13] {
        let (builder, authority, folder) = telling();
        let (clients, roots) = (Authority::new("Clients"), folder.0.join("roots.pem"));
        replace(&roots, &clients.pem());
        let server = builder.clients(ClientAuth::RequireAndVerify, &roots).start();
        let config = Arc::new(trusting(&authority, Some(&clients.client("one")), &[version]));
        let (kind, told) = second(&server, &config);
        assert_eq!(kind, HandshakeKind::Resumed);
        assert!(told.ends_with(" resumed verified CN=one"), "{told}");
        replace(&roots, &Authority::new("Others").pem());
        server.reload();
        until("the session is of no use", || {
            let mut client = match TlsClient::connect(server.address, "test", &config) {
                Ok(client) => client,
                Err(_) => return true,
            };
            client.get("/").is_err()
        });
        server.stop();
    }
}

#[test]
fn a_certificate_that_expires_ends_its_session() {
    for version in [&TLS12, &TLS13] {
        let (builder, authority, folder) = telling();
        let (clients, roots) = (Authority::new("Clients"), folder.0.join("roots.pem"));
        replace(&roots, &clients.pem());
        let server = builder.clients(ClientAuth::RequireAndVerify, &roots).start();
        let mut wish = Wish::client("short");
        wish.ends_in(Duration::from_secs(3));
        let config = Arc::new(trusting(&authority, Some(&clients.sign(wish)), &[version]));
        let (kind, told) = second(&server, &config);
        assert_eq!((kind, told.ends_with(" resumed verified CN=short")), (HandshakeKind::Resumed, true), "{told}");
        until("the certificate has expired", || {
            let mut client = TlsClient::connect(server.address, "test", &config).unwrap();
            let refused = client.get("/").is_err();
            assert_eq!(client.0.conn.handshake_kind(), Some(HandshakeKind::Resumed));
            refused
        });
        server.stop();
    }
}
