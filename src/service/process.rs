//! One process of a service, and those that take its place.
//!
//! Driven from outside: [`Process::tick`] does what is due, [`Process::due`] says when something will be, and
//! [`Process::descriptors`] what is to be watched meanwhile.

use std::{
    io::{self, PipeReader, Read},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    process::{Child, ExitStatus},
    sync::Arc,
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use rustix::process::{PidfdFlags, pidfd_open};
use tracing::{error, info, warn};

use super::{Config, State, Status};
use crate::{
    program::Variables,
    side::{self, Lines, Program},
};

/// Longest pause before another try to start what cannot be started, unless `restart_sec` is longer.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);
/// How often a group is looked at whose first process has ended, and a process of whose end the system does not tell.
const LOOK: Duration = Duration::from_millis(50);
/// Reads in a row of the output of one process, so that others have their turn.
const READS: usize = 8;

/// One process of a service, and those that take its place.
#[derive(Debug)]
pub(super) struct Process {
    config: Arc<Config>,
    number: usize,
    /// The server's environment.
    environment: Arc<Variables>,
    phase: Phase,
    /// Times that it was started.
    starts: u64,
    /// Times in a row that it could not be.
    failures: u32,
    /// Why it could not be, the last time.
    failure: Option<String>,
    /// The server ends: nothing is started any more.
    ending: bool,
}

#[derive(Debug)]
enum Phase {
    /// It is started then.
    Waiting(Instant),
    Running(Run),
    Over,
}

/// One process, from its start until nothing is left of its group.
#[derive(Debug)]
struct Run {
    child: Child,
    /// The number of its group, which is that of the process. Nobody else gets it as long as one of them is there.
    group: Pid,
    /// Readable when the process has ended. `None`: the system has no such thing, or it was told.
    exit: Option<OwnedFd>,
    /// `None` once everybody who could write has ended.
    output: Option<PipeReader>,
    lines: Lines,
    /// When it has run for too long.
    timeout: Option<Instant>,
    /// When what is left of its group is killed: it was told to end.
    kill: Option<Instant>,
    killed: bool,
    /// How the process has ended; others of its group may not have. An error: somebody else has waited for it.
    ended: Option<io::Result<ExitStatus>>,
}

/// What a descriptor tells of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Watched {
    Exit,
    Output,
}

// === impl Process ===

impl Process {
    pub(super) fn new(config: &Arc<Config>, number: usize, environment: &Arc<Variables>, now: Instant) -> Self {
        let (config, environment) = (Arc::clone(config), Arc::clone(environment));
        Self {
            config,
            number,
            environment,
            phase: Phase::Waiting(now),
            starts: 0,
            failures: 0,
            failure: None,
            ending: false,
        }
    }

    pub(super) fn status(&self) -> Status {
        let (state, pid) = match &self.phase {
            Phase::Waiting(_) => (State::Waiting, None),
            Phase::Running(Run { kill: Some(_), child, .. }) => (State::Ending, Some(child.id())),
            Phase::Running(Run { child, .. }) => (State::Running, Some(child.id())),
            Phase::Over => (State::Ended, None),
        };
        let Config { name, command, .. } = &*self.config;
        let (service, command, restarts) = (name.clone(), command.clone(), self.starts.saturating_sub(1));
        Status { service, number: self.number, command, state, pid, restarts }
    }

    /// The settings of its service.
    pub(super) fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Why it could not be started, if it could not.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Kills it with all that it has started.
    pub(super) fn kill(self) {
        if let Phase::Running(mut run) = self.phase {
            run.signal(Signal::SIGKILL);
            // One that somebody else has waited for is gone, too.
            let _ = run.child.wait();
        }
    }

    /// Whether nothing happens to it any more.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// When [`Process::tick`] has something to do, whatever happens.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        match &self.phase {
            Phase::Waiting(until) => Some(*until),
            Phase::Running(run) => {
                let looked_at = run.exit.is_none().then(|| now + LOOK);
                let kill = run.kill.filter(|_| !run.killed);
                let timeout = run.timeout.filter(|_| run.kill.is_none());
                [looked_at, kill, timeout].into_iter().flatten().min()
            }
            Phase::Over => None,
        }
    }

    /// What is to be watched.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = (Watched, BorrowedFd<'_>)> {
        let run = if let Phase::Running(run) = &self.phase { Some(run) } else { None };
        let exit = run.and_then(|run| run.exit.as_ref()).map(|exit| (Watched::Exit, exit.as_fd()));
        let output = run.and_then(|run| run.output.as_ref()).map(|output| (Watched::Output, output.as_fd()));
        exit.into_iter().chain(output)
    }

    /// A descriptor has something to tell.
    pub(super) fn told(&mut self, watched: Watched) {
        let Phase::Running(run) = &mut self.phase else { return };
        match watched {
            Watched::Exit => run.look(),
            Watched::Output => run.read(&self.config),
        }
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Waiting(until) if *until <= now => self.start(now),
            Phase::Running(run) => {
                run.tick(&self.config, now);
                if run.is_over() {
                    self.finish(now);
                }
            }
            Phase::Waiting(_) | Phase::Over => {}
        }
    }

    /// Lets it end, until `deadline` at the latest, and starts no other.
    pub(super) fn end(&mut self, deadline: Instant, now: Instant) {
        self.ending = true;
        match &mut self.phase {
            Phase::Waiting(_) => self.phase = Phase::Over,
            Phase::Running(run) => run.end(deadline.min(now + self.config.stop_timeout)),
            Phase::Over => {}
        }
    }

    fn start(&mut self, now: Instant) {
        let Self { config, number, .. } = self;
        let (service, number) = (&*config.name, *number);
        match Run::start(config, &self.environment, now) {
            Ok(run) => {
                info!(service, number, pid = run.child.id(), "Service process started");
                self.starts += 1;
                (self.failures, self.failure) = (0, None);
                self.phase = Phase::Running(run);
            }
            Err(error) => {
                let longest = LONGEST_PAUSE.max(config.restart_pause);
                let pause = config.restart_pause.saturating_mul(1 << self.failures.min(16)).min(longest);
                self.failures += 1;
                self.failure = Some(error.to_string());
                let command = config.command.join(" ");
                let seconds = pause.as_secs_f32();
                error!(service, number, command, %error, again_in_seconds = seconds, "Service process cannot be started");
                self.phase = Phase::Waiting(now + pause);
            }
        }
    }

    /// The run is over.
    fn finish(&mut self, now: Instant) {
        let Phase::Running(mut run) = std::mem::replace(&mut self.phase, Phase::Over) else { return };
        run.read(&self.config);
        run.lines.end(|line| say(&self.config, line));
        let status = run.ended.and_then(Result::ok);
        let how = status.map_or_else(|| "somebody else has waited for it".to_owned(), side::ending);
        let (service, number, pid) = (&*self.config.name, self.number, run.child.id());
        if !self.ending && self.config.restart {
            let seconds = self.config.restart_pause.as_secs_f32();
            self.phase = Phase::Waiting(now + self.config.restart_pause);
            warn!(service, number, pid, how, again_in_seconds = seconds, "Service process has ended");
        } else if self.ending || status.is_some_and(|status| status.success()) {
            info!(service, number, pid, how, "Service process has ended");
        } else {
            warn!(service, number, pid, how, "Service process has ended, and is not started again");
        }
    }
}

/// Logs a line of a service's output.
fn say(config: &Config, line: &str) {
    let service = config.name_in_log.then_some(&*config.name);
    info!(source = "service", service, "{line}");
}

// === impl Run ===

impl Run {
    fn start(config: &Config, environment: &Variables, now: Instant) -> io::Result<Self> {
        let key = format!("service.{}.user", config.name);
        let user = config.user.as_deref().map(|user| (&*key, user));
        let (child, output) = Program { command: &config.command, env: &config.env, user }.start(environment)?;
        let group = Pid::from_raw(child.id().cast_signed());
        let exit = rustix::process::Pid::from_raw(group.as_raw());
        let exit = exit.and_then(|process| pidfd_open(process, PidfdFlags::empty()).ok());
        // Ours alone: the other end stays as programs expect it.
        let output = rustix::io::ioctl_fionbio(&output, true).is_ok().then_some(output);
        let timeout = config.exec_timeout.map(|timeout| now + timeout);
        let lines = Lines::default();
        Ok(Self { child, group, exit, output, lines, timeout, kill: None, killed: false, ended: None })
    }

    fn tick(&mut self, config: &Config, now: Instant) {
        if self.exit.is_none() {
            self.look();
        }
        let (service, pid) = (&*config.name, self.child.id());
        if self.ended.is_some() {
            if self.is_over() {
                return;
            }
            // What it has left behind ends with it.
            self.end(now + config.stop_timeout);
        } else if self.kill.is_none() && self.timeout.is_some_and(|timeout| timeout <= now) {
            warn!(service, pid, "Service process has run for as long as exec_timeout allows: it is told to end");
            self.end(now + config.stop_timeout);
        }
        if !self.killed && self.kill.is_some_and(|kill| kill <= now) {
            warn!(service, pid, "Service process does not end when it is told to: what is left of its group is killed");
            self.signal(Signal::SIGKILL);
            self.killed = true;
        }
    }

    /// Tells the whole group to end, and has it killed later.
    fn end(&mut self, kill: Instant) {
        match self.kill {
            None => self.signal(Signal::SIGTERM),
            Some(before) if before <= kill => return,
            Some(_) => {}
        }
        self.kill = Some(kill);
    }

    fn signal(&self, signal: Signal) {
        // One that has gone is no failure.
        let _ = killpg(self.group, signal);
    }

    /// Looks whether the process has ended.
    fn look(&mut self) {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().transpose();
        }
        if self.ended.is_some() {
            self.exit = None;
        }
    }

    /// Reads what there is of its output.
    fn read(&mut self, config: &Config) {
        let mut buffer = [0; 8 * 1024];
        for _ in 0..READS {
            let Some(output) = &mut self.output else { return };
            match output.read(&mut buffer) {
                Ok(length) if length > 0 => self.lines.push(&buffer[..length], |line| say(config, line)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                _ => self.output = None,
            }
        }
    }

    /// Whether the process has ended, and the others of its group with it. What was killed is not looked at once more. A
    /// process that has left the group may hold the pipe: that is not waited for.
    fn is_over(&self) -> bool {
        self.ended.is_some() && (self.killed || killpg(self.group, None) == Err(Errno::ESRCH))
    }
}
