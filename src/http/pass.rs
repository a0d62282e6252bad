//! The hand-off's part in each pass of a reactor.

use std::{sync::Arc, task::Waker};

use super::{Inbox, Port};
use crate::net;

/// Announces the requests of one reactor and fetches its answers.
#[derive(Debug)]
pub struct Pass {
    inbox: Arc<Inbox>,
    port: Arc<Port>,
}

// === impl Pass ===

impl Pass {
    /// Creates the pass of the reactor whose answers come through `port`.
    pub fn new(inbox: &Arc<Inbox>, port: &Arc<Port>) -> Arc<Self> {
        Arc::new(Self { inbox: Arc::clone(inbox), port: Arc::clone(port) })
    }

    /// Where the answers of this reactor come through.
    pub(super) fn port(&self) -> &Arc<Port> {
        &self.port
    }
}

impl net::Pass for Pass {
    fn woken(&self, root: &Waker) {
        self.port.drain(root);
    }

    fn parking(&self) {
        self.inbox.announce();
        self.port.parking();
    }

    fn unparked(&self) {
        self.port.unparked();
    }

    fn ended(&self) {
        self.port.close();
    }
}
