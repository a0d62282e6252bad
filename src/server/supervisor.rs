//! The eyes and ears of the main thread: what workers, commanders and successors have to say, one thing at a time.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, after, never, select};
use tracing::{debug, error, info, warn};

use super::{Command, Error, Outcome, heartbeat::Heartbeat, notify::Notifier};
use crate::{
    http,
    pool::{Event, Pool},
    tls::Watch,
};

/// Failures in a row, of every worker, after which a start is given up.
const BOOT_FAILURES: u32 = 5;
/// How long after the grace period the last workers and clients are given up.
pub(super) const INTERRUPT: Duration = Duration::from_secs(1);
/// How long of that workers that only wait, or have just answered, may take to leave by themselves.
const LEAVE: Duration = Duration::from_millis(250);

/// The HTTP pool and the ears of its supervisor.
pub(super) struct Supervisor {
    pub(super) pool: Pool<http::Request, http::Answer>,
    pub(super) events: Receiver<Event>,
    /// Never yields anything once its other end is gone.
    pub(super) commands: Receiver<Command>,
    /// The end was asked for; what else is told does not matter any more.
    pub(super) ending: bool,
    /// What becomes of a successor, while one is being started.
    pub(super) successor: Receiver<Result<(), String>>,
    pub(super) heartbeat: Heartbeat,
    /// Looks after the certificates, if there are any.
    watch: Option<Watch>,
}

/// What a supervisor has heard.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Woken {
    /// It is told to end.
    Shutdown,
    /// It is told to change the generation.
    Restart,
    /// The successor is ready, or why it will never be.
    Successor(Result<(), String>),
    /// A sign of life is due.
    Beat,
    /// A worker has reached its first wait.
    Ready,
    /// No worker can be booted.
    BootFailed,
    /// What was waited for has happened.
    Done,
    /// The time is over.
    Deadline,
}

// === impl Supervisor ===

impl Supervisor {
    pub(super) fn new(
        pool: Pool<http::Request, http::Answer>,
        events: Receiver<Event>,
        commands: Receiver<Command>,
        heartbeat: Heartbeat,
        watch: Option<Watch>,
    ) -> Self {
        Self { pool, events, commands, ending: false, successor: never(), heartbeat, watch }
    }

    /// Waits for the first worker that can serve. Returns whether the generation is to be changed once it does; `None`
    /// when told to end before.
    pub(super) fn boot(&mut self, patience: Duration) -> Result<Option<bool>, Error> {
        let deadline = Instant::now() + patience;
        let mut restart = false;
        loop {
            match self.next(&never(), Some(deadline)) {
                Woken::Ready => return Ok(Some(restart)),
                Woken::Shutdown => return Ok(None),
                Woken::Deadline => return Err(Error::BootTimeout(patience.as_secs())),
                Woken::BootFailed => return Err(Error::Boot),
                Woken::Restart => {
                    info!("The generation changes once this one serves");
                    restart = true;
                }
                Woken::Done | Woken::Successor(_) | Woken::Beat => {}
            }
        }
    }

    /// Looks after the workers until told to end or to change the generation, or until a successor has something to say.
    pub(super) fn watch(&mut self, notifier: &Notifier) -> Woken {
        let mut complained = false;
        loop {
            match self.next(&never(), None) {
                woken @ (Woken::Shutdown | Woken::Restart | Woken::Successor(_)) => return woken,
                Woken::BootFailed if !complained => {
                    error!("No worker can be booted; trying on");
                    complained = true;
                }
                Woken::Ready => complained = false,
                Woken::Beat => self.beat(notifier),
                Woken::BootFailed | Woken::Done | Woken::Deadline => {}
            }
        }
    }

    /// Gives a sign of life, if a worker shows one.
    fn beat(&mut self, notifier: &Notifier) {
        if self.heartbeat.feel(self.pool.pulses()) {
            notifier.alive();
        } else {
            error!("No worker shows life: the service manager is told nothing");
        }
    }

    /// Looks after the workers until `done` is closed or `deadline` has come.
    pub(super) fn wait_until(&mut self, done: &Receiver<()>, deadline: Instant) -> Woken {
        loop {
            if let woken @ (Woken::Done | Woken::Deadline) = self.next(done, Some(deadline)) {
                return woken;
            }
        }
    }

    /// Takes down a server that did not come to run. The error is the outcome, unless a worker hangs, too.
    pub(super) fn fail(&mut self, error: Error, grace: Duration) -> Result<Outcome, Error> {
        match self.stop(Instant::now() + grace) {
            Outcome::Clean => Err(error),
            stuck @ Outcome::Stuck(_) => {
                error!(%error, "Server cannot start");
                Ok(stuck)
            }
        }
    }

    /// Lets every worker leave; interrupts those that have not shortly after `deadline`.
    pub(super) fn stop(&mut self, deadline: Instant) -> Outcome {
        self.pool.stop();
        let end = deadline.max(Instant::now());
        self.collect(end + LEAVE);
        if !self.pool.is_empty() {
            for worker in self.pool.interrupt() {
                let for_seconds = worker.age.as_secs_f32();
                warn!(worker = %worker.name, state = %worker.state, for_seconds, "Worker is interrupted");
            }
            self.collect(end + INTERRUPT);
        }
        if self.pool.is_empty() {
            return Outcome::Clean;
        }
        let stuck = self.pool.snapshots();
        for worker in &stuck {
            let for_seconds = worker.age.as_secs_f32();
            error!(worker = %worker.name, state = %worker.state, for_seconds, "Worker does not leave");
        }
        Outcome::Stuck(stuck)
    }

    fn collect(&mut self, deadline: Instant) {
        while !self.pool.is_empty() {
            match self.events.recv_deadline(deadline) {
                Ok(event) => drop(self.heed(event)),
                Err(_) => return,
            }
        }
    }

    pub(super) fn next(&mut self, done: &Receiver<()>, deadline: Option<Instant>) -> Woken {
        let timeout = deadline.map_or_else(never, |deadline| after(deadline.saturating_duration_since(Instant::now())));
        loop {
            let event = select! {
                recv(self.events) -> event => event,
                recv(self.commands) -> command => match self.obey(command.ok()) {
                    Some(woken) => return woken,
                    None => continue,
                },
                recv(self.successor) -> outcome => {
                    self.successor = never();
                    return Woken::Successor(outcome.unwrap_or_else(|_| Err("nobody looks after it".to_owned())));
                }
                recv(self.heartbeat.due) -> _ => return Woken::Beat,
                recv(done) -> _ => return Woken::Done,
                recv(timeout) -> _ => return Woken::Deadline,
            };
            // The pool holds a sender, so there is always another event to come.
            let Ok(event) = event else { return Woken::Shutdown };
            if let Some(woken) = self.heed(event) {
                return woken;
            }
        }
    }

    /// `None`: the commander has gone, which is the command to end.
    fn obey(&mut self, command: Option<Command>) -> Option<Woken> {
        if command.is_none() {
            self.commands = never();
        }
        match command {
            _ if self.ending && command == Some(Command::Restart) => {
                info!("The server is ending: its generation does not change any more");
                None
            }
            Some(Command::Restart) => Some(Woken::Restart),
            Some(Command::Reload) => {
                if let Some(watch) = &self.watch {
                    watch.look();
                } else {
                    warn!("Reload is not supported yet: SIGUSR2 changes the generation");
                }
                None
            }
            Some(Command::Shutdown) | None => (!std::mem::replace(&mut self.ending, true)).then_some(Woken::Shutdown),
        }
    }

    fn heed(&mut self, event: Event) -> Option<Woken> {
        match event {
            Event::Ready(worker) => {
                debug!(worker, "Worker ready");
                Some(Woken::Ready)
            }
            Event::BootFailed { .. } => self.pool.cannot_boot(BOOT_FAILURES).then_some(Woken::BootFailed),
            Event::Gone { worker, next } => {
                self.pool.gone(worker, next);
                None
            }
        }
    }
}
