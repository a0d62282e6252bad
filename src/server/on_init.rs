//! `server.on_init`: a command that runs once, before any worker.

use std::{
    io::{self, BufRead, BufReader, PipeReader, Read},
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{ExitStatus, Stdio},
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
    accounts::{self, Account},
    program,
};

/// Longest line of output that is logged in one piece.
const LINE: u64 = 8 * 1024;
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
        Ok(Ending::Status(Ok(status))) => match status.signal() {
            Some(signal) => format!("was ended by signal {signal}"),
            None => format!("ended with exit code {}", status.code().unwrap_or_default()),
        },
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
    let (reader, writer) = io::pipe()?;
    let variables = on_init.env.iter().map(|(name, value)| (name.into(), value.into()));
    let mut command =
        program::command(&on_init.command, program::environment().into_iter().chain(variables).collect())?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    // A group of its own, so that what it has started ends with it.
    command.process_group(0);
    if let Some(user) = &on_init.user {
        let Account { uid, gid, .. } = accounts::user("server.on_init.user", user).map_err(io::Error::other)?;
        command.uid(uid.as_raw()).gid(gid.as_raw());
    }
    let mut child = command.spawn()?;
    // It holds the pipe's other end, too.
    drop(command);
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
                    done.iter().for_each(|done| drop(done.try_send(Err(error.to_owned()))));
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

fn log(output: PipeReader) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while (&mut output).take(LINE).read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() {
            info!(source = "on_init", "{text}");
        }
        line.clear();
    }
}
