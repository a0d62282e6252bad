//! Taking connections.

use std::{io, net::SocketAddr, os::fd::OwnedFd};

use rustix::net::{SocketFlags, acceptfrom_with};
use tokio::io::unix::AsyncFd;

use super::{Peer, Socket};
use crate::process;

/// A listening socket of one reactor.
#[derive(Debug)]
pub struct Listener {
    /// Number of its endpoint, in the order in which they were asked for.
    pub(super) endpoint: usize,
    pub(super) unix: bool,
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
    endpoint: usize,
    unix: bool,
}

// === impl Watched ===

impl Watched {
    /// Watches `listener` on the reactor of this thread.
    pub(super) fn new(listener: Listener) -> io::Result<Self> {
        let Listener { endpoint, unix, socket } = listener;
        Ok(Self { listener: process::watch(socket)?, endpoint, unix })
    }

    /// Waits for a connection.
    pub(super) async fn accept(&self) -> io::Result<Accepted> {
        let (socket, remote) = loop {
            let mut ready = self.listener.readable().await?;
            if let Ok(accepted) = ready.try_io(|listener| take(listener.get_ref())) {
                break accepted?;
            }
        };
        self.accepted(socket, remote)
    }

    /// Takes a connection that waits already.
    pub(super) fn try_accept(&self) -> io::Result<Accepted> {
        let (socket, remote) = take(self.listener.get_ref())?;
        self.accepted(socket, remote)
    }

    fn accepted(&self, socket: OwnedFd, remote: Option<SocketAddr>) -> io::Result<Accepted> {
        let socket = Socket::new(socket, self.unix)?;
        let peer = Peer { remote, local: socket.local()? };
        Ok(Accepted { socket, peer, endpoint: self.endpoint })
    }
}

fn take(listener: &OwnedFd) -> io::Result<(OwnedFd, Option<SocketAddr>)> {
    let (socket, remote) = acceptfrom_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK)?;
    // A client of a unix socket has no address.
    Ok((socket, remote.and_then(|remote| SocketAddr::try_from(remote).ok())))
}
