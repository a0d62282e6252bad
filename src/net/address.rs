//! Where a server listens.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

use socket2::SockAddr;

/// What the name of a unix socket starts with where it is written.
const UNIX: &str = "unix:";

/// An address of a listening socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A TCP port, IPv4 or IPv6.
    Tcp(SocketAddr),
    /// A unix socket in the file system.
    Unix(PathBuf),
}

/// One listening socket that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Where it listens.
    pub address: Address,
}

/// The text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an address is <ip>:<port>, [<IPv6>]:<port> or unix:<path>")]
pub struct NoAddress;

// === impl Address ===

impl Address {
    /// Returns the TCP address, if it is one.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    /// Returns the path of a unix socket, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Tcp(_) => None,
            Self::Unix(path) => Some(path),
        }
    }

    /// Reads `unix:/path`, also written `unix:///path`; `None`: it is something else.
    pub fn unix(text: &str) -> Option<Self> {
        let path = text.strip_prefix(UNIX)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        (!path.is_empty()).then(|| Self::Unix(PathBuf::from(path)))
    }

    /// The address of a socket; `None` for one without a name.
    pub(super) fn of(address: &SockAddr) -> Option<Self> {
        let tcp = address.as_socket().map(Self::Tcp);
        tcp.or_else(|| address.as_pathname().map(|path| Self::Unix(path.to_owned())))
    }

    /// The form that the system takes.
    ///
    /// # Errors
    ///
    /// When the path is too long for it.
    pub(super) fn to_system(&self) -> std::io::Result<SockAddr> {
        match self {
            Self::Tcp(address) => Ok((*address).into()),
            Self::Unix(path) => SockAddr::unix(path),
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        Self::unix(text).or_else(|| text.parse().ok().map(Self::Tcp)).ok_or(NoAddress)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
            Self::Unix(path) => write!(formatter, "{UNIX}{}", path.display()),
        }
    }
}

// === impl Endpoint ===

impl<T: Into<Address>> From<T> for Endpoint {
    fn from(address: T) -> Self {
        Self { address: address.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_written() {
        for text in ["127.0.0.1:80", "[::1]:0", "unix:/run/a.sock", "unix:relative"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        assert_eq!("unix:///run/a".parse(), Ok(Address::Unix("/run/a".into())));
        for wrong in ["", "unix:", "unix://", "127.0.0.1", "a:80", "/run/a"] {
            assert_eq!(wrong.parse::<Address>(), Err(NoAddress), "{wrong}");
        }
    }
}
