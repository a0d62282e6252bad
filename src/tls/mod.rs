//! TLS: certificates and keys from files, handshakes, certificates of clients, and their exchange while connections are
//! served.
//!
//! This room makes an encrypted connection of a socket. It knows no protocol that is spoken on top of it, but for the
//! names that its caller offers.

mod acceptor;
mod certificate;
mod clients;
mod config;
mod load;
mod name;
mod resolver;
mod session;
mod source;
mod stream;
#[cfg(test)]
mod tests;
mod watch;

pub use acceptor::{Acceptor, NO_ROOM, Rejected};
pub use certificate::{Certificate, NoCertificate};
pub use config::{ClientAuth, Config, Pair};
pub use load::{Error, Reason};
pub use session::{Client, Session};
pub use stream::Stream;
pub use watch::Watch;
