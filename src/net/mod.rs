//! Sockets and the threads that drive them.
//!
//! This room owns listeners and reactors; protocols are handed in as a function that serves one connection. A reactor
//! never blocks and never calls PHP.

mod inherited;
mod listener;
mod proxy;
mod reactor;

use std::net::SocketAddr;

pub use inherited::{FromManager, Inherited};
pub use listener::{BindError, Bound, HandOver, reactors};
pub use reactor::{Drain, Pass, Reactors};

/// The two ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// The client's end.
    pub remote: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
}
