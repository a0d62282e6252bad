//! `server.on_init`: a command that runs once, before any worker.

use std::{
    io::{self, PipeReader, Read},
    process::ExitStatus,
    thread::Builder,
    time::Duration,
};

use crossbeam_channel::{Receiver, after, bounded, select};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tracing::{info, warn};

use super::{Command, Error, OnInit, Which};
use crate::{
    program,
    side::{self, Lines, Program},
};

/// How long the last lines may take to be logged after the command has ended.
const LAST_LINES: Duration = Duration::from_millis(500);

/// How the command ended.
enum Ending {
    Status(io::Result<ExitStatus>),
    Timeout,
    Told,
}

/// Runs the command and waits for it. Returns false if the server was told to end meanwhile.
///
/// # Errors
///
/// When the command fails and `exit_on_error` is set.
pub(super) fn run(on_init: &OnInit, commands: &Receiver<Command>) -> Result<bool, Error> {
    let failure = match execute(on_init, commands) {
        Ok(Ending::Told) => return Ok(false),
        Ok(Ending::Status(Ok(status))) if status.success() => {
            info!("Initial command has ended well");
            return Ok(true);
        }
        Ok(Ending::Status(Ok(status))) => side::ending(status),
        Ok(Ending::Timeout) => {
            format!("ran longer than exec_timeout ({:?}) and was ended", on_init.exec_timeout)
        }
        Ok(Ending::Status(Err(error))) | Err(error) => format!("cannot be run: {error}"),
    };
    let failure = format!("server.on_init.command \"{}\" {failure}", on_init.command.join(" "));
    if on_init.exit_on_error {
        return Err(Error::OnInit(failure));
    }
    warn!("Going on although {failure}");
    Ok(true)
}

fn execute(on_init: &OnInit, commands: &Receiver<Command>) -> io::Result<Ending> {
    let OnInit { command, env, user, .. } = on_init;
    let user = user.as_deref().map(|user| ("server.on_init.user", user));
    let (mut child, reader) = Program { command, env, user }.start(&program::environment())?;
    let group = Pid::from_raw(child.id().cast_signed());
    let (read, lines_end) = bounded::<()>(0);
    Builder::new().name("rr-on-init-log".to_owned()).spawn(move || {
        let _read = read;
        log(reader);
    })?;
    let (ended, status) = bounded(1);
    Builder::new().name("rr-on-init".to_owned()).spawn(move || {
        let _ = ended.send(child.wait());
    })?;
    let timeout = after(on_init.exec_timeout);
    let ending = loop {
        select! {
            recv(status) -> status => {
                return Ok(finish(status.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())), &lines_end));
            }
            recv(commands) -> command => match command {
                Ok(Command::Restart) => warn!("Restart is not possible before the initial command has ended"),
                Ok(Command::Reload(Which { done, .. })) => {
                    let error = "nothing can be reloaded before the initial command has ended";
                    warn!("{error}");
                    if let Some(done) = &done { let _ = done.try_send(Err(error.to_owned())); }
                }
                Ok(Command::Add { .. } | Command::Remove { .. }) => {}
                Ok(Command::Shutdown) | Err(_) => break Ending::Told,
            },
            recv(timeout) -> _ => break Ending::Timeout,
        }
    };
    // It has not been waited for, so the number is still its own.
    let _ = killpg(group, Signal::SIGKILL);
    let _ = status.recv();
    finish(Ok(ExitStatus::default()), &lines_end);
    Ok(ending)
}

/// Lets the last lines come to the log. What the command has left running may hold the pipe open: that is not waited for.
fn finish(status: io::Result<ExitStatus>, lines_end: &Receiver<()>) -> Ending {
    let _ = lines_end.recv_timeout(LAST_LINES);
    Ending::Status(status)
}

fn log(mut output: PipeReader) {
    let say = |line: &str| info!(source = "on_init", "{line}");
    let (mut lines, mut buffer) = (Lines::default(), [0; 8 * 1024]);
    loop {
        match output.read(&mut buffer) {
            Ok(length) if length > 0 => lines.push(&buffer[..length], say),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => break,
        }
    }
    lines.end(say);
}
