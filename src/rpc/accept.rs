//! How connections come in, and who may.

use std::{io, os::fd::OwnedFd, sync::Arc, time::Duration};

use nix::unistd::Uid;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, UnixListener, UnixStream},
    sync::mpsc,
    time::sleep,
};
use tracing::{debug, warn};

use super::{
    connection::{self, Line},
    crowd::Crowd,
    server::Room,
};
use crate::net::Address;

/// Pause after the system refused a connection for want of descriptors or memory.
const PAUSE: Duration = Duration::from_millis(50);

/// The way of a connection into the room.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) room: Arc<Room>,
    pub(super) crowd: Arc<Crowd>,
    /// Closed when the last connection has ended.
    pub(super) alive: mpsc::Sender<()>,
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

// === impl Entry ===

impl Entry {
    /// Takes connections until others do, or the server ends; then those that wait.
    ///
    /// # Errors
    ///
    /// When the socket cannot be watched.
    pub(super) async fn accept(self, socket: OwnedFd, address: &Address) -> io::Result<()> {
        let listener = match address {
            Address::Tcp(_) => Listener::Tcp(TcpListener::from_std(socket.into())?),
            Address::Unix(_) => Listener::Unix(UnixListener::from_std(socket.into())?),
        };
        let known = matches!(listener, Listener::Unix(_));
        let mut leaving = self.room.leaving();
        loop {
            tokio::select! {
                biased;
                // Before the end: what waits is connected already.
                accepted = listener.accept() => match accepted {
                    Ok(stream) => stream.into_iter().for_each(|stream| self.admit(stream, known)),
                    Err(error) => {
                        debug!(%error, "RPC connection cannot be taken");
                        sleep(PAUSE).await;
                    }
                },
                () = leaving.reached() => return Ok(()),
            }
        }
    }

    /// Lets a connection in, if there is room.
    fn admit(&self, stream: Box<dyn Stream>, known: bool) {
        let line = Line::new(known);
        let Some(member) = self.crowd.admit(&line) else {
            warn!(connections = self.room.limits.connections, "Too many RPC connections: another one is refused");
            return;
        };
        let (room, alive) = (Arc::clone(&self.room), self.alive.clone());
        tokio::spawn(async move {
            connection::serve(stream, line, room).await;
            drop((member, alive));
        });
    }
}

// === impl Listener ===

impl Listener {
    /// `None`: one that may not connect.
    async fn accept(&self) -> io::Result<Option<Box<dyn Stream>>> {
        Ok(match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                let _ = stream.set_nodelay(true);
                Some(Box::new(stream))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                may_connect(&stream).then(|| -> Box<dyn Stream> { Box::new(stream) })
            }
        })
    }
}

/// Whether the other end is of this process' user, or root.
fn may_connect(stream: &UnixStream) -> bool {
    match stream.peer_cred().map(|peer| peer.uid()) {
        Ok(user) if user == 0 || user == Uid::effective().as_raw() => true,
        Ok(user) => {
            warn!(user, "RPC connection of another user is refused");
            false
        }
        Err(error) => {
            warn!(%error, "RPC connection of nobody known is refused");
            false
        }
    }
}
