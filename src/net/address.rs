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
    /// Who may connect, if it is a unix socket that is made by this process.
    pub access: Access,
    /// What its connections begin with, and how those end that are not taken.
    pub terms: Terms,
}

/// Who may connect to a unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Permissions of its file.
    pub mode: u32,
    /// Name or number of its owner; `None`: who makes it.
    pub user: Option<String>,
    /// Name or number of its group; `None`: that of who makes it.
    pub group: Option<String>,
}

/// What connections begin with, and how those end that are not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// Each begins with a header of the PROXY protocol.
    pub proxy_protocol: bool,
    /// What a client is told for which there is no room.
    pub refusal: &'static [u8],
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
        // Addresses are handed to other processes in a list with commas.
        (!path.is_empty() && !path.contains(',')).then(|| Self::Unix(PathBuf::from(path)))
    }

    /// The address of a socket; `None` for one without a name.
    pub(super) fn of(address: &SockAddr) -> Option<Self> {
        let tcp = address.as_socket().map(Self::Tcp);
        tcp.or_else(|| address.as_pathname().map(|path| Self::Unix(path.to_owned())))
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
        Self { address: address.into(), access: Access::default(), terms: Terms::default() }
    }
}

// === impl Access ===

impl Default for Access {
    /// The process' own user and group.
    fn default() -> Self {
        Self { mode: 0o660, user: None, group: None }
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
        for wrong in ["", "unix:/a,b", "unix:", "unix://", "127.0.0.1", "a:80", "/run/a"] {
            assert_eq!(wrong.parse::<Address>(), Err(NoAddress), "{wrong}");
        }
    }
}
