//! What all layers are around: the workers.

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Instant,
};

use super::{Answer, Handle, Request};
use crate::{
    http::{access::Body, service::Connection},
    net::Peer,
};

/// What is known of a request beside what it says itself.
#[derive(Clone, Debug)]
pub(in crate::http) struct Around {
    /// Who sent it, once proxies were looked through.
    pub(in crate::http) peer: Peer,
    /// When its head had arrived.
    pub(in crate::http) arrived: Instant,
    /// Where the bytes of its body are counted, if they are.
    pub(in crate::http) counted: Option<Arc<AtomicU64>>,
    /// The connection that it came by.
    pub(in crate::http) connection: Connection,
}

/// The workers.
#[derive(Debug)]
pub(super) struct Inside;

/// A worker is waited for, until a layer gives it up.
struct Waiting(Option<Connection>);

// === impl Around ===

impl Around {
    /// Lets a request go on for itself: whoever sent it waits for it no longer.
    pub(super) fn detach(&mut self) {
        self.arrived = Instant::now();
        self.counted = None;
        self.connection = self.connection.detached();
    }
}

// === impl Waiting ===

impl Waiting {
    /// The answer has come. Its body may still be waited for.
    fn over(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            connection.set_waiting(false);
        }
    }
}

// === impl Inside ===

impl Handle for Inside {
    fn handle(&self, request: Request) -> Answer {
        let (mut head, body) = request.into_parts();
        let around = head.extensions.remove::<Around>();
        Box::pin(async move {
            // Layers pass on what they were given.
            let Some(Around { peer, arrived, counted, connection }) = around else {
                return http::Response::new(bytes::Bytes::new().into());
            };
            let waiting = Waiting(Some(connection.clone()));
            let answering = connection.enter(head, body, peer, arrived, counted);
            let response = answering.await.unwrap_or_else(|never| match never {});
            waiting.over();
            response.map(Body::into_content)
        })
    }
}
