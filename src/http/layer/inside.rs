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

// === impl Inside ===

impl Handle for Inside {
    fn handle(&self, request: Request) -> Answer {
        let (mut head, body) = request.into_parts();
        let around = head.extensions.remove::<Around>();
        Box::pin(async move {
            // Layers of other crates pass on what they were given.
            let Some(Around { peer, arrived, counted, connection }) = around else {
                return http::Response::new(bytes::Bytes::new().into());
            };
            let answering = connection.enter(head, body, peer, arrived, counted);
            answering.await.unwrap_or_else(|never| match never {}).map(Body::into_content)
        })
    }
}
