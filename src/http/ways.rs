//! What becomes of a connection, by the listener that it came to.

use std::sync::Arc;

use super::{Config, layer::Next};
use crate::{
    net::{Address, Peer},
    tls::{Acceptor, Session},
};

/// What becomes of the connections of each listener.
#[derive(Debug)]
pub(super) struct Ways(Vec<Way>);

#[derive(Debug)]
enum Way {
    /// Their requests are answered.
    Plain,
    /// Their requests are sent to this port, where TLS is spoken.
    Redirected(u16),
    /// They begin with a handshake.
    Encrypted(Arc<Acceptor>),
    /// Their requests are for files, and for nothing else.
    Files(Next),
}

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) peer: Peer,
    /// What TLS was agreed upon.
    pub(super) tls: Option<Arc<Session>>,
    /// The TLS port that its requests are sent to, instead of an answer.
    pub(super) redirected: Option<u16>,
    /// What answers its requests instead of the workers and what stands before them.
    pub(super) files: Option<Next>,
}

// === impl Ways ===

impl Ways {
    /// Those of the listeners of `config` and of its server of files, whose true addresses are `addresses`. `tls` takes the connections of those that
    /// speak it.
    pub(super) fn new(config: &Config, addresses: &[Address], tls: Option<&Arc<Acceptor>>) -> Self {
        let listeners = || config.listeners.iter().zip(addresses);
        // The last one is that of `http.ssl.address`, if there is one.
        let port =
            listeners().filter(|(listener, _)| listener.tls).filter_map(|(_, address)| address.tcp()).next_back();
        let port = port.map(|address| address.port());
        let way = |listener: &super::Listener| match (tls, port) {
            (Some(acceptor), _) if listener.tls => Way::Encrypted(Arc::clone(acceptor)),
            (_, Some(port)) if config.redirect => Way::Redirected(port),
            _ => Way::Plain,
        };
        let files = config.files.iter().flat_map(|files| {
            let next = files.build();
            files.addresses.iter().map(move |_| Way::Files(next.clone()))
        });
        Self(config.listeners.iter().map(way).chain(files).collect())
    }

    /// What makes TLS connections of those to a listener; `None`: it speaks plain text.
    pub(super) fn acceptor(&self, listener: usize) -> Option<Arc<Acceptor>> {
        match self.0.get(listener) {
            Some(Way::Encrypted(acceptor)) => Some(Arc::clone(acceptor)),
            _ => None,
        }
    }

    /// What answers requests to a listener instead of the workers, if anything does.
    pub(super) fn files(&self, listener: usize) -> Option<Next> {
        match self.0.get(listener) {
            Some(Way::Files(next)) => Some(next.clone()),
            _ => None,
        }
    }

    /// The TLS port that requests to a listener are sent to, if they are.
    pub(super) fn redirected(&self, listener: usize) -> Option<u16> {
        match self.0.get(listener) {
            Some(Way::Redirected(port)) => Some(*port),
            _ => None,
        }
    }
}
