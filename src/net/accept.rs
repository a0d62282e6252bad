//! Taking connections.

use std::{io, net::SocketAddr, os::fd::OwnedFd, sync::Arc};

use tokio::io::unix::AsyncFd;

use super::{
    Front, Peer, Socket, Terms,
    front::{Spare, Taken},
};
use crate::process;

/// A listening socket of one reactor.
#[derive(Debug)]
pub struct Listener {
    /// Number of its endpoint, in the order in which they were asked for.
    pub(super) endpoint: usize,
    pub(super) unix: bool,
    pub(super) terms: Terms,
    pub(super) socket: OwnedFd,
}

/// A connection that was just taken.
#[derive(Debug)]
pub struct Accepted {
    /// Its socket.
    pub socket: Socket,
    /// Its two ends.
    pub peer: Peer,
    /// Number of the endpoint that it came to, in the order in which they were asked for.
    pub endpoint: usize,
}

/// A listener whose reactor is told when a client comes.
#[derive(Debug)]
pub(super) struct Watched {
    listener: AsyncFd<OwnedFd>,
    front: Arc<Front>,
    spare: Spare,
    endpoint: usize,
    unix: bool,
    terms: Terms,
}

// === impl Watched ===

impl Watched {
    /// Watches `listener` on the reactor of this thread.
    pub(super) fn new(listener: Listener, front: Arc<Front>) -> io::Result<Self> {
        let Listener { endpoint, unix, terms, socket } = listener;
        Ok(Self { listener: process::watch(socket)?, front, spare: Spare::new(), endpoint, unix, terms })
    }

    /// What its connections begin with.
    pub(super) fn terms(&self) -> Terms {
        self.terms
    }

    /// Waits for a connection.
    pub(super) async fn accept(&mut self) -> io::Result<Accepted> {
        let Self { listener, front, spare, terms, .. } = self;
        let taken = loop {
            let mut ready = listener.readable().await?;
            match ready.try_io(|listener| front.take(listener.get_ref(), spare, *terms)) {
                Ok(Ok(Some(taken))) => break taken,
                Ok(Err(error)) => return Err(error),
                // Turned away, or none was there any more.
                Ok(Ok(None)) | Err(_) => {}
            }
        };
        self.accepted(taken)
    }

    /// Takes a connection that waits already. `None`: it was turned away.
    pub(super) fn try_accept(&mut self) -> io::Result<Option<Accepted>> {
        let Self { listener, front, spare, terms, .. } = self;
        let taken = front.take(listener.get_ref(), spare, *terms)?;
        taken.map(|taken| self.accepted(taken)).transpose()
    }

    fn accepted(&self, (socket, remote): Taken) -> io::Result<Accepted> {
        // A client of a unix socket has no address.
        let remote = remote.and_then(|remote| SocketAddr::try_from(remote).ok());
        let socket = Socket::new(socket, self.unix)?;
        let peer = Peer { remote, local: socket.local()? };
        Ok(Accepted { socket, peer, endpoint: self.endpoint })
    }
}
