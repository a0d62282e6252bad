//! One process that serves, or is about to.

use std::{
    ffi::OsStr,
    io::{self, Read, Write},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd},
        unix::net::UnixStream,
    },
    process::ExitStatus,
    time::{Duration, Instant},
};

use super::Options;
use crate::{
    net::{HandOver, Inherited},
    process, program,
    server::{SUPERSEDED, Starter},
};

/// Longest line that a server's process may send.
const LINE: usize = 4096;

/// One process that serves, or is about to.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) process: u32,
    /// Where it says how it is.
    channel: UnixStream,
    /// It says nothing more.
    silent: bool,
    /// The beginning of its next line.
    line: Vec<u8>,
    started: Instant,
    /// When it began to serve.
    pub(super) ready: Option<Instant>,
    /// When it is killed.
    pub(super) end: Option<Instant>,
    /// It is to be told to reload once it is ready: before, it could not hear it.
    owed: bool,
}

// === impl Child ===

impl Child {
    /// Starts the server's process with the sockets that are handed over. `succeeds`: another one serves until it is ready.
    pub(super) fn start(options: &Options, over: HandOver, succeeds: bool) -> io::Result<Self> {
        let (channel, theirs, value) = Starter::channel()?;
        let mut environment = program::environment();
        // Meant for this process; what it asks for, the server's process does.
        environment.remove(OsStr::new("WATCHDOG_PID"));
        environment.extend(options.env.iter().cloned());
        environment.insert(Inherited::VARIABLE.into(), over.variable.into());
        environment.insert(Starter::PARENT.into(), value.into());
        if succeeds {
            environment.insert(Starter::SUCCEEDS.into(), "1".into());
        }
        let mut command = program::command(&options.command, environment)?;
        let mut descriptors = over.descriptors;
        descriptors.push(theirs.as_raw_fd());
        process::pass_on(&mut command, descriptors, true);
        // Waited for with every other child, by its number.
        let process = command.spawn()?.id();
        channel.set_nonblocking(true)?;
        Ok(Self {
            process,
            channel,
            silent: false,
            line: Vec::new(),
            started: Instant::now(),
            ready: None,
            end: None,
            owed: false,
        })
    }

    pub(super) fn send(&self, signal: i32) {
        process::send(self.process, signal);
    }

    /// Tells it to reload, as soon as it is ready.
    pub(super) fn reload(&mut self) {
        self.owed = true;
        self.pay();
    }

    /// Tells it what it could not be told before.
    pub(super) fn pay(&mut self) {
        if self.ready.is_some() && std::mem::take(&mut self.owed) {
            self.send(libc::SIGHUP);
        }
    }

    /// Tells it to end within `grace`.
    pub(super) fn stop(&mut self, signal: i32, grace: Duration) {
        self.send(signal);
        self.end.get_or_insert(Instant::now() + grace);
    }

    /// Tells it to end within `grace`, because another one serves.
    pub(super) fn supersede(&mut self, grace: Duration) {
        let _ = self.channel.write_all(SUPERSEDED);
        self.stop(libc::SIGTERM, grace);
    }

    /// Where it can be heard, unless it is silent.
    pub(super) fn channel(&self) -> Option<BorrowedFd<'_>> {
        (!self.silent).then(|| self.channel.as_fd())
    }

    /// Reads what it has said, whole lines.
    pub(super) fn hear(&mut self) -> Vec<String> {
        let mut buffer = [0; LINE];
        let mut lines = Vec::new();
        loop {
            match self.channel.read(&mut buffer) {
                Ok(length) if length > 0 => self.line.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                _ => {
                    self.silent = true;
                    break;
                }
            }
            while let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
                lines.push(String::from_utf8_lossy(&self.line[..end]).into_owned());
                self.line.drain(..=end);
            }
            self.silent |= self.line.len() > LINE;
            if self.silent {
                break;
            }
        }
        if self.ready.is_none() && lines.iter().any(|line| line == "READY=1") {
            self.ready = Some(Instant::now());
        }
        lines
    }

    /// How long it has been there.
    pub(super) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// How long it has served.
    pub(super) fn served(&self) -> Duration {
        self.ready.map_or(Duration::ZERO, |ready| ready.elapsed())
    }
}

/// The exit code by which a shell would tell such an end.
pub(super) fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let signal = status.signal().map(|signal| 128 + signal);
    status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
