//! TLS, from handshake to end.

mod client_auth;
mod names;
mod reload;
mod resumption;
mod wire;

use std::sync::Arc;

use roadrunner::tls::Session;
use rustls::ClientConfig;

use crate::{
    support::pki::Authority,
    support::{Builder, Folder, answer, trusting},
};

/// A server that answers with what it knows of the connection, its authority, and the folder of its files.
fn telling() -> (Builder, Authority, Folder) {
    let (folder, authority) = (Folder::new(), Authority::new("Root"));
    authority.server(&["test"]).write(&folder.0, "test");
    let builder = Builder::new(|envelope| {
        let told = envelope.request.tls.as_deref().map_or_else(|| "plain".to_owned(), told);
        envelope.replier.answer(answer(told));
    });
    (builder.tls(vec![folder.pair("test")]), authority, folder)
}

/// Version, cipher suite, server name, protocol, whether it is resumed, and the client.
fn told(session: &Session) -> String {
    let Session { version, cipher, server_name, protocol, is_resumed, client } = session;
    let none = || "-".to_owned();
    let client = client.as_ref().map_or_else(none, |client| {
        let verified = if client.is_verified { "verified" } else { "shown" };
        format!("{verified} {}", client.certificate().unwrap().subject)
    });
    let (name, protocol) = (server_name.clone().unwrap_or_else(none), protocol.clone().unwrap_or_else(none));
    let resumed = if *is_resumed { "resumed" } else { "new" };
    format!("{version} {cipher} {name} {protocol} {resumed} {client}")
}

/// A client of any version that shows nothing.
fn client(authority: &Authority) -> Arc<ClientConfig> {
    Arc::new(trusting(authority, None, rustls::ALL_VERSIONS))
}
