//! The eyes and ears of the main thread: what workers, commanders and successors have to say, one thing at a time.

use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, after, bounded, never, select};
use tracing::{error, info, warn};

use super::{
    Error, Outcome,
    command::{Command, Which},
    heartbeat::Heartbeat,
    notify::Notifier,
    reread::Reread,
    steering::Steering,
};
use crate::{
    config::Config,
    http::{self, Development},
    pool::{Event, Immutable, Pool, Report},
    process, rpc,
    tls::Watch,
    watch::{self, Watcher},
};

/// Failures in a row, of every worker, after which a start is given up.
const BOOT_FAILURES: u32 = 5;
/// How long after the grace period the last workers and clients are given up.
pub(super) const INTERRUPT: Duration = Duration::from_secs(1);
/// Commands that may wait; those who give more of them wait, too.
const COMMANDS: usize = 16;
/// The part of the memory for code that may be in use.
const NEARLY_FULL: f32 = 0.9;
/// The part of it that the code may take at first: with more, the next generation would soon be where this one is.
const TOO_FULL: f32 = 0.7;
/// How long after the end of a worker's thread memory is given back; others may end with it.
const TRIM: Duration = Duration::from_secs(2);
/// How long of that workers that only wait, or have just answered, may take to leave by themselves.
const LEAVE: Duration = Duration::from_millis(250);

/// The pools and the ears of their supervisor.
pub(super) struct Supervisor {
    /// At least one; reports name them by their places here.
    pub(super) pools: Vec<Pool<http::Request, http::Answer>>,
    pub(super) reports: Receiver<Report>,
    /// Never yields anything once its other end is gone.
    pub(super) commands: Receiver<Command>,
    /// What is told from outside, and where it is told.
    steered: (Sender<Command>, Receiver<Command>),
    /// The end was asked for; what else is told does not matter any more.
    pub(super) ending: bool,
    /// What becomes of a successor, while one is being started.
    pub(super) successor: Receiver<Result<(), String>>,
    pub(super) heartbeat: Heartbeat,
    /// Looks after the certificates, if there are any.
    watch: Option<Watch>,
    /// Pools of which a worker has been ready.
    ready: Vec<bool>,
    /// A change of the generation was asked for because threads are stuck.
    clogged: bool,
    code_memory: CodeMemory,
    /// When memory is to be given back to the system.
    trim_at: Option<Instant>,
    /// Looks whether files change, if that is asked for.
    files: Option<Watcher>,
    /// Files that have changed.
    changes: Receiver<Vec<PathBuf>>,
    /// The pages that reload themselves.
    development: Option<Development>,
    /// Why the last reload of each pool has failed, if it has.
    failures: Vec<Option<String>>,
    /// What the pools were told, and where that is read again.
    config: Config,
    reread: Option<Reread>,
}

/// The memory in which the code of every reload stays until the process ends.
#[derive(Debug, Default)]
struct CodeMemory {
    /// How full it was before the first reload.
    at_first: f32,
    /// The sum of the releases of all pools for which it was said that it is full.
    said: Option<u32>,
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
        pools: Vec<Pool<http::Request, http::Answer>>,
        reports: Receiver<Report>,
        commands: Receiver<Command>,
        heartbeat: Heartbeat,
        watch: Option<Watch>,
    ) -> Self {
        let (ready, failures) = (vec![false; pools.len()], vec![None; pools.len()]);
        Self {
            pools,
            reports,
            commands,
            steered: bounded(COMMANDS),
            ending: false,
            successor: never(),
            heartbeat,
            watch,
            ready,
            clogged: false,
            code_memory: CodeMemory::default(),
            trim_at: None,
            files: None,
            changes: never(),
            development: None,
            failures,
            config: Config::default(),
            reread: None,
        }
    }

    /// Reads the configuration, which is `config` now, again when everything is reloaded.
    pub(super) fn reread(&mut self, config: &Config, reread: Option<Reread>) {
        (self.config, self.reread) = (config.clone(), reread);
    }

    /// Lets others act on the pools.
    pub(super) fn steering(&self) -> Arc<dyn rpc::Steering> {
        let pools = self.pools.iter().map(|pool| (pool.name().to_owned(), pool.crew())).collect();
        Arc::new(Steering { pools, commands: self.steered.0.clone() })
    }

    /// How long the end may take.
    pub(super) fn grace(&self) -> Duration {
        self.config.grace()
    }

    /// Reloads whenever a file changes that `watch` speaks of; `development`: the pages that are told.
    pub(super) fn watch_files(&mut self, watch: &watch::Config, development: Option<Development>) -> io::Result<()> {
        // What changes while one change waits for its reload is taken up by that.
        let (sender, changes) = bounded(1);
        self.files = Some(Watcher::start(watch, Box::new(move |files| drop(sender.try_send(files))))?);
        (self.changes, self.development) = (changes, development);
        Ok(())
    }

    /// Looks at files no longer.
    pub(super) fn forget_files(&mut self) {
        self.files = None;
        self.changes = never();
    }

    /// Starts the workers of every pool.
    pub(super) fn start(&mut self) -> io::Result<()> {
        self.pools.iter_mut().try_for_each(Pool::start)
    }

    /// Waits for the first worker of each pool that can serve. Returns whether the generation is to be changed once it does; `None`
    /// when told to end before.
    pub(super) fn boot(&mut self, patience: Duration) -> Result<Option<bool>, Error> {
        let deadline = Instant::now() + patience;
        let mut restart = false;
        loop {
            match self.next(&never(), Some(deadline)) {
                Woken::Ready if self.ready.iter().all(|ready| *ready) => return Ok(Some(restart)),
                Woken::Shutdown => return Ok(None),
                Woken::Deadline => return Err(Error::BootTimeout(patience.as_secs())),
                Woken::BootFailed => return Err(Error::Boot),
                Woken::Restart => {
                    info!("The generation changes once this one serves");
                    restart = true;
                }
                Woken::Ready | Woken::Done | Woken::Successor(_) | Woken::Beat => {}
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
        if self.heartbeat.feel(self.pools.iter().flat_map(Pool::pulses).collect()) {
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
        self.pools.iter_mut().for_each(Pool::stop);
        let end = deadline.max(Instant::now());
        self.collect(end + LEAVE);
        if !self.is_empty() {
            for worker in self.pools.iter().flat_map(Pool::interrupt) {
                let for_seconds = worker.age.as_secs_f32();
                warn!(worker = %worker.name, state = %worker.state, for_seconds, "Worker is interrupted");
            }
            self.collect(end + INTERRUPT);
        }
        if self.is_empty() {
            return Outcome::Clean;
        }
        let stuck: Vec<_> = self.pools.iter().flat_map(Pool::snapshots).collect();
        for worker in &stuck {
            let for_seconds = worker.age.as_secs_f32();
            error!(worker = %worker.name, state = %worker.state, for_seconds, "Worker does not leave");
        }
        Outcome::Stuck(stuck)
    }

    fn is_empty(&self) -> bool {
        self.pools.iter().all(Pool::is_empty)
    }

    fn collect(&mut self, deadline: Instant) {
        // What is stuck has had its time.
        while !self.pools.iter().all(Pool::is_given_up) {
            match self.reports.recv_deadline(deadline) {
                Ok(report) => drop(self.heed(&report)),
                Err(_) => return,
            }
        }
    }

    pub(super) fn next(&mut self, done: &Receiver<()>, deadline: Option<Instant>) -> Woken {
        let at = |time: Option<Instant>| {
            time.map_or_else(never, |time| after(time.saturating_duration_since(Instant::now())))
        };
        let timeout = at(deadline);
        loop {
            let due = at(self.pools.iter().filter_map(Pool::due).chain(self.trim_at).min());
            let report = select! {
                recv(self.reports) -> report => report,
                recv(self.commands) -> command => match self.obey(command.ok()) {
                    Some(woken) => return woken,
                    None => continue,
                },
                recv(self.steered.1) -> command => match command.ok().and_then(|command| self.obey(Some(command))) {
                    Some(woken) => return woken,
                    None => continue,
                },
                recv(self.successor) -> outcome => {
                    self.successor = never();
                    return Woken::Successor(outcome.unwrap_or_else(|_| Err("nobody looks after it".to_owned())));
                }
                recv(self.changes) -> files => {
                    self.files_changed(&files.unwrap_or_default());
                    continue;
                }
                recv(self.heartbeat.due) -> _ => return Woken::Beat,
                recv(due) -> _ => {
                    self.pools.iter_mut().for_each(Pool::tick);
                    self.trim();
                    self.tell_pages();
                    if self.is_worn() {
                        return Woken::Restart;
                    }
                    continue;
                }
                recv(done) -> _ => return Woken::Done,
                recv(timeout) -> _ => return Woken::Deadline,
            };
            // The pools hold a sender, so there is always another report to come.
            let Ok(report) = report else { return Woken::Shutdown };
            if let Some(woken) = self.heed(&report) {
                return woken;
            }
            if self.is_worn() {
                return Woken::Restart;
            }
        }
    }

    /// Whether this process should give way to another one: what it has used up only its end gives back.
    fn is_worn(&mut self) -> bool {
        self.is_clogged() || self.is_full_of_code()
    }

    /// Whether the memory for code is nearly full after a reload, which is said once.
    fn is_full_of_code(&mut self) -> bool {
        let Some(filled) = self.pools[0].code_memory() else { return false };
        let releases = self.pools.iter().map(Pool::release).sum();
        if releases == 0 {
            self.code_memory.at_first = self.code_memory.at_first.max(filled);
            return false;
        }
        if filled < NEARLY_FULL
            || self.code_memory.said == Some(releases)
            || self.ending
            || self.pools.iter().any(Pool::reloads)
        {
            return false;
        }
        self.code_memory.said = Some(releases);
        if self.code_memory.at_first > TOO_FULL {
            warn!(
                "opcache is too small to reload this application: opcache.memory_consumption, opcache.max_accelerated_files"
            );
            return false;
        }
        info!(filled, "opcache is nearly full: the generation changes");
        true
    }

    /// Whether so many threads are stuck that the generation is to change, which is said once.
    fn is_clogged(&mut self) -> bool {
        if self.clogged || self.ending {
            return false;
        }
        let Some(pool) = self.pools.iter().find(|pool| pool.is_clogged()) else { return false };
        self.clogged = true;
        error!(pool = pool.name(), stuck = pool.stuck_workers(), "Too many workers are stuck: the generation changes");
        true
    }

    /// Whether threads are stuck that only a change of the generation ends.
    pub(super) fn is_clogged_for_good(&self) -> bool {
        self.clogged
    }

    /// `None`: the commander has gone, which is the command to end.
    fn obey(&mut self, command: Option<Command>) -> Option<Woken> {
        let Some(command) = command else {
            self.commands = never();
            return self.end();
        };
        match command {
            Command::Shutdown => return self.end(),
            Command::Restart if self.ending => {
                info!("The server is ending: its generation does not change any more");
            }
            Command::Restart => return Some(Woken::Restart),
            Command::Reload(which) => {
                if let Some(watch) = &self.watch {
                    watch.look();
                }
                self.reload(which);
            }
            Command::Add { done, .. } | Command::Remove { done, .. } if self.ending => {
                let _ = done.try_send(Err("the server is ending".to_owned()));
            }
            Command::Add { pool, done } => self.resize(&pool, &done, Pool::add),
            Command::Remove { pool, done } => self.resize(&pool, &done, Pool::remove),
        }
        None
    }

    fn end(&mut self) -> Option<Woken> {
        (!std::mem::replace(&mut self.ending, true)).then_some(Woken::Shutdown)
    }

    fn reload(&mut self, Which { pool, done }: Which) {
        let refused = |error: String| {
            warn!("{error}");
            if let Some(done) = &done {
                let _ = done.try_send(Err(error.clone()));
            }
        };
        if self.ending {
            return refused("the server is ending: nothing is reloaded any more".to_owned());
        }
        let read = self.reread.as_ref().map(|reread| reread.take_up(&mut self.config, &mut self.pools));
        if let Some(Err(error)) = read {
            error!("The configuration of before stays in force: {error}");
        }
        match &pool {
            Some(name) => match self.pool(name) {
                Ok(pool) => pool.reload(done),
                Err(error) => refused(error),
            },
            None => self.pools.iter_mut().for_each(|pool| pool.reload(done.clone())),
        }
    }

    fn resize(
        &mut self,
        name: &str,
        done: &Sender<Result<(), String>>,
        change: impl Fn(&mut Pool<http::Request, http::Answer>) -> Result<(), Immutable>,
    ) {
        let pool = self.pool(name);
        let _ = done.try_send(pool.and_then(|pool| change(pool).map_err(|error| error.to_string())));
    }

    /// The pool of that name, or that there is none.
    fn pool(&mut self, name: &str) -> Result<&mut Pool<http::Request, http::Answer>, String> {
        let place = self.pools.iter().position(|pool| pool.name() == name).ok_or_else(|| {
            let names: Vec<_> = self.pools.iter().map(Pool::name).collect();
            format!("there is no pool \"{name}\", only {}", names.join(", "))
        })?;
        Ok(&mut self.pools[place])
    }

    fn files_changed(&mut self, files: &[PathBuf]) {
        if self.ending || files.is_empty() {
            return;
        }
        info!(files = files.len(), first = %files[0].display(), "Files have changed");
        self.reload(Which::default());
    }

    /// Gives back, when it is time, what threads that have ended leave free in the allocator: no other may ever use that part.
    fn trim(&mut self) {
        if self.trim_at.take_if(|time| *time <= Instant::now()).is_some() {
            process::trim();
        }
    }

    /// Tells pages in development how reloads have ended.
    fn tell_pages(&mut self) {
        let (mut news, mut worse) = (false, false);
        for (pool, failure) in self.pools.iter_mut().zip(&mut self.failures) {
            if let Some(outcome) = pool.outcome() {
                *failure = outcome.err().map(|error| format!("Pool {}: {error}", pool.name()));
                (news, worse) = (true, worse || failure.is_some());
            }
        }
        let Some(development) = self.development.as_ref().filter(|_| news) else { return };
        match self.failures.iter().flatten().next() {
            Some(error) if worse => development.failed(error),
            // One pool is well again, another one not yet.
            Some(_) => {}
            None if self.pools.iter().any(Pool::reloads) => {}
            None => development.reloaded(),
        }
    }

    fn heed(&mut self, report: &Report) -> Option<Woken> {
        self.pools.get_mut(report.pool)?.heed(report.worker, &report.event);
        self.tell_pages();
        if let Event::Gone(_) = report.event {
            self.trim_at.get_or_insert_with(|| Instant::now() + TRIM);
        }
        let pool = &self.pools[report.pool];
        match report.event {
            Event::Ready => {
                self.ready[report.pool] = true;
                Some(Woken::Ready)
            }
            Event::BootFailed { .. } => pool.cannot_boot(BOOT_FAILURES).then_some(Woken::BootFailed),
            Event::Stuck | Event::Gone(_) => None,
        }
    }
}
