//! Connections that begin with a TLS handshake.

use std::{sync::Arc, time::Duration};

use tokio::{io::AsyncWriteExt, time::timeout};
use tracing::debug;

use super::{Pass, Service, connection::serve, linger::linger, service::Client};
use crate::{
    net::{Accepted, Drain, Socket},
    tls::{Acceptor, Rejected},
};

/// Protocols offered by ALPN, the most wanted first.
pub const PROTOCOLS: &[&str] = &["http/1.1"];
/// Longest handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// What a client is told that speaks HTTP where TLS is expected. It may know no version but the first.
const SPEAK_TLS: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n\
                           This port speaks HTTPS\n";

/// Serves one connection to a listener for TLS.
pub(super) async fn serve_encrypted(
    accepted: Accepted,
    acceptor: Arc<Acceptor>,
    service: Arc<Service>,
    mut drain: Drain,
    pass: Arc<Pass>,
) {
    let Accepted { socket, peer, endpoint: _ } = accepted;
    let shaken = tokio::select! {
        biased;
        shaken = timeout(HANDSHAKE, acceptor.accept(socket)) => shaken,
        // No request is under way.
        () = drain.asked() => return,
    };
    let stream = match shaken {
        Ok(Ok(stream)) => stream,
        Ok(Err(Rejected::Text(socket))) => {
            debug!(client.addr = %peer, "Client does not speak TLS");
            return tell(socket).await;
        }
        Ok(Err(Rejected::Failed { error, socket })) => {
            debug!(client.addr = %peer, %error, "TLS handshake failed");
            // The alert must not be overtaken by a reset.
            return linger(socket).await;
        }
        Err(_) => return debug!(client.addr = %peer, "TLS handshake took too long"),
    };
    let client = Client { peer, tls: Some(Arc::clone(stream.session())), redirected: None };
    serve(stream, client, service, drain, pass).await;
}

/// Says in plain text what is expected.
async fn tell(mut socket: Socket) {
    if timeout(HANDSHAKE, socket.write_all(SPEAK_TLS)).await.is_ok_and(|written| written.is_ok()) {
        linger(socket).await;
    }
}
