//! This process as it was started, and another one like it: the next generation.

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::{self, Read},
    net::Shutdown,
    os::{
        fd::AsRawFd,
        unix::{ffi::OsStringExt, fs::MetadataExt, net::UnixStream, process::CommandExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, bounded};

use super::notify::Starter;
use crate::{
    net::{HandOver, Inherited},
    process,
    program::{self, Variables},
};

/// How long a process that has closed its channel may take to say why, and to end.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long a successor that failed may take to end before it is killed.
const END: Duration = Duration::from_secs(2);
/// What the kernel adds to the path of a program that was replaced on disk.
const REPLACED: &str = " (deleted)";
/// Variables that are meant for this very process.
const OWN: [&str; 7] = [
    "LISTEN_PID",
    "LISTEN_FDS",
    "LISTEN_FDNAMES",
    "WATCHDOG_PID",
    Inherited::VARIABLE,
    Starter::PARENT,
    Starter::PREDECESSOR,
];

/// How this process was started.
#[derive(Clone, Debug)]
pub struct Original {
    command_line: Vec<OsString>,
    /// As it was then: what a script has added since, such as the values of a `.env` file, must not win over new ones.
    environment: Variables,
    /// The working directory by the name that the starter knew: a symbolic link in it may point elsewhere by now.
    directory: Option<PathBuf>,
}

/// A process that was started to take over.
#[derive(Debug)]
pub(super) struct Successor {
    pub(super) process: u32,
    /// Yields once whether it is ready, or why it will never be.
    pub(super) outcome: Receiver<Result<(), String>>,
    /// Where it is heard. Closed, nobody waits for it any more.
    channel: UnixStream,
}

// === impl Original ===

impl Original {
    /// Finds out how this process was started.
    ///
    /// # Errors
    ///
    /// Why that cannot be told any more.
    pub fn find() -> Result<Self, String> {
        let read = |name| fs::read(name).map_err(|error| format!("{name} cannot be read: {error}"));
        let mut command_line = split(&read("/proc/self/cmdline")?);
        // The last one ends in a zero byte, too.
        command_line.pop();
        if command_line.get(1).is_none_or(|word| word.is_empty()) {
            return Err("the script has changed the title of the process, and with it its command line".to_owned());
        }
        let environment = split(&read("/proc/self/environ")?).into_iter().filter_map(|item| pair(item.into_vec()));
        let environment: Variables = environment.filter(|(name, _)| !OWN.iter().any(|own| name == own)).collect();
        let directory = environment.get(OsStr::new("PWD")).map(PathBuf::from);
        let directory = directory.filter(|path| path.is_absolute() && is_here(path));
        Ok(Self { command_line, environment, directory })
    }

    /// Starts such a process again, with the sockets of this one. It has the time of `patience` to become ready.
    pub(super) fn succeed(&self, over: HandOver, patience: Duration) -> io::Result<Successor> {
        let (ours, theirs, channel) = Starter::channel()?;
        let mut command = Command::new(own_program()?);
        command.arg0(&self.command_line[0]).args(&self.command_line[1..]);
        let mut environment = self.environment.clone();
        environment.insert(Inherited::VARIABLE.into(), over.variable.into());
        environment.insert(Starter::PREDECESSOR.into(), channel.into());
        program::set_environment(&mut command, environment)?;
        if let Some(directory) = self.directory.as_ref().filter(|path| path.is_dir()) {
            command.current_dir(directory);
        }
        let mut descriptors = over.descriptors;
        descriptors.push(theirs.as_raw_fd());
        process::pass_on(&mut command, descriptors, false);
        let channel = ours.try_clone()?;
        let child = command.spawn()?;
        let process = child.id();
        let (done, outcome) = bounded(1);
        thread::Builder::new().name("rr-successor".to_owned()).spawn(move || {
            let _ = done.send(attend(child, ours, patience));
        })?;
        Ok(Successor { process, outcome, channel })
    }
}

// === impl Successor ===

impl Successor {
    /// Lets the process end, which has no requests to finish.
    pub(super) fn abandon(&self) {
        let _ = self.channel.shutdown(Shutdown::Both);
    }

    /// Waits until the process is gone that was abandoned.
    pub(super) fn wait(self) {
        let _ = self.outcome.recv_timeout(END * 2);
    }
}

/// Waits until a successor is ready. One that fails to be is gone afterwards.
fn attend(mut child: Child, mut channel: UnixStream, patience: Duration) -> Result<(), String> {
    let deadline = Instant::now() + patience;
    let mut heard = Vec::new();
    let mut buffer = [0; 256];
    let reason = loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break Some(format!("it was not ready within {} seconds", patience.as_secs_f32()));
        }
        let _ = channel.set_read_timeout(Some(left));
        match channel.read(&mut buffer) {
            Ok(0) => break None,
            Ok(length) => heard.extend_from_slice(&buffer[..length]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => continue,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break None,
        }
        if heard.windows(7).any(|window| window == b"READY=1") {
            return Ok(());
        }
    };
    // One that ends by itself may still be about to say why.
    let last_words = Instant::now() + LAST_WORDS;
    while reason.is_none() && matches!(child.try_wait(), Ok(None)) && Instant::now() < last_words {
        thread::sleep(Duration::from_millis(10));
    }
    process::send(child.id(), libc::SIGTERM);
    let end = Instant::now() + END;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status.to_string(),
            Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(10)),
            Ok(None) => {
                let _ = child.kill();
                break child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
            }
            // PHP code that waits for any child may have been faster.
            Err(error) => break error.to_string(),
        }
    };
    Err(reason.unwrap_or_else(|| format!("it ended before it was ready: {status}")))
}

/// The program to run: what is at the path of this process' program now, be it replaced; else the program itself.
fn own_program() -> io::Result<PathBuf> {
    let own = Path::new("/proc/self/exe");
    let path = fs::read_link(own)?;
    let now = path.to_str().and_then(|path| path.strip_suffix(REPLACED)).map(PathBuf::from).unwrap_or(path);
    Ok(if now.is_file() { now } else { own.to_owned() })
}

fn split(bytes: &[u8]) -> Vec<OsString> {
    bytes.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec())).collect()
}

/// `name=value`
fn pair(mut item: Vec<u8>) -> Option<(OsString, OsString)> {
    let at = item.iter().position(|byte| *byte == b'=').filter(|at| *at > 0)?;
    let value = item.split_off(at + 1);
    item.pop();
    Some((OsString::from_vec(item), OsString::from_vec(value)))
}

/// Whether `path` is the working directory.
fn is_here(path: &Path) -> bool {
    let (Ok(path), Ok(here)) = (fs::metadata(path), fs::metadata(".")) else { return false };
    (path.dev(), path.ino()) == (here.dev(), here.ino())
}
