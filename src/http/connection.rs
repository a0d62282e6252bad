//! One connection, from its first byte to a close that the client can see.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};
use tracing::debug;

use super::{Pass, Service, h1, h2, preface::Rewound, tls::shake_hands, ways::Client};
use crate::net::{Accepted, Drain, Stream};

/// What a connection has of its server.
pub(super) struct Surroundings {
    pub(super) client: Client,
    pub(super) service: Arc<Service>,
    pub(super) drain: Drain,
    pub(super) pass: Arc<Pass>,
    /// When the client connected: the time for its first head runs.
    pub(super) begun: Instant,
}

/// Serves one connection until either side closes it, or until `drain` asks for a close after the request under way.
pub async fn serve_connection(accepted: Accepted, service: Arc<Service>, drain: Drain, pass: Arc<Pass>) {
    let Accepted { socket, peer, endpoint } = accepted;
    let (redirected, files) = (service.ways.redirected(endpoint), service.ways.files(endpoint));
    let client = Client { peer, tls: None, redirected, files };
    let around = Surroundings { client, service, drain, pass, begun: Instant::now() };
    if let Some(acceptor) = around.service.ways.acceptor(endpoint) {
        // Its state is larger, and would be part of the task of every plain connection.
        Box::pin(shake_hands(socket, acceptor, around)).await;
    } else if around.service.http2.h2c {
        find_out(socket, around).await;
    } else {
        h1::serve(socket, around).await;
    }
}

/// Serves the protocol that the client begins with.
async fn find_out(stream: impl Stream, around: Surroundings) {
    let deadline = around.begun + around.service.limits.header_timeout;
    let found = tokio::select! {
        biased;
        found = timeout_at(deadline, Rewound::read(stream)) => found.ok().flatten(),
        () = around.drain.asked() => None,
    };
    match found {
        Some((stream, false)) => h1::serve(stream, around).await,
        // Its state is larger, and would be part of the task of every HTTP/1 connection.
        Some((stream, true)) => Box::pin(h2::serve(stream, around)).await,
        None => debug!(client.addr = %around.client.peer, "Connection ended before a request"),
    }
}
