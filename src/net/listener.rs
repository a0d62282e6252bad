//! Listening sockets: bound early, so that a taken address is an error before anything starts; open late, when the
//! workers are ready; handed over to the next generation without ever being closed.

use std::{
    fmt::Write,
    io,
    num::NonZeroUsize,
    os::fd::{AsRawFd, RawFd},
};

use socket2::{Domain, Protocol, Socket, Type};

use super::{Address, Endpoint, Inherited, accept};

/// Connections that the kernel holds until a reactor accepts them.
const BACKLOG: i32 = 1024;

/// Sockets bound to one or more addresses, for a number of reactors.
///
/// They stay open as long as this lives, whatever becomes of the listeners made of them.
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
        for Endpoint { address: wanted } in endpoints {
            let error = |reason| BindError { address: wanted.clone(), reason };
            let mut sockets = inherited.take(wanted);
            if sockets.is_empty() {
                inherited.allows(wanted)?;
                sockets = bind(wanted, reactors)?;
            }
            for socket in &sockets {
                socket.set_nonblocking(true).map_err(error)?;
            }
            bound.addresses.push(local_address(&sockets[0], wanted));
            bound.listeners.push(Listener { wanted: wanted.clone(), sockets });
        }
        inherited.finish()?;
        Ok(bound)
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
        for (listener, address) in self.listeners.iter().zip(&self.addresses) {
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
        self.open()?;
        let mut reactors: Vec<_> = (0..self.reactors).map(|_| Vec::new()).collect();
        for (endpoint, (listener, address)) in self.listeners.iter().zip(&self.addresses).enumerate() {
            for number in 0..self.reactors.max(listener.sockets.len()) {
                let socket = &listener.sockets[number % listener.sockets.len()];
                let socket = socket.try_clone().map_err(|reason| BindError { address: address.clone(), reason })?;
                let unix = address.path().is_some();
                reactors[number % self.reactors].push(accept::Listener { endpoint, unix, socket: socket.into() });
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
                let _ = write!(over.variable, "{comma}{}={}", socket.as_raw_fd(), listener.wanted);
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

/// Binds `reactors` sockets to one address, or one that they share.
fn bind(wanted: &Address, reactors: usize) -> Result<Vec<Socket>, BindError> {
    let error = |address: &Address| {
        let address = address.clone();
        move |reason| BindError { address, reason }
    };
    // A port shared by `SO_REUSEPORT` would be shared with another server of the same user, too, in silence.
    // A socket without the option finds such a neighbour.
    let probe = socket(wanted, false).map_err(error(wanted))?;
    if wanted.path().is_some() {
        return Ok(vec![probe]);
    }
    let mut address = local_address(&probe, wanted);
    drop(probe);
    let mut sockets = Vec::new();
    for _ in 0..reactors {
        let socket = socket(&address, reactors > 1).map_err(error(&address))?;
        address = local_address(&socket, &address);
        sockets.push(socket);
    }
    Ok(sockets)
}

fn socket(address: &Address, shared: bool) -> io::Result<Socket> {
    let name = address.to_system()?;
    let socket = match address {
        Address::Tcp(tcp) => {
            let socket = Socket::new(Domain::for_address(*tcp), Type::STREAM, Some(Protocol::TCP))?;
            socket.set_reuse_address(true)?;
            if shared {
                socket.set_reuse_port(true)?;
            }
            if tcp.is_ipv6() {
                // `[::]:80` beside `0.0.0.0:80` must not collide.
                socket.set_only_v6(true)?;
            }
            socket
        }
        Address::Unix(_) => Socket::new(Domain::UNIX, Type::STREAM, None)?,
    };
    socket.set_nonblocking(true)?;
    socket.bind(&name)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

    use super::*;

    const ANY: [Endpoint; 1] =
        [Endpoint { address: Address::Tcp(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))) }];

    fn first(bound: &Bound) -> SocketAddr {
        bound.addresses()[0].tcp().unwrap()
    }

    #[test]
    fn port_zero_becomes_a_true_port_for_all_reactors() {
        let bound = Bound::new(&ANY, 3).unwrap();
        let address = first(&bound);
        assert_ne!(address.port(), 0);
        let listeners = bound.listen().unwrap();
        assert_eq!(listeners.len(), 3);
        for listener in listeners.iter().flatten() {
            assert_eq!(socket2::SockRef::from(&listener.socket).local_addr().unwrap().as_socket(), Some(address));
        }
    }

    #[test]
    fn a_taken_address_is_an_error_even_if_its_owner_would_share() {
        for reactors in [1, 2] {
            let taken = Bound::new(&ANY, 2).unwrap();
            let address = first(&taken);
            let _open = taken.listen().unwrap();
            let error = Bound::new(&[address.into()], reactors).unwrap_err();
            assert!(error.to_string().starts_with(&format!("cannot listen on {address}: Address already in use")));
        }
    }

    #[test]
    fn nothing_is_open_before_listen() {
        let bound = Bound::new(&ANY, 1).unwrap();
        assert!(std::net::TcpStream::connect(first(&bound)).is_err());
    }

    /// What another process would inherit of `bound`.
    fn inherited(bound: &Bound) -> Inherited {
        let copy = |socket: &Socket| std::os::fd::IntoRawFd::into_raw_fd(socket.try_clone().unwrap());
        let listeners =
            bound.listeners.iter().flat_map(|one| one.sockets.iter().map(|socket| (socket, one.wanted.clone())));
        // In this process the numbers are taken, so copies are handed over.
        let items: Vec<_> = listeners.map(|(socket, wanted)| format!("{}={wanted}", copy(socket))).collect();
        assert_eq!(items.len(), bound.hand_over().descriptors.len());
        Inherited::handed_over(&items.join(","))
    }

    #[test]
    fn sockets_are_handed_over_with_what_waits_in_them() {
        for (before, after) in [(1, 1), (3, 3), (3, 2), (1, 3), (2, 3)] {
            let old = Bound::new(&ANY, before).unwrap();
            old.open().unwrap();
            let clients: Vec<_> = (0..32).map(|_| std::net::TcpStream::connect(first(&old)).unwrap()).collect();
            let new = Bound::adopt(&ANY, after, inherited(&old)).unwrap();
            assert_eq!(new.addresses(), old.addresses());
            drop(old);
            let reactors = new.listen().unwrap();
            assert_eq!(reactors.len(), after);
            assert!(reactors.iter().all(|listeners| !listeners.is_empty()));
            let waiting = |listener: &accept::Listener| {
                std::iter::from_fn(|| socket2::SockRef::from(&listener.socket).accept().ok()).count()
            };
            assert_eq!(reactors.iter().flatten().map(waiting).sum::<usize>(), clients.len());
        }
    }

    #[test]
    fn what_is_configured_no_more_is_closed_and_what_is_new_is_bound() {
        let old = Bound::new(&ANY, 2).unwrap();
        let address = first(&old);
        old.open().unwrap();
        let new = Bound::adopt(&["127.0.0.2:0".parse::<Address>().unwrap().into()], 2, inherited(&old)).unwrap();
        drop(old);
        assert!(std::net::TcpStream::connect(address).is_err());
        new.open().unwrap();
        assert!(std::net::TcpStream::connect(first(&new)).is_ok());
    }
}
