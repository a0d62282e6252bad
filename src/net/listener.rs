//! Listening sockets: bound early, so that a taken address is an error before anything starts; open late, when the
//! workers are ready; handed over to the next generation without ever being closed.

use std::{
    fmt::Write,
    io,
    net::SocketAddr,
    num::NonZeroUsize,
    os::fd::{AsRawFd, RawFd},
};

use socket2::{Domain, Protocol, Socket, Type};

use super::{Address, Endpoint, Inherited, Terms, accept, unix};

/// Connections that the kernel holds until a reactor accepts them.
const BACKLOG: i32 = 1024;

/// Sockets bound to one or more addresses, for a number of reactors.
///
/// They stay open as long as this lives, whatever becomes of the listeners made of them. Then the files of unix sockets are
/// removed that are this process' own.
#[derive(Debug)]
pub struct Bound {
    listeners: Vec<Listener>,
    addresses: Vec<Address>,
    reactors: usize,
}

/// The sockets of one endpoint.
#[derive(Debug)]
struct Listener {
    /// What was asked for.
    wanted: Address,
    /// More than one if they share the address; the kernel spreads connections over them.
    sockets: Vec<Socket>,
    terms: Terms,
    /// The file of a unix socket, if it ends with this server.
    file: Option<File>,
}

#[derive(Debug)]
struct File {
    name: unix::Name,
    /// This process is the one that removes it, not the generation before it.
    own: bool,
}

/// How another process is given the sockets.
#[derive(Debug)]
pub struct HandOver {
    /// Value of [`Inherited::VARIABLE`].
    pub variable: String,
    /// The descriptors that it names.
    pub descriptors: Vec<RawFd>,
}

/// An address cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {reason}")]
pub struct BindError {
    /// The address.
    pub address: Address,
    /// What the system says.
    #[source]
    pub reason: io::Error,
}

/// Reactors of a server: half the cores, at least 1.
pub fn reactors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get).div_ceil(2)
}

// === impl Bound ===

impl Bound {
    /// Binds every address once for each of `reactors` reactors; the kernel spreads connections over them.
    ///
    /// # Errors
    ///
    /// When an address is taken or not ours.
    pub fn new(endpoints: &[Endpoint], reactors: usize) -> Result<Self, BindError> {
        Self::adopt(endpoints, reactors, Inherited::default())
    }

    /// Takes the sockets that were inherited, and binds the other addresses as [`Bound::new`] does.
    ///
    /// # Errors
    ///
    /// When an address is taken or not ours, or others hold sockets that are not those for the addresses.
    pub fn adopt(endpoints: &[Endpoint], reactors: usize, mut inherited: Inherited) -> Result<Self, BindError> {
        let mut bound = Self { listeners: Vec::new(), addresses: Vec::new(), reactors };
        for endpoint in endpoints {
            let Endpoint { address: wanted, terms, .. } = endpoint;
            let error = |reason| BindError { address: wanted.clone(), reason };
            let (mut sockets, mut with_file) = inherited.take(wanted);
            let is_new = sockets.is_empty();
            if is_new {
                inherited.allows(wanted)?;
                sockets = bind(endpoint, reactors)?;
                with_file = true;
            }
            let name = wanted.path().filter(|_| with_file).and_then(unix::Name::find);
            let file = name.map(|name| File { name, own: is_new });
            for socket in &sockets {
                socket.set_nonblocking(true).map_err(error)?;
            }
            bound.addresses.push(local_address(&sockets[0], wanted));
            bound.listeners.push(Listener { wanted: wanted.clone(), sockets, terms: *terms, file });
        }
        inherited.finish()?;
        Ok(bound)
    }

    /// Takes over the files of unix sockets from the generation before this one, which ends.
    pub fn take_over(&mut self) {
        self.listeners.iter_mut().filter_map(|listener| listener.file.as_mut()).for_each(|file| file.own = true);
    }

    /// Closes the sockets, but leaves the files of unix sockets to the next generation, which has taken them over.
    pub fn leave(mut self) {
        self.listeners.iter_mut().for_each(|listener| listener.file = None);
    }

    /// Returns the addresses, with the true port where 0 was asked for.
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Returns how many reactors the sockets are for.
    pub fn reactors(&self) -> usize {
        self.reactors
    }

    /// Opens the sockets for connections.
    ///
    /// # Errors
    ///
    /// When another process was faster.
    pub fn open(&self) -> Result<(), BindError> {
        self.open_some(|_| true)
    }

    fn open_some(&self, meant: impl Fn(usize) -> bool) -> Result<(), BindError> {
        let listeners = self.listeners.iter().zip(&self.addresses).enumerate();
        for (_, (listener, address)) in listeners.filter(|(endpoint, _)| meant(*endpoint)) {
            let error = |reason| BindError { address: address.clone(), reason };
            for socket in &listener.sockets {
                // The service manager has its own mind about the length of the queue.
                if !socket.is_listener().map_err(error)? {
                    socket.listen(BACKLOG).map_err(error)?;
                }
            }
        }
        Ok(())
    }

    /// Opens the sockets for connections, and gives them to reactors; by reactor. Each reactor gets one for each
    /// address, and no socket is left without a reactor.
    ///
    /// # Errors
    ///
    /// When another process was faster.
    pub fn listen(&self) -> Result<Vec<Vec<accept::Listener>>, BindError> {
        self.listen_some(|_| true)
    }

    /// Does what [`Bound::listen`] does, for the endpoints that are meant, by their numbers.
    ///
    /// # Errors
    ///
    /// As those of [`Bound::listen`].
    pub fn listen_some(&self, meant: impl Fn(usize) -> bool) -> Result<Vec<Vec<accept::Listener>>, BindError> {
        self.open_some(&meant)?;
        let mut reactors: Vec<_> = (0..self.reactors).map(|_| Vec::new()).collect();
        let listeners = self.listeners.iter().zip(&self.addresses).enumerate();
        for (endpoint, (listener, address)) in listeners.filter(|(endpoint, _)| meant(*endpoint)) {
            for number in 0..self.reactors.max(listener.sockets.len()) {
                let socket = &listener.sockets[number % listener.sockets.len()];
                let socket = socket.try_clone().map_err(|reason| BindError { address: address.clone(), reason })?;
                let (unix, terms) = (address.path().is_some(), listener.terms);
                let socket = socket.into();
                reactors[number % self.reactors].push(accept::Listener { endpoint, unix, terms, socket });
            }
        }
        Ok(reactors)
    }

    /// Tells how another process is given all sockets; those that share an address, too: connections that wait in one
    /// of them would be lost with it.
    pub fn hand_over(&self) -> HandOver {
        let mut over = HandOver { variable: String::new(), descriptors: Vec::new() };
        for listener in &self.listeners {
            for socket in &listener.sockets {
                let comma = if over.descriptors.is_empty() { "" } else { "," };
                let file = if listener.file.as_ref().is_some_and(|file| file.own) { Inherited::WITH_FILE } else { "" };
                let _ = write!(over.variable, "{comma}{}{file}={}", socket.as_raw_fd(), listener.wanted);
                over.descriptors.push(socket.as_raw_fd());
            }
        }
        over
    }
}

fn local_address(socket: &Socket, otherwise: &Address) -> Address {
    let address = socket.local_addr().ok().and_then(|address| Address::of(&address));
    address.unwrap_or_else(|| otherwise.clone())
}

impl Drop for Bound {
    fn drop(&mut self) {
        let files = self.listeners.iter().filter_map(|listener| listener.file.as_ref());
        files.filter(|file| file.own).for_each(|file| file.name.remove());
    }
}

/// Binds `reactors` sockets to one address, or one that they share.
fn bind(endpoint: &Endpoint, reactors: usize) -> Result<Vec<Socket>, BindError> {
    let error = |reason| BindError { address: endpoint.address.clone(), reason };
    match &endpoint.address {
        Address::Tcp(wanted) => tcp(*wanted, reactors),
        Address::Unix(path) => Ok(vec![unix::bind(path, &endpoint.access).map_err(error)?]),
    }
}

fn tcp(wanted: SocketAddr, reactors: usize) -> Result<Vec<Socket>, BindError> {
    let error = |address: SocketAddr| move |reason| BindError { address: address.into(), reason };
    let local = |socket: &Socket| socket.local_addr().ok().and_then(|address| address.as_socket()).unwrap_or(wanted);
    // A port shared by `SO_REUSEPORT` would be shared with another server of the same user, too, in silence.
    // A socket without the option finds such a neighbour.
    let probe = socket(wanted, false).map_err(error(wanted))?;
    let mut address = local(&probe);
    drop(probe);
    let mut sockets = Vec::new();
    for _ in 0..reactors {
        let socket = socket(address, reactors > 1).map_err(error(address))?;
        address = local(&socket);
        sockets.push(socket);
    }
    Ok(sockets)
}

fn socket(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    if address.is_ipv6() {
        // `[::]:80` beside `0.0.0.0:80` must not collide.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests;
