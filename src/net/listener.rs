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
mod tests {
    use std::{
        net::{Ipv4Addr, Ipv6Addr, SocketAddr},
        os::unix::net::UnixStream,
        path::PathBuf,
    };

    use super::*;

    fn any() -> [Endpoint; 1] {
        [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()]
    }

    fn first(bound: &Bound) -> SocketAddr {
        bound.addresses()[0].tcp().unwrap()
    }

    #[test]
    fn port_zero_becomes_a_true_port_for_all_reactors() {
        let bound = Bound::new(&any(), 3).unwrap();
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
            let taken = Bound::new(&any(), 2).unwrap();
            let address = first(&taken);
            let _open = taken.listen().unwrap();
            let error = Bound::new(&[address.into()], reactors).unwrap_err();
            assert!(error.to_string().starts_with(&format!("cannot listen on {address}: Address already in use")));
        }
    }

    #[test]
    fn nothing_is_open_before_listen() {
        let bound = Bound::new(&any(), 1).unwrap();
        assert!(std::net::TcpStream::connect(first(&bound)).is_err());
    }

    /// What another process would inherit of `bound`.
    fn inherited(bound: &Bound) -> Inherited {
        let over = bound.hand_over();
        let sockets = bound.listeners.iter().flat_map(|one| &one.sockets);
        // In this process the numbers are taken, so copies are handed over.
        let items = over.variable.split(',').zip(sockets).zip(&over.descriptors).map(|((item, socket), number)| {
            let copy = std::os::fd::IntoRawFd::into_raw_fd(socket.try_clone().unwrap());
            format!("{copy}{}", item.strip_prefix(&number.to_string()).unwrap())
        });
        Inherited::handed_over(&items.collect::<Vec<_>>().join(","))
    }

    /// A unix socket in a folder of its own, which is removed in the end.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("rr-bound-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder.join("socket"))
        }

        fn endpoint(&self) -> [Endpoint; 1] {
            [Address::Unix(self.0.clone()).into()]
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
        }
    }

    #[test]
    fn a_unix_socket_is_shared_by_reactors_and_removed_in_the_end() {
        let place = Place::new("end");
        let bound = Bound::new(&place.endpoint(), 3).unwrap();
        assert!(UnixStream::connect(&place.0).is_err(), "not open yet");
        let reactors = bound.listen().unwrap();
        assert!(reactors.iter().all(|listeners| listeners.len() == 1 && listeners[0].unix));
        UnixStream::connect(&place.0).unwrap();
        drop(bound);
        assert!(!place.0.exists());
    }

    #[test]
    fn the_last_generation_removes_a_unix_socket() {
        let place = Place::new("generations");
        let first = Bound::new(&place.endpoint(), 2).unwrap();
        first.open().unwrap();
        let failed = Bound::adopt(&place.endpoint(), 2, inherited(&first)).unwrap();
        drop(failed);
        let mut second = Bound::adopt(&place.endpoint(), 2, inherited(&first)).unwrap();
        second.take_over();
        first.leave();
        let waiting = UnixStream::connect(&place.0).unwrap();
        let third = Bound::adopt(&place.endpoint(), 1, inherited(&second)).unwrap();
        second.leave();
        assert!(place.0.exists());
        let mut third = third;
        third.take_over();
        assert!(socket2::SockRef::from(&third.listen().unwrap()[0][0].socket).accept().is_ok());
        drop((third, waiting));
        assert!(!place.0.exists());
    }

    #[test]
    fn a_unix_socket_that_others_hold_is_left_to_them() {
        let place = Place::new("others");
        let parent = Bound::new(&place.endpoint(), 1).unwrap();
        let mut passed = inherited(&parent);
        passed.hold_by_parent();
        let mut bound = Bound::adopt(&place.endpoint(), 1, passed).unwrap();
        bound.take_over();
        drop(bound);
        assert!(place.0.exists());
    }

    #[test]
    fn both_protocols_have_the_same_port() {
        let v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        for reactors in [1, 2] {
            let bound = Bound::new(&[v4.into()], reactors).unwrap();
            let port = first(&bound).port();
            let v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
            let other = Bound::new(&[v6.into()], reactors).unwrap();
            bound.open().unwrap();
            other.open().unwrap();
            let waits = |bound: &Bound| {
                let reactors = bound.listen().unwrap();
                reactors.iter().flatten().filter(|one| socket2::SockRef::from(&one.socket).accept().is_ok()).count()
            };
            let _v4 = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            assert_eq!((waits(&bound), waits(&other)), (1, 0));
            let _v6 = std::net::TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap();
            assert_eq!((waits(&bound), waits(&other)), (0, 1));
        }
    }

    #[test]
    fn sockets_are_handed_over_with_what_waits_in_them() {
        for (before, after) in [(1, 1), (3, 3), (3, 2), (1, 3), (2, 3)] {
            let old = Bound::new(&any(), before).unwrap();
            old.open().unwrap();
            let clients: Vec<_> = (0..32).map(|_| std::net::TcpStream::connect(first(&old)).unwrap()).collect();
            let new = Bound::adopt(&any(), after, inherited(&old)).unwrap();
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
        let old = Bound::new(&any(), 2).unwrap();
        let address = first(&old);
        old.open().unwrap();
        let new = Bound::adopt(&["127.0.0.2:0".parse::<Address>().unwrap().into()], 2, inherited(&old)).unwrap();
        drop(old);
        assert!(std::net::TcpStream::connect(address).is_err());
        new.open().unwrap();
        assert!(std::net::TcpStream::connect(first(&new)).is_ok());
    }
}
