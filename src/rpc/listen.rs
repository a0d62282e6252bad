//! The sockets that calls come over: bound before anything starts, open once the server serves.
//!
//! The next generation of a server takes its place while this one still runs. The socket of a path is made under another
//! name and renamed over the old one; a port is shared with the generation before, until that closes its socket.

use std::{
    fs::{self, File},
    io,
    net::SocketAddr,
    os::{
        fd::OwnedFd,
        unix::fs::{FileTypeExt, MetadataExt},
    },
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use rustix::{
    fs::{FlockOperation, Mode, fchmod, flock},
    net::sockopt::socket_peercred,
};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tracing::{info, warn};

use super::{Client, Config, place};
use crate::net::Address;

/// Connections that the kernel holds until they are taken.
const BACKLOG: i32 = 128;
/// Letters of a name that stand in the temporary one, too.
const SHOWN: usize = 17;
/// How long a server at an address may take to say who it is.
const ASKED: Duration = Duration::from_secs(1);

/// Sockets that are bound, none of which listens.
#[derive(Debug, Default)]
pub struct Bound {
    sockets: Vec<Waiting>,
    /// Whether a process above this one starts all generations.
    has_parent: bool,
}

/// A socket that does not listen yet.
#[derive(Debug)]
struct Waiting {
    socket: Socket,
    address: Address,
    /// Where a unix socket is until it listens.
    temporary: Option<Temporary>,
}

/// A file that is removed unless it is renamed.
#[derive(Debug)]
struct Temporary(PathBuf);

/// A socket that listens.
#[derive(Debug)]
pub(super) struct Listening {
    pub(super) socket: OwnedFd,
    pub(super) address: Address,
    pub(super) file: Option<Name>,
}

/// The file of a socket.
#[derive(Debug)]
pub(super) struct Name {
    path: PathBuf,
    /// Device and number: the next generation puts another one in its place.
    identity: (u64, u64),
    /// As long as it is open, no other file is given the number.
    _socket: Socket,
}

/// Calls cannot be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// An address cannot be used.
    #[error("rpc.listen: cannot listen on {0}: {1}")]
    Address(Address, #[source] io::Error),
    /// The system gives no thread.
    #[error("cannot start the thread that answers RPC: {0}")]
    Thread(#[source] io::Error),
}

/// Who is at a path.
enum Occupant {
    Nobody,
    /// A socket of a server that is gone.
    Stale,
    /// A server, and its process where that is known.
    Server(Option<u32>),
}

// === impl Bound ===

impl Bound {
    /// Binds the sockets that are configured, or the one that stands in for them. `has_parent`: all generations of this
    /// server are started by one process above it.
    ///
    /// # Errors
    ///
    /// When a configured address cannot be used, or another server serves there. If the one that stands in cannot be, the
    /// log says so, and there is none.
    pub fn new(config: &Config, has_parent: bool) -> Result<Self, ListenError> {
        let mut bound = Self { sockets: Vec::new(), has_parent };
        if let Some(addresses) = &config.listen {
            for address in addresses {
                let error = |reason| ListenError::Address(address.clone(), reason);
                let waiting = match address {
                    Address::Tcp(tcp) => bind_tcp(*tcp, has_parent),
                    Address::Unix(path) => bind_unix(path, has_parent),
                };
                bound.sockets.push(waiting.map_err(error)?);
            }
        } else if let Some(at) = &config.place {
            match place::folder().and_then(|folder| bind_unix(&folder.join(place::name(at)), has_parent)) {
                Ok(waiting) => bound.sockets.push(waiting),
                Err(reason) => info!(%reason, "No RPC here: rpc.listen can name another place for it"),
            }
        }
        Ok(bound)
    }

    /// Where calls will be taken, with the true port where 0 was asked for.
    pub fn address(&self) -> Option<Address> {
        let waiting = self.sockets.first()?;
        Some(waiting.true_address())
    }

    /// Opens the sockets. From now on this server is the one that is found.
    pub(super) fn open(self) -> Result<Vec<Listening>, ListenError> {
        let open = |waiting: Waiting| {
            let address = waiting.address.clone();
            waiting.open(self.has_parent).map_err(|reason| ListenError::Address(address, reason))
        };
        self.sockets.into_iter().map(open).collect()
    }
}

// === impl Waiting ===

impl Waiting {
    fn true_address(&self) -> Address {
        let name = self.socket.local_addr().ok().and_then(|name| name.as_socket());
        name.map_or_else(|| self.address.clone(), Address::Tcp)
    }

    fn open(self, has_parent: bool) -> io::Result<Listening> {
        let address = self.true_address();
        let Self { socket, temporary, .. } = self;
        socket.listen(BACKLOG)?;
        let mut file = None;
        if let (Some(path), Some(temporary)) = (address.path(), temporary) {
            // Two servers that start at the same time do so one after the other.
            let folder = path.parent().and_then(|folder| File::open(folder).ok());
            if let Some(folder) = &folder {
                let _ = flock(folder, FlockOperation::LockExclusive);
            }
            check(path, has_parent)?;
            fs::rename(&temporary.0, path)?;
            drop(temporary);
            let identity = identity(path).ok_or(io::ErrorKind::NotFound)?;
            file = Some(Name { path: path.to_owned(), identity, _socket: socket.try_clone()? });
        }
        Ok(Listening { socket: socket.into(), address, file })
    }
}

fn bind_unix(path: &Path, has_parent: bool) -> io::Result<Waiting> {
    check(path, has_parent)?;
    // Its address must be known to be short enough.
    SockAddr::unix(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let end = name.char_indices().rev().take(SHOWN).last().map_or(0, |(at, _)| at);
    let temporary = path.with_file_name(format!(".{}.{}", &name[end..], process::id()));
    let name = SockAddr::unix(&temporary)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    // The file that is made by binding has the permissions of the socket.
    fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    if let Err(error) = socket.bind(&name) {
        // A process of this number has died here.
        if error.kind() != io::ErrorKind::AddrInUse || !is_socket(&temporary) {
            return Err(error);
        }
        fs::remove_file(&temporary)?;
        socket.bind(&name)?;
    }
    Ok(Waiting { socket, address: Address::Unix(path.to_owned()), temporary: Some(Temporary(temporary)) })
}

/// Sees that a path is free for this server.
fn check(path: &Path, has_parent: bool) -> io::Result<()> {
    match occupant(path)? {
        Occupant::Nobody => Ok(()),
        Occupant::Stale => {
            info!(path = %path.display(), "Socket of a server that is gone is replaced");
            Ok(())
        }
        Occupant::Server(process) => is_ours(process, has_parent),
    }
}

/// Refuses to take the place of a server that is not of the generation before this one.
fn is_ours(process: Option<u32>, has_parent: bool) -> io::Result<()> {
    let starter = Some(std::os::unix::process::parent_id());
    match process {
        Some(_) if process == starter => Ok(()),
        Some(number) if has_parent && number != process::id() && parent_of(number) == starter => Ok(()),
        Some(number) => Err(io::Error::new(io::ErrorKind::AddrInUse, format!("process {number} serves there"))),
        None => Err(io::Error::new(io::ErrorKind::AddrInUse, "another process serves there")),
    }
}

fn parent_of(process: u32) -> Option<u32> {
    crate::process::stat(&format!("/proc/{process}/stat"))?.get(1)?.parse().ok()
}

fn occupant(path: &Path) -> io::Result<Occupant> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Occupant::Nobody),
        Err(error) => return Err(error),
        Ok(data) if !data.file_type().is_socket() => {
            let reason = "there is a file of this name, which is no socket";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, reason));
        }
        Ok(_) => {}
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    probe.set_nonblocking(true)?;
    match probe.connect(&SockAddr::unix(path)?) {
        Ok(()) => {
            let process = socket_peercred(&probe).ok().and_then(|peer| u32::try_from(peer.pid.as_raw_pid()).ok());
            Ok(Occupant::Server(process.filter(|process| *process > 0)))
        }
        // It listens before it gets this name, so it is nobody who is about to.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(Occupant::Stale),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Occupant::Nobody),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Occupant::Server(None)),
        Err(error) => Err(error),
    }
}

fn bind_tcp(address: SocketAddr, has_parent: bool) -> io::Result<Waiting> {
    // A port that can be shared would be shared with any server of this user. A socket that cannot share finds it.
    let socket = match tcp(address, false) {
        Ok(probe) => {
            let address = probe.local_addr()?.as_socket().unwrap_or(address);
            drop(probe);
            tcp(address, true)?
        }
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let who = Client::connect(&address.into(), ASKED).ok();
            is_ours(who.and_then(|mut server| server.call("rpc.Process", &true).ok()), has_parent)?;
            tcp(address, true)?
        }
        Err(error) => return Err(error),
    };
    Ok(Waiting { socket, address: address.into(), temporary: None })
}

fn tcp(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|data| data.file_type().is_socket())
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

// === impl Name ===

impl Name {
    /// Removes the file, unless another server has put its own in the place.
    pub(super) fn remove(self) {
        if identity(&self.path) == Some(self.identity)
            && let Err(error) = fs::remove_file(&self.path)
        {
            warn!(path = %self.path.display(), %error, "Socket of the RPC is not removed");
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nothing is left of one that was renamed.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests;
