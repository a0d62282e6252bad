//! Connections that begin with a TLS handshake.

use std::sync::Arc;

use tokio::time::timeout_at;
use tracing::debug;

use super::{connection::Surroundings, h1, h2, linger::linger};
use crate::{
    net::Socket,
    tls::{Acceptor, Rejected, Stream},
};

/// Name of HTTP/2 for ALPN.
const HTTP2: &str = "h2";
/// Protocols offered by ALPN, the most wanted first.
pub const PROTOCOLS: &[&str] = &[HTTP2, "http/1.1"];
/// What a client is told that speaks HTTP where TLS is expected. It may know no version but the first.
const SPEAK_TLS: &[u8] =
    b"HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n\
                           This port speaks HTTPS\n";

/// Makes a TLS connection of a socket, and serves it.
pub(super) async fn shake_hands(socket: Socket, acceptor: Arc<Acceptor>, around: Surroundings) {
    let deadline = around.begun + around.service.limits.header_timeout;
    let peer = around.client.peer;
    let shaken = tokio::select! {
        biased;
        shaken = timeout_at(deadline, acceptor.accept(socket)) => shaken,
        // No request is under way.
        () = around.drain.asked() => return,
    };
    let (socket, last) = match shaken {
        Ok(Ok(stream)) => return serve(stream, around).await,
        Ok(Err(Rejected::Text(socket))) => {
            debug!(client.addr = %peer, "Client does not speak TLS");
            (socket, SPEAK_TLS)
        }
        Ok(Err(Rejected::Failed { error, socket })) => {
            debug!(client.addr = %peer, %error, "TLS handshake failed");
            // An alert that must not be overtaken by a reset is on its way.
            (socket, &b""[..])
        }
        Err(_) => return debug!(client.addr = %peer, "TLS handshake took too long"),
    };
    tokio::select! {
        biased;
        () = linger(socket, last, false) => {}
        () = around.drain.asked() => {}
    }
}

/// Serves the protocol that was agreed upon.
async fn serve(stream: Stream, mut around: Surroundings) {
    let session = stream.session();
    let is_http2 = session.protocol.as_deref() == Some(HTTP2);
    around.client.tls = Some(Arc::clone(session));
    if is_http2 {
        h2::serve(stream, around).await;
    } else {
        h1::serve(stream, around).await;
    }
}
