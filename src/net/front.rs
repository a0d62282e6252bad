//! What a connection meets before it is served: is there room for it, and whose is it?

use std::{
    io,
    os::fd::{AsFd, OwnedFd, RawFd},
    sync::Arc,
    time::Duration,
};

use rustix::{
    fs::{Mode, OFlags},
    io::{Errno, fcntl_dupfd_cloexec},
    net::{RecvFlags, SendFlags, Shutdown, SocketAddrAny, SocketFlags, acceptfrom_with},
};
use tokio::time::timeout;
use tracing::{debug, warn};

use super::{
    Accepted, Drain, Limits, Peer, Socket, Terms,
    census::{Census, Counted, Full},
    notice::Notice,
    proxy::{Ends, Header, Malformed},
};

/// How long a header of the PROXY protocol may take to arrive. The specification asks for 3 seconds at least.
const HEADER: Duration = Duration::from_secs(5);

/// What stands before the service of connections, for all reactors of a server.
#[derive(Debug)]
pub struct Front {
    census: Arc<Census>,
    /// The lowest number of a connection's descriptor.
    floor: Option<RawFd>,
    crowded: Arc<Notice>,
    greedy: Arc<Notice>,
    exhausted: Arc<Notice>,
}

/// What a front has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    /// Connections that are open now.
    pub open: usize,
    /// Connections refused because there were as many as there may be.
    pub refused: u64,
    /// Connections refused because their address had as many as it may have.
    pub refused_by_address: u64,
    /// Connections refused, or left to wait for a while, for want of descriptors.
    pub without_descriptor: u64,
}

/// A descriptor that is given up to take a connection for which there is none, and turn it away: left alone, it would wait,
/// and the reactor be told of it again and again.
#[derive(Debug)]
pub(super) struct Spare(Option<OwnedFd>);

/// A client, and the descriptor of its connection.
pub(super) type Taken = (OwnedFd, Option<SocketAddrAny>);

/// Why a connection is not served that was to begin with a header.
#[derive(Debug, thiserror::Error)]
enum Unannounced {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("the PROXY protocol header does not arrive")]
    Late,
    #[error("the connection ended before its PROXY protocol header: {0}")]
    Ended(#[from] io::Error),
}

// === impl Front ===

impl Front {
    /// `floor` is the lowest number of a connection's descriptor; `None`: any.
    pub fn new(limits: Limits, floor: Option<RawFd>) -> Arc<Self> {
        Arc::new(Self {
            census: Census::new(limits),
            floor,
            crowded: Notice::new(|count| {
                warn!(count, "Connections are refused: there are as many as http.limits.max_connections allows");
            }),
            greedy: Notice::new(|count| {
                warn!(
                    count,
                    "Connections are refused: their addresses have http.limits.max_connections_per_ip already"
                );
            }),
            exhausted: Notice::new(|count| {
                warn!(count, "Connections are refused: there are no descriptors left (see ulimit -n)");
            }),
        })
    }

    /// For what is served beside the application.
    pub fn beside(limits: Limits, floor: Option<RawFd>) -> Arc<Self> {
        let crowded =
            |count| warn!(count, "Connections to metrics, status or dashboard are refused: there are too many of them");
        let exhausted = |count| {
            warn!(
                count,
                "Connections to metrics, status or dashboard are refused: no descriptors left (see ulimit -n)"
            );
        };
        Arc::new(Self {
            census: Census::new(limits),
            floor,
            crowded: Notice::new(crowded),
            greedy: Notice::new(crowded),
            exhausted: Notice::new(exhausted),
        })
    }

    /// What was counted so far.
    pub fn crowd(&self) -> Crowd {
        Crowd {
            open: self.census.open(),
            refused: self.crowded.count(),
            refused_by_address: self.greedy.count(),
            without_descriptor: self.exhausted.count(),
        }
    }

    /// Takes a connection that waits at `listener`. `None`: it was turned away.
    ///
    /// # Errors
    ///
    /// As those of `accept()`: `WouldBlock` when none waits.
    pub(super) fn take(&self, listener: &OwnedFd, spare: &mut Spare, terms: Terms) -> io::Result<Option<Taken>> {
        let accept = || acceptfrom_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK);
        let (socket, client) = match accept() {
            Err(error @ (Errno::MFILE | Errno::NFILE)) => {
                if !spare.give_up() {
                    self.exhausted.happened();
                    return Err(error.into());
                }
                // Another thread may take the descriptor first; and the system has said so even if nobody waits here.
                let turned_away = accept().map(|(socket, _)| refuse(socket, terms));
                spare.fill();
                if turned_away != Err(Errno::AGAIN) {
                    self.exhausted.happened();
                }
                return Ok(turned_away.map(|()| None)?);
            }
            taken => taken?,
        };
        let Some(floor) = self.floor else { return Ok(Some((socket, client))) };
        if let Ok(above) = fcntl_dupfd_cloexec(&socket, floor) {
            return Ok(Some((above, client)));
        }
        self.exhausted.happened();
        refuse(socket, terms);
        Ok(None)
    }

    /// Counts a connection. `None`: there is no room, and its client was told so.
    pub(super) fn admit(&self, accepted: &Accepted, terms: Terms) -> Option<Counted> {
        let address = accepted.peer.remote.filter(|_| !terms.proxy_protocol);
        let counted = self.census.admit().and_then(|mut counted| {
            address.map_or(Ok(()), |address| counted.comes_from(address.ip()))?;
            Ok(counted)
        });
        counted.map_err(|full| self.turn_away(&accepted.socket, terms, full)).ok()
    }

    /// Lets a connection say whose it is. Returns whether it is to be served.
    pub(super) async fn introduce(
        &self,
        accepted: &mut Accepted,
        counted: &mut Counted,
        terms: Terms,
        drain: Drain,
    ) -> bool {
        let header = timeout(HEADER, header(&accepted.socket));
        let said = tokio::select! {
            biased;
            said = header => said.unwrap_or(Err(Unannounced::Late)),
            () = drain.asked() => return false,
        };
        match said {
            Ok(Ends::Own) => true,
            Ok(Ends::Unix) => {
                accepted.peer = Peer { remote: None, local: None };
                true
            }
            Ok(Ends::Of { remote, local }) => {
                accepted.peer = Peer { remote: Some(remote), local: Some(local) };
                let room = counted.comes_from(remote.ip());
                room.map_err(|full| self.turn_away(&accepted.socket, terms, full)).is_ok()
            }
            Err(error) => {
                debug!(client.addr = %accepted.peer, %error, "Connection is closed");
                false
            }
        }
    }

    fn turn_away(&self, socket: &Socket, terms: Terms, full: Full) {
        refuse(socket, terms);
        match full {
            Full::Connections => self.crowded.happened(),
            Full::Address => self.greedy.happened(),
        }
    }
}

/// Tells a client that there is no room, as far as that is possible without waiting for it. The socket is to be closed.
fn refuse(socket: impl AsFd, terms: Terms) {
    let _ = rustix::net::send(&socket, terms.refusal, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
    let _ = rustix::net::shutdown(&socket, Shutdown::Write);
    // What is unread when a socket is closed makes a reset of its end, which may reach the client before the words.
    let _ = rustix::net::recv(&socket, &mut [0; 4096], RecvFlags::DONTWAIT);
}

/// Reads the header with which a connection begins, and nothing beyond.
async fn header(socket: &Socket) -> Result<Ends, Unannounced> {
    let mut header = Header::default();
    loop {
        socket.readable().await?;
        match advance(socket, &mut header) {
            Ok(Some(ends)) => return Ok(ends),
            Ok(None) => {}
            Err(Unannounced::Ended(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads what is there of the header.
fn advance(socket: &Socket, header: &mut Header) -> Result<Option<Ends>, Unannounced> {
    let mut buffer = [0; 512];
    let there = socket.try_peek(&mut buffer)?;
    if there == 0 {
        return Err(Unannounced::Ended(io::ErrorKind::UnexpectedEof.into()));
    }
    let (mut left, ends) = header.take(&buffer[..there])?;
    while left > 0 {
        left -= socket.try_read(&mut buffer[..left])?;
    }
    Ok(ends)
}

// === impl Spare ===

impl Spare {
    pub(super) fn new() -> Self {
        let mut spare = Self(None);
        spare.fill();
        spare
    }

    /// Gives the descriptor up. Returns whether there was one.
    fn give_up(&mut self) -> bool {
        self.fill();
        self.0.take().is_some()
    }

    fn fill(&mut self) {
        if self.0.is_none() {
            self.0 = rustix::fs::open("/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok();
        }
    }
}
