//! Listening sockets that this process was started with.
//!
//! The service manager passes them by `LISTEN_FDS`; a generation of the server, or its parent process, by
//! [`Inherited::VARIABLE`]. Both leave no moment in which a port is closed.

use std::{io, os::fd::RawFd};

use socket2::{Domain, Socket, Type};
use tracing::warn;

use super::{Address, BindError};
use crate::process;

/// First descriptor that a service manager passes.
const FIRST: RawFd = 3;
/// Most descriptors that a service manager passes.
const MOST: RawFd = 4096;

/// Sockets that wait to be taken for their addresses.
#[derive(Debug, Default)]
pub struct Inherited {
    sockets: Vec<Passed>,
    /// What cannot be used, and why.
    problems: Vec<String>,
    /// The parent process of `rr serve` has them too, and no others.
    held_by_parent: bool,
}

#[derive(Debug)]
struct Passed {
    socket: Socket,
    /// What was asked for where it was bound: port 0 is still 0 here.
    wanted: Address,
    /// Name given by the service manager; `None`: from a generation or parent of this server.
    name: Option<String>,
    /// It is a unix socket whose file ends with the server.
    with_file: bool,
}

/// Variables by which a service manager passes sockets.
#[derive(Clone, Copy, Debug)]
pub struct FromManager<'a> {
    /// `LISTEN_PID`
    pub process: &'a str,
    /// `LISTEN_FDS`
    pub count: &'a str,
    /// `LISTEN_FDNAMES`
    pub names: &'a str,
}

// === impl Inherited ===

impl Inherited {
    /// Variable by which sockets are handed over: `<descriptor>=<address>`, separated by commas. `+` behind the
    /// descriptor says that the file of a unix socket goes with it.
    pub const VARIABLE: &str = "RR_LISTENERS";
    /// Says that the file of a unix socket ends with the server: nobody else has made it.
    pub(super) const WITH_FILE: &str = "+";

    /// Takes the sockets that [`Inherited::VARIABLE`] names.
    pub fn handed_over(text: &str) -> Self {
        let mut inherited = Self::default();
        for item in text.split(',').filter(|item| !item.is_empty()) {
            let taken = item.split_once('=').and_then(|(number, address)| {
                let alone = number.strip_suffix(Self::WITH_FILE);
                let (with_file, number) = (alone.is_some(), alone.unwrap_or(number));
                let wanted = address.parse().ok()?;
                Some(Passed { socket: process::take(number.parse().ok()?)?.into(), wanted, name: None, with_file })
            });
            match taken {
                Some(passed) if passed.socket.local_addr().is_ok() => inherited.sockets.push(passed),
                _ => inherited.problems.push(format!("{item} of {} is no socket", Self::VARIABLE)),
            }
        }
        inherited
    }

    /// Tells that the parent process of `rr serve` holds the sockets: it would keep one that is closed here, whose clients
    /// would wait for ever, and would not have one that is bound here.
    pub(crate) fn hold_by_parent(&mut self) {
        self.held_by_parent = true;
    }

    /// Whether an address may be bound that no inherited socket is for.
    ///
    /// # Errors
    ///
    /// When the parent process of `rr serve` would know nothing of it.
    pub(super) fn allows(&self, wanted: &Address) -> Result<(), BindError> {
        if self.held_by_parent { Err(changed(wanted)) } else { Ok(()) }
    }

    /// Takes the sockets that a service manager passes, if they are meant for this process.
    pub fn add_from_manager(&mut self, from: FromManager<'_>) {
        if from.process.parse() != Ok(std::process::id()) {
            return;
        }
        let count = from.count.parse().ok().filter(|count| (0..=MOST).contains(count));
        let Some(count) = count else {
            return self.problems.push(format!("LISTEN_FDS is \"{}\", which is no number of sockets", from.count));
        };
        let mut names = from.names.split(':');
        for number in FIRST..FIRST + count {
            let name = names.next().filter(|name| !name.is_empty()).unwrap_or("unknown").to_owned();
            let socket = process::take(number).map(Socket::from);
            match socket.as_ref().map(listens_at) {
                Some(Ok(wanted)) => {
                    self.sockets.extend(socket.map(|socket| Passed {
                        socket,
                        wanted,
                        name: Some(name),
                        with_file: false,
                    }));
                }
                Some(Err(error)) => self.problems.push(format!("descriptor {number} ({name}) is not used: {error}")),
                None => self.problems.push(format!("descriptor {number} ({name}) is not open")),
            }
        }
    }

    /// Takes the sockets for one address, of all that were bound to it together. Returns, too, whether their file is handed over with
    /// them by the generation before this one.
    pub(super) fn take(&mut self, wanted: &Address) -> (Vec<Socket>, bool) {
        let exact = |passed: &Passed| passed.wanted == *wanted;
        let all = |passed: &Passed| is_unspecified_pair(passed, wanted);
        let found: &dyn Fn(&Passed) -> bool = if self.sockets.iter().any(exact) { &exact } else { &all };
        // Port 0 may be wanted more than once, each time another one.
        let bound = |passed: &Passed| passed.socket.local_addr().ok();
        let Some(first) = self.sockets.iter().find(|passed| found(passed)).map(bound) else {
            return (Vec::new(), false);
        };
        let mut with_file = false;
        let taken = self.sockets.extract_if(.., |passed| found(passed) && bound(passed) == first).map(|passed| {
            with_file |= passed.with_file;
            passed.socket
        });
        (taken.collect(), with_file && !self.held_by_parent)
    }

    /// Ends the taking: what is left over is closed. A socket of the service manager's would stay open there, and its
    /// clients wait for ever.
    ///
    /// # Errors
    ///
    /// For a socket of the service manager's, or of the parent process of `rr serve`, that is for no address of the server.
    pub(super) fn finish(self) -> Result<(), BindError> {
        for problem in self.problems {
            warn!("Inherited socket is no use: {problem}");
        }
        for passed in self.sockets {
            if self.held_by_parent {
                return Err(changed(&passed.wanted));
            }
            let Some(name) = passed.name else {
                warn!(address = %passed.wanted, "Inherited socket is closed: its address is configured no more");
                continue;
            };
            let reason = io::Error::other(format!(
                "the service manager passes a socket ({name}) for an address that is not configured"
            ));
            return Err(BindError { address: passed.wanted, reason });
        }
        Ok(())
    }
}

fn changed(address: &Address) -> BindError {
    let reason = "the addresses are not those with which rr serve was started, which holds their sockets: stop it and \
                  start it again";
    BindError { address: address.clone(), reason: io::Error::other(reason) }
}

/// Where a socket takes connections.
fn listens_at(socket: &Socket) -> io::Result<Address> {
    let address = Address::of(&socket.local_addr()?);
    let address = address.ok_or_else(|| io::Error::other("it is neither for TCP nor a unix socket with a path"))?;
    if socket.r#type()? != Type::STREAM {
        return Err(io::Error::other("it takes no connections"));
    }
    if !socket.is_listener()? {
        return Err(io::Error::other("it does not listen"));
    }
    Ok(address)
}

/// Whether a socket for all IPv6 addresses takes connections to all IPv4 ones, which are wanted: that is how a service
/// manager binds a bare port.
fn is_unspecified_pair(passed: &Passed, wanted: &Address) -> bool {
    let (Address::Tcp(is), Address::Tcp(wants)) = (&passed.wanted, wanted) else { return false };
    is.is_ipv6()
        && is.ip().is_unspecified()
        && is.port() == wants.port()
        && wants.is_ipv4()
        && wants.ip().is_unspecified()
        && passed.name.is_some()
        && passed.socket.domain().is_ok_and(|domain| domain == Domain::IPV6)
        && passed.socket.only_v6().is_ok_and(|only| !only)
}
