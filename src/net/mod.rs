//! Sockets and the threads that drive them.
//!
//! This room owns listeners and reactors; protocols are handed in as a function that serves one connection. A reactor
//! never blocks and never calls PHP.

mod accept;
mod address;
mod census;
mod descriptors;
mod front;
#[cfg(fuzzing)]
pub mod fuzz;
mod inherited;
mod listener;
mod notice;
mod proxy;
mod reactor;
mod socket;
mod tasks;
mod unix;

use std::{fmt, net::SocketAddr};

pub use accept::{Accepted, Listener};
pub use address::{Access, Address, Endpoint, NoAddress, Terms};
pub use census::{Limits, network};
pub use descriptors::Descriptors;
pub use front::{Crowd, Front};
pub use inherited::{FromManager, Inherited};
pub use listener::{BindError, Bound, HandOver, reactors};
pub use reactor::{Drain, Pass, Reactors, Wheel};
pub use socket::{Socket, Stream};

/// The two ends of a connection; none of them has an address where it comes over a unix socket.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The client's end.
    pub remote: Option<SocketAddr>,
    /// Our end.
    pub local: Option<SocketAddr>,
}

impl fmt::Display for Peer {
    /// The client's end.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.remote {
            Some(remote) => remote.fmt(formatter),
            None => formatter.write_str("unix:"),
        }
    }
}
