//! Listening sockets: bound early, so that a taken address is an error before anything starts; open late, when the
//! workers are ready.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that the kernel holds until a reactor accepts them.
const BACKLOG: i32 = 1024;

/// Sockets bound to one or more addresses, one per address and reactor, which do not listen yet.
#[derive(Debug)]
pub struct Bound {
    /// By reactor.
    sockets: Vec<Vec<Socket>>,
    addresses: Vec<SocketAddr>,
}

/// An address cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {reason}")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// What the system says.
    #[source]
    pub reason: io::Error,
}

// === impl Bound ===

impl Bound {
    /// Binds every address once for each of `reactors` reactors; the kernel spreads connections over them.
    ///
    /// # Errors
    ///
    /// When an address is taken or not ours.
    pub fn new(addresses: &[SocketAddr], reactors: usize) -> Result<Self, BindError> {
        let mut bound = Self { sockets: (0..reactors).map(|_| Vec::new()).collect(), addresses: Vec::new() };
        for &address in addresses {
            let error = |reason| BindError { address, reason };
            // A port shared by `SO_REUSEPORT` would be shared with another server of the same user, too, in silence.
            // A socket without the option finds such a neighbour.
            let probe = socket(address, false).map_err(error)?;
            let mut address = probe.local_addr().map_err(error)?.as_socket().unwrap_or(address);
            drop(probe);
            for sockets in &mut bound.sockets {
                let socket = socket(address, reactors > 1).map_err(error)?;
                address = socket.local_addr().map_err(error)?.as_socket().unwrap_or(address);
                sockets.push(socket);
            }
            bound.addresses.push(address);
        }
        Ok(bound)
    }

    /// Returns the addresses, with the true port where 0 was asked for.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Returns how many reactors the sockets are for.
    pub fn reactors(&self) -> usize {
        self.sockets.len()
    }

    /// Opens the sockets for connections; by reactor.
    ///
    /// # Errors
    ///
    /// When another process was faster.
    pub fn listen(self) -> Result<Vec<Vec<TcpListener>>, BindError> {
        let open = |sockets: Vec<Socket>| {
            sockets
                .into_iter()
                .zip(&self.addresses)
                .map(|(socket, &address)| match socket.listen(BACKLOG) {
                    Ok(()) => Ok(TcpListener::from(socket)),
                    Err(reason) => Err(BindError { address, reason }),
                })
                .collect()
        };
        self.sockets.into_iter().map(open).collect()
    }
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
    use super::*;

    const ANY: [SocketAddr; 1] = [SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0)];

    #[test]
    fn port_zero_becomes_a_true_port_for_all_reactors() {
        let bound = Bound::new(&ANY, 3).unwrap();
        let address = bound.addresses()[0];
        assert_ne!(address.port(), 0);
        let listeners = bound.listen().unwrap();
        assert_eq!(listeners.len(), 3);
        for listener in listeners.iter().flatten() {
            assert_eq!(listener.local_addr().unwrap(), address);
        }
    }

    #[test]
    fn a_taken_address_is_an_error_even_if_its_owner_would_share() {
        for reactors in [1, 2] {
            let first = Bound::new(&ANY, 2).unwrap();
            let address = first.addresses()[0];
            let _open = first.listen().unwrap();
            let error = Bound::new(&[address], reactors).unwrap_err();
            assert!(error.to_string().starts_with(&format!("cannot listen on {address}: Address already in use")));
        }
    }

    #[test]
    fn nothing_is_open_before_listen() {
        let bound = Bound::new(&ANY, 1).unwrap();
        assert!(std::net::TcpStream::connect(bound.addresses()[0]).is_err());
    }
}
