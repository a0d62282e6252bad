//! The workers of one pool and their supervision.

use std::{
    io,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::Sender;
use tracing::{debug, error, info, warn};

use super::{
    Config,
    crew::Crew,
    limits::Reason,
    overseer::Step,
    reload::Reload,
    scaling::Scaling,
    worker::{Next, Recruit, Snapshot, State, Worker},
};
use crate::handoff::{Inbox, Leave};

/// How long a worker that was interrupted may take to leave before it counts as stuck.
const INTERRUPT: Duration = Duration::from_secs(1);
/// Time between two interruptions of a worker: what waits for the same as before is made to end.
const AGAIN: Duration = Duration::from_millis(200);

/// What can start a worker thread.
pub trait Host<Q, A>: Send + Sync {
    /// Starts a thread named `worker.name`. It runs the script between [`Worker::boots`] and [`Worker::ended`] until the
    /// latter says that it is to end, and then calls `gone` with that word, as its last act.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    fn start(&self, worker: Arc<Worker<Q, A>>, gone: Box<dyn FnOnce(Next) + Send>) -> io::Result<JoinHandle<()>>;

    /// Makes the script of a worker that does not leave by itself end as soon as possible.
    fn interrupt(&self, worker: &Worker<Q, A>);

    /// Takes a step with request number `request` of a worker, if the worker still has it: see [`Worker::request_number`].
    fn press(&self, worker: &Worker<Q, A>, request: u64, step: Step);

    /// How full the memory is, from 0 to 1, in which code is kept until the process ends; `None`: it is not known.
    fn code_memory(&self) -> Option<f32> {
        None
    }
}

/// What the supervisor is told of a worker.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// Number of its pool.
    pub pool: usize,
    /// Number of the worker in the pool.
    pub worker: usize,
    /// What has happened.
    pub event: Event,
}

/// What has happened to a worker.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// It has reached its first wait.
    Ready,
    /// Its script ended before its first wait.
    BootFailed {
        /// Times in a row.
        failures: u32,
        /// What it said.
        error: String,
    },
    /// It cannot be made to end its request.
    Stuck,
    /// Its thread ended; what is to come after it.
    Gone(Next),
}

/// The workers that share one script and one inbox.
pub struct Pool<Q, A> {
    pub(super) name: String,
    /// Number among the pools of the server.
    of_server: usize,
    pub(super) config: Config,
    pub(super) inbox: Arc<Inbox<Q, A>>,
    pub(super) host: Arc<dyn Host<Q, A>>,
    /// Ends in the channel whose other end the supervisor reads; every worker has a clone.
    reports: Sender<Report>,
    pub(super) crew: Arc<Crew<Q, A>>,
    /// By seat. `None` where no thread lives.
    pub(super) threads: Vec<Option<Thread<Q, A>>>,
    /// How many workers there are to be.
    pub(super) size: usize,
    /// How many of them there are to be without load.
    pub(super) base: usize,
    /// How many there may be: there are no more seats.
    pub(super) most: usize,
    /// The code that new workers are started for: 0 at first, one more with each reload.
    pub(super) release: u32,
    /// The reload under way.
    pub(super) reload: Option<Reload>,
    /// How the last one has ended, until somebody asks.
    pub(super) outcome: Option<Result<(), String>>,
    pub(super) scaling: Option<Scaling>,
    /// When workers that wait are looked at next.
    look: Option<Instant>,
    /// It was said that there is no seat left.
    complained: bool,
}

/// A thread of a worker.
pub(super) struct Thread<Q, A> {
    pub(super) worker: Arc<Worker<Q, A>>,
    handle: JoinHandle<()>,
    pub(super) role: Role,
}

/// Why a pool does not change its size.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Immutable {
    /// It is as big as it may be.
    #[error("the pool has {0} workers, which is as many as it may")]
    Full(usize),
    /// It is as small as it may be.
    #[error("the pool has one worker, which must stay")]
    Last,
}

/// What is expected of a thread.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    /// It serves.
    Serves,
    /// It leaves, until the first moment by itself, until the second one because it was interrupted.
    Leaves(Instant, Option<Instant>),
    /// It boots for too long and was interrupted, to leave until then.
    Hangs(Instant),
    /// It is stuck; nothing is expected any more.
    Stuck,
}

/// Makes a worker end as soon as possible: its waits for what is the server's, and its script.
fn interrupt<Q, A>(host: &dyn Host<Q, A>, worker: &Worker<Q, A>) {
    worker.interrupt();
    host.interrupt(worker);
}

// === impl Pool ===

impl<Q: Send + 'static, A: Send + 'static> Pool<Q, A> {
    /// Creates pool number `of_server`, without threads, that takes its requests from a sister of `sister`, if there is one.
    pub fn new(
        name: &str,
        of_server: usize,
        config: &Config,
        host: Arc<dyn Host<Q, A>>,
        reports: Sender<Report>,
        sister: Option<&Inbox<Q, A>>,
    ) -> Self {
        let (most, seats) = (config.most_workers(), config.seats());
        let inbox = match sister {
            Some(sister) => sister.sister(most, config.max_queue_size, seats),
            None => Inbox::new(most, config.max_queue_size, seats),
        };
        Self {
            name: name.to_owned(),
            of_server,
            config: config.clone(),
            inbox,
            host,
            reports,
            crew: Arc::default(),
            threads: (0..seats).map(|_| None).collect(),
            size: config.num_workers.get(),
            base: config.num_workers.get(),
            most,
            release: 0,
            reload: None,
            outcome: None,
            scaling: config.dynamic.as_ref().map(Scaling::new),
            look: None,
            complained: false,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns where requests for this pool are left.
    pub fn inbox(&self) -> Arc<Inbox<Q, A>> {
        Arc::clone(&self.inbox)
    }

    /// What starts its workers.
    pub fn host(&self) -> Arc<dyn Host<Q, A>> {
        Arc::clone(&self.host)
    }

    /// Its workers, for those who look at them from other threads.
    pub fn crew(&self) -> Arc<Crew<Q, A>> {
        Arc::clone(&self.crew)
    }

    /// Requests that may be under way at a time.
    pub fn capacity(&self) -> usize {
        self.threads.len() + self.config.max_queue_size
    }

    /// How many workers there are to be.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Starts every worker.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(&mut self) -> io::Result<()> {
        self.inbox.set_workers(self.size);
        self.look_again();
        (0..self.size).try_for_each(|seat| self.start_worker(seat, 0))
    }

    /// Says when workers that wait are looked at next.
    pub(super) fn look_again(&mut self) {
        self.look = self.config.limits.concern_idle().then(|| Instant::now() + self.config.limits.watch_tick);
    }

    fn start_worker(&mut self, seat: usize, failures: u32) -> io::Result<()> {
        let worker = Worker::new(Recruit {
            pool: &self.name,
            of_pool: self.of_server,
            number: seat,
            release: self.release,
            seat: self.inbox.seat(seat),
            max_runs: self.config.thread_runs,
            single: self.config.debug,
            limits: &self.config.limits,
            failures,
            crew: &self.crew,
            reports: &self.reports,
        });
        let ending = Arc::clone(&worker);
        let gone = Box::new(move |next| ending.report(Event::Gone(next)));
        let handle = self.host.start(Arc::clone(&worker), gone)?;
        self.crew.add(&worker);
        self.threads[seat] = Some(Thread { worker, handle, role: Role::Serves });
        Ok(())
    }

    /// Starts a worker on the lowest free seat. Returns whether it could.
    pub(super) fn grow(&mut self) -> bool {
        let Some(seat) = self.threads.iter().position(Option::is_none) else {
            if !std::mem::replace(&mut self.complained, true) {
                warn!(pool = %self.name, "No worker can be started until others have left");
            }
            return false;
        };
        match self.start_worker(seat, 0) {
            Ok(()) => true,
            Err(error) => {
                error!(pool = %self.name, %error, "Cannot start a worker thread");
                false
            }
        }
    }

    /// Takes what was reported of a worker.
    pub fn heed(&mut self, seat: usize, event: &Event) {
        match event {
            Event::Ready => self.ready(seat),
            Event::BootFailed { error, failures } => self.boot_failed(seat, error, *failures),
            Event::Stuck => self.stuck(seat),
            Event::Gone(next) => self.gone(seat, *next),
        }
    }

    fn ready(&mut self, seat: usize) {
        let Some(thread) = self.threads.get_mut(seat).and_then(Option::as_mut) else { return };
        if let Role::Hangs(_) = thread.role {
            thread.role = Role::Serves;
        }
        if thread.role == Role::Serves {
            self.balance();
        }
    }

    fn boot_failed(&mut self, seat: usize, error: &str, failures: u32) {
        let Some(thread) = self.threads.get_mut(seat).and_then(Option::as_mut) else { return };
        if let Role::Hangs(_) = thread.role {
            thread.role = Role::Serves;
        }
        if thread.role == Role::Serves && thread.worker.release == self.release {
            self.reload_failed(error, failures);
        }
    }

    fn stuck(&mut self, seat: usize) {
        let Some(thread) = self.threads.get_mut(seat).and_then(Option::as_mut) else { return };
        if thread.role == Role::Stuck || thread.worker.state() == State::Stopped {
            return;
        }
        let Snapshot { name, state, age, .. } = thread.worker.snapshot();
        error!(worker = %name, %state, for_seconds = age.as_secs_f32(), "Worker is stuck: another one takes its place");
        thread.role = Role::Stuck;
        thread.worker.give_up();
        self.crew.turnover.stuck();
        self.balance();
    }

    /// Joins the thread of a worker that is gone and starts its successor, if it is to have one.
    fn gone(&mut self, seat: usize, next: Next) {
        let Some(thread) = self.threads.get_mut(seat).and_then(Option::take) else { return };
        let Thread { worker, handle, role, .. } = thread;
        self.crew.remove(&worker);
        if handle.join().is_err() {
            error!(worker = %worker.name, "Worker thread panicked");
        }
        if role == Role::Stuck {
            debug!(worker = %worker.name, "A worker that was stuck has ended after all");
        }
        let taken = self.threads.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        self.inbox.set_taken_seats(taken);
        self.complained = false;
        if self.inbox.is_closed() {
            return;
        }
        if next == Next::Replace && role == Role::Serves {
            debug!(worker = %worker.name, "Worker thread replaced");
            if let Err(error) = self.start_worker(seat, worker.failures()) {
                error!(worker = %worker.name, %error, "Cannot start a worker thread");
            }
        }
        self.balance();
    }

    /// Brings the number of workers to what it is to be: starts some, lets others leave.
    pub(super) fn balance(&mut self) {
        if self.inbox.is_closed() {
            return;
        }
        if self.reload.is_some() {
            self.roll();
        }
        let serving = self.count(|_| true);
        if self.reload.is_none() {
            for _ in serving..self.size {
                if !self.grow() {
                    break;
                }
            }
            for _ in self.size..serving {
                self.retire(|_| true, Reason::Resize);
            }
        }
        let stuck = self.stuck_workers();
        self.inbox.set_workers(self.size + stuck);
    }

    /// The threads that serve, or boot to do so.
    pub(super) fn serving(&self) -> impl Iterator<Item = &Thread<Q, A>> {
        self.threads.iter().flatten().filter(|thread| matches!(thread.role, Role::Serves | Role::Hangs(_)))
    }

    /// How many of the serving threads are `meant`.
    pub(super) fn count(&self, meant: impl Fn(&Thread<Q, A>) -> bool) -> usize {
        self.serving().filter(|thread| meant(thread)).count()
    }

    /// Lets one of the serving workers leave that are `meant`: one that is not ready, else one that waits, else the one
    /// with the highest number.
    pub(super) fn retire(&mut self, meant: impl Fn(&Thread<Q, A>) -> bool, reason: Reason) -> bool {
        let rank = |thread: &&Thread<Q, A>| match thread.worker.state() {
            State::Booting => 2,
            State::Ready => 1,
            _ => 0,
        };
        let leaving = self.serving().filter(|thread| meant(thread)).max_by_key(rank).map(|thread| thread.worker.number);
        let Some(seat) = leaving else { return false };
        self.let_go(seat, reason);
        true
    }

    /// Lets the worker at `seat` leave for good.
    pub(super) fn let_go(&mut self, seat: usize, reason: Reason) {
        if let Some(thread) = self.threads.get_mut(seat).and_then(Option::as_mut) {
            let now = Instant::now();
            thread.role = match thread.role {
                // It was interrupted already.
                Role::Hangs(until) => Role::Leaves(now, Some(until)),
                // A boot comes to its end, a request may finish.
                _ if thread.worker.has_been_ready() => Role::Leaves(now + self.config.reset_timeout, None),
                _ => Role::Leaves(now + self.config.boot_timeout, None),
            };
            thread.worker.leave(Leave::Retire, reason);
        }
    }

    /// Adds a worker for good.
    ///
    /// # Errors
    ///
    /// When there are as many as there may be.
    pub fn add(&mut self) -> Result<(), Immutable> {
        if self.size >= self.most {
            return Err(Immutable::Full(self.most));
        }
        self.resize(self.base + 1, self.size + 1);
        Ok(())
    }

    /// Lets a worker leave for good.
    ///
    /// # Errors
    ///
    /// When it is the last one.
    pub fn remove(&mut self) -> Result<(), Immutable> {
        if self.base <= 1 {
            return Err(Immutable::Last);
        }
        self.resize(self.base - 1, self.size - 1);
        Ok(())
    }

    fn resize(&mut self, base: usize, size: usize) {
        info!(pool = %self.name, from = self.size, to = size, "Pool changes its size");
        (self.base, self.size) = (base, size);
        self.balance();
    }

    /// When [`Pool::tick`] is due.
    pub fn due(&self) -> Option<Instant> {
        let limit = self.config.boot_timeout;
        let of_thread = |thread: &Thread<Q, A>| match thread.role {
            Role::Serves => thread.worker.boots_for().map(|age| Instant::now() + limit.saturating_sub(age)),
            Role::Leaves(_, Some(until)) | Role::Hangs(until) => Some(until.min(Instant::now() + AGAIN)),
            Role::Leaves(until, None) => Some(until),
            Role::Stuck => None,
        };
        let threads = self.threads.iter().flatten().filter_map(of_thread).min();
        let scaling = self.scaling.as_ref().map(Scaling::due);
        [threads, scaling, self.look].into_iter().flatten().min()
    }

    /// Looks at what was to happen by now.
    pub fn tick(&mut self) {
        let now = Instant::now();
        for seat in 0..self.threads.len() {
            self.hurry(seat, now);
        }
        if self.look.is_some_and(|due| due <= now) {
            self.serving().for_each(|thread| thread.worker.look());
            self.look_again();
        }
        self.scale(now);
    }

    fn hurry(&mut self, seat: usize, now: Instant) {
        let Some(thread) = self.threads.get_mut(seat).and_then(Option::as_mut) else { return };
        let worker = &thread.worker;
        match thread.role {
            Role::Serves if worker.boots_for().is_some_and(|age| age >= self.config.boot_timeout) => {
                thread.role = Role::Hangs(now + INTERRUPT);
                let seconds = self.config.boot_timeout.as_secs_f32();
                warn!(worker = %worker.name, "Worker script has not come to its first wait for {seconds} s: it is interrupted");
                interrupt(&*self.host, worker);
                if worker.release == self.release {
                    self.reload_failed(&format!("the script did not come to its first wait within {seconds} s"), 1);
                }
            }
            Role::Leaves(until, None) if until <= now => {
                if worker.has_been_ready() {
                    let Snapshot { name, age, .. } = worker.snapshot();
                    let for_seconds = age.as_secs_f32();
                    warn!(worker = %name, for_seconds, "Request goes on for longer than reset_timeout: its worker is interrupted");
                }
                thread.role = Role::Leaves(until, Some(now + INTERRUPT));
                interrupt(&*self.host, worker);
            }
            Role::Leaves(_, Some(until)) | Role::Hangs(until) if until <= now => self.stuck(seat),
            Role::Leaves(_, Some(_)) | Role::Hangs(_) => interrupt(&*self.host, worker),
            _ => {}
        }
    }

    /// Threads that are stuck.
    pub fn stuck_workers(&self) -> usize {
        self.threads.iter().flatten().filter(|thread| thread.role == Role::Stuck).count()
    }

    /// How full the memory for code is, see [`Host::code_memory`].
    pub fn code_memory(&self) -> Option<f32> {
        self.host.code_memory()
    }

    /// How often it was reloaded, or is being so.
    pub fn release(&self) -> u32 {
        self.release
    }

    /// Whether more threads are stuck than may be.
    pub fn is_clogged(&self) -> bool {
        self.stuck_workers() > self.config.limits.max_stuck
    }

    /// Refuses what waits and asks every worker to leave its loop.
    pub fn stop(&mut self) {
        self.reload_abandoned("the server ends");
        self.inbox.close();
        for thread in self.threads.iter().flatten() {
            thread.worker.leave(Leave::Stop, Reason::Stop);
            if !thread.worker.has_been_ready() {
                // There is no request that could be finished.
                interrupt(&*self.host, &thread.worker);
            }
        }
    }

    /// Interrupts every worker that still runs, and returns what they were.
    pub fn interrupt(&self) -> Vec<Snapshot> {
        let mut survivors = Vec::new();
        for thread in self.threads.iter().flatten().filter(|thread| thread.worker.state() != State::Stopped) {
            survivors.push(thread.worker.snapshot());
            interrupt(&*self.host, &thread.worker);
        }
        survivors
    }

    /// Returns what the workers look like now.
    pub fn snapshots(&self) -> Vec<Snapshot> {
        self.threads.iter().flatten().map(|thread| thread.worker.snapshot()).collect()
    }

    /// Returns what the workers look like now, each with a number that changes whenever its thread does anything in its
    /// wait, and makes those that wait do so.
    pub fn pulses(&self) -> Vec<(u64, Snapshot)> {
        let feel = |thread: &Thread<Q, A>| {
            let felt = (thread.worker.pulse(), thread.worker.snapshot());
            thread.worker.nudge();
            felt
        };
        self.threads.iter().flatten().map(feel).collect()
    }

    /// Returns whether no thread lives any more.
    pub fn is_empty(&self) -> bool {
        self.threads.iter().all(Option::is_none)
    }

    /// Returns whether no thread lives of which anything is expected.
    pub fn is_given_up(&self) -> bool {
        self.threads.iter().flatten().all(|thread| thread.role == Role::Stuck)
    }

    /// Returns whether every worker that serves has failed to boot at least `times` times in a row.
    pub fn cannot_boot(&self, times: u32) -> bool {
        self.serving().all(|thread| thread.worker.failures() >= times)
    }
}
