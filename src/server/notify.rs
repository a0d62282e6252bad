//! What a server tells those who started it: the service manager, its parent process, or the generation before it.
//!
//! All are told in the words of `sd_notify(3)`, line by line.

use std::{
    ffi::{OsStr, OsString},
    fmt::Write as _,
    io::{Read as _, Write as _},
    os::{
        fd::AsRawFd,
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram, UnixStream},
        },
    },
    time::Duration,
};

use tracing::{debug, warn};

use crate::process;

/// What the parent of `rr serve` says to a process before it tells it to end because another one serves.
pub(crate) const SUPERSEDED: &[u8] = b"SUPERSEDED=1\n";

/// Tells how the server is. The default has nobody to tell.
#[derive(Debug, Default)]
pub struct Notifier {
    listener: Listener,
    /// Signs of life are waited for so long.
    watchdog: Option<Duration>,
    /// Another process serves until this one is ready.
    succeeds: bool,
}

/// Who is told.
#[derive(Debug, Default)]
enum Listener {
    #[default]
    Nobody,
    /// The service manager.
    Manager(Manager),
    /// The parent process of `rr serve`, to the end.
    Parent(UnixStream),
    /// The generation before this one, that it can go; it tells the service manager.
    Predecessor(UnixStream, Option<Manager>),
}

#[derive(Debug)]
struct Manager {
    socket: UnixDatagram,
    address: SocketAddr,
}

/// Who started this process, if it waits for word at a descriptor.
#[derive(Debug)]
pub(crate) enum Starter {
    /// The parent process of `rr serve`, and whether another process of it serves.
    Parent(UnixStream, bool),
    /// The generation before this one.
    Predecessor(UnixStream),
}

// === impl Notifier ===

impl Notifier {
    /// Finds out who is to be told. Takes the service manager's variables out of the environment: children of workers
    /// have nothing to tell it. For the time when there is one thread.
    pub(crate) fn find(starter: Option<Starter>) -> Self {
        let take = |name| process::take_variable(name);
        let socket = take("NOTIFY_SOCKET").and_then(|name| Manager::at(&name));
        let text = |value: Option<OsString>| value.and_then(|value| value.into_string().ok());
        let (patience, process) = (text(take("WATCHDOG_USEC")), text(take("WATCHDOG_PID")));
        let ours = process.is_none_or(|process| process.parse() == Ok(std::process::id()));
        let patience = patience.filter(|_| ours).and_then(|patience| patience.parse().ok());
        let succeeds = matches!(starter, Some(Starter::Parent(_, true) | Starter::Predecessor(_)));
        let listener = match starter {
            Some(Starter::Parent(stream, _)) => Listener::Parent(stream),
            Some(Starter::Predecessor(stream)) => Listener::Predecessor(stream, socket),
            None => socket.map_or(Listener::Nobody, Listener::Manager),
        };
        if let Listener::Parent(stream) | Listener::Predecessor(stream, _) = &listener {
            // Nobody who does not listen holds the server up.
            let _ = stream.set_nonblocking(true);
        }
        let watchdog = patience.filter(|patience| *patience > 0).map(Duration::from_micros);
        Self { listener, watchdog, succeeds }
    }

    /// How long signs of life are waited for, if they are.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// Whether another process serves until this one is ready.
    pub(super) fn succeeds(&self) -> bool {
        self.succeeds
    }

    /// Whether this process has a parent of `rr serve` above it.
    pub(super) fn has_parent(&self) -> bool {
        matches!(self.listener, Listener::Parent(_))
    }

    /// Asks the parent of `rr serve` to change the generation. Returns false if there is none.
    pub(super) fn ask_parent(&self) -> bool {
        let parent = self.has_parent();
        if parent {
            process::send(std::os::unix::process::parent_id(), libc::SIGUSR2);
        }
        parent
    }

    /// Whether the parent of `rr serve` has another process that serves in the place of this one.
    pub(super) fn is_superseded(&self) -> bool {
        let Listener::Parent(stream) = &self.listener else { return false };
        (&*stream).read(&mut [0; SUPERSEDED.len()]).is_ok_and(|length| length == SUPERSEDED.len())
    }

    /// Requests are served from now on.
    pub(super) fn ready(&mut self, status: &str) {
        if let Listener::Predecessor(stream, manager) = &mut self.listener {
            let _ = stream.write_all(b"READY=1\n");
            // It tells the service manager that this is the main process now, which must be known before more is said.
            self.listener = manager.take().map_or(Listener::Nobody, Listener::Manager);
            return;
        }
        self.tell(&format!("READY=1\nSTATUS={status}\n"));
    }

    /// What the server does, as text for humans.
    pub(super) fn status(&self, status: &str) {
        if !matches!(self.listener, Listener::Predecessor(..)) {
            self.tell(&format!("STATUS={status}\n"));
        }
    }

    /// The next generation is being started.
    pub(super) fn reloading(&self, status: &str) {
        let now = process::monotonic().as_micros();
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={now}\nSTATUS={status}\n"));
    }

    /// The process `successor` serves from now on. Nothing more is told: it does.
    pub(super) fn succeeded_by(&mut self, successor: u32, status: &str) {
        self.tell(&format!("MAINPID={successor}\nREADY=1\nSTATUS={status}\n"));
        self.listener = Listener::Nobody;
    }

    /// The server is about to end.
    pub(super) fn stopping(&self, status: &str) {
        self.tell(&format!("STOPPING=1\nSTATUS={status}\n"));
    }

    /// The server lives.
    pub(super) fn alive(&self) {
        self.tell("WATCHDOG=1\n");
    }

    fn tell(&self, lines: &str) {
        let told = match &self.listener {
            Listener::Nobody => Ok(()),
            Listener::Manager(manager) => manager.tell(lines),
            Listener::Parent(stream) | Listener::Predecessor(stream, _) => (&*stream).write_all(lines.as_bytes()),
        };
        if let Err(error) = told {
            debug!(%error, lines, "Word about this server is not heard");
        }
    }
}

// === impl Manager ===

impl Manager {
    /// The socket that `NOTIFY_SOCKET` names: a path, or `@` and an abstract name.
    fn at(name: &OsStr) -> Option<Self> {
        let address = match name.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
            [b'/', ..] => SocketAddr::from_pathname(name),
            _ => Err(std::io::ErrorKind::Unsupported.into()),
        };
        let opened = address.and_then(|address| Ok(Self { socket: UnixDatagram::unbound()?, address }));
        opened
            .inspect_err(|error| warn!(%error, name = %name.display(), "The service manager cannot be told anything"))
            .ok()
    }

    fn tell(&self, lines: &str) -> std::io::Result<()> {
        self.socket.send_to_addr(lines.as_bytes(), &self.address).map(drop)
    }
}

/// The service manager as the parent process of `rr serve` knows it: told what the server's process says.
#[derive(Debug, Default)]
pub(crate) struct Relay(Option<Manager>);

// === impl Relay ===

impl Relay {
    /// Takes the service manager's socket out of the environment, which is the server's process'.
    pub(crate) fn find() -> Self {
        Self(process::take_variable("NOTIFY_SOCKET").and_then(|name| Manager::at(&name)))
    }

    /// Passes lines on. This process stays the main one, whatever started it.
    pub(crate) fn pass_on(&self, lines: &[&str]) {
        let Some(manager) = &self.0 else { return };
        let mut text = String::new();
        for line in lines {
            let _ = writeln!(text, "{line}");
            if *line == "READY=1" {
                let _ = writeln!(text, "MAINPID={}", std::process::id());
            }
        }
        if let Err(error) = manager.tell(&text) {
            debug!(%error, text, "The service manager does not listen");
        }
    }
}

// === impl Starter ===

impl Starter {
    /// Variable with the descriptor at which the parent process of `rr serve` listens.
    pub(crate) const PARENT: &str = "RR_PARENT";
    /// Variable with the descriptor at which the generation before this one listens.
    pub(crate) const PREDECESSOR: &str = "RR_PREDECESSOR";

    /// Variable that is set if the parent process has another one that serves.
    pub(crate) const SUCCEEDS: &str = "RR_SUCCEEDS";

    /// Takes the descriptor out of the environment.
    pub(crate) fn find() -> Option<Self> {
        let succeeds = process::take_variable(Self::SUCCEEDS).is_some();
        let stream = |name| {
            let number = process::take_variable(name)?.to_str()?.parse().ok()?;
            process::take(number).map(UnixStream::from)
        };
        stream(Self::PARENT)
            .map(|stream| Self::Parent(stream, succeeds))
            .or_else(|| stream(Self::PREDECESSOR).map(Self::Predecessor))
    }

    /// A new channel: our end, the end of the process to be started, and the value of its variable.
    pub(crate) fn channel() -> std::io::Result<(UnixStream, UnixStream, String)> {
        let (ours, theirs) = UnixStream::pair()?;
        let value = theirs.as_raw_fd().to_string();
        Ok((ours, theirs, value))
    }
}
