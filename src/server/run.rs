//! One server from start to end.

use std::{
    io,
    num::NonZeroUsize,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, after, bounded, never, select};
use tracing::{debug, error, info, warn};

use super::Error;
use crate::{
    config::Config,
    handoff::{Counters, Monitor},
    http,
    net::{Bound, Reactors},
    pool::{Event, Host, Pool, Snapshot},
};

/// Longest time for the first worker to boot.
const BOOT: Duration = Duration::from_mins(1);
/// Failures in a row, of every worker, after which a start is given up.
const BOOT_FAILURES: u32 = 5;
/// How long after the grace period the last workers and clients are given up.
const INTERRUPT: Duration = Duration::from_secs(1);
/// How long of that workers that only wait, or have just answered, may take to leave by themselves.
const LEAVE: Duration = Duration::from_millis(250);
/// How long the last answers may take to reach their clients once the last workers are given up.
const FLUSH: Duration = Duration::from_millis(250);
/// Events that worker threads may leave before the supervisor reads them; beyond, they wait.
const EVENTS: usize = 1024;

/// What a running server can be told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Command {
    /// Finish the requests under way, then end.
    Shutdown,
}

/// How a server ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Every thread has ended.
    Clean,
    /// These workers could not be made to leave. Their threads still run: the process must end without touching them.
    Stuck(Vec<Snapshot>),
}

/// The thread of the hand-off's monitor; ends with this value.
struct Watchdog {
    monitor: Arc<Monitor<http::Request, http::Answer>>,
    thread: Option<JoinHandle<()>>,
}

/// The HTTP pool and the ears of its supervisor.
pub(super) struct Supervisor {
    pub(super) pool: Pool<http::Request, http::Answer>,
    pub(super) events: Receiver<Event>,
    /// Never yields anything once the end was asked for: it would be asked for again and again.
    pub(super) commands: Receiver<Command>,
}

/// Why a supervisor stopped looking after its workers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Woken {
    /// It was told to end.
    Shutdown,
    /// A worker has reached its first wait.
    Ready,
    /// No worker can be booted.
    BootFailed,
    /// What was waited for has happened.
    Done,
    /// The time is over.
    Deadline,
}

/// Runs a server until [`Command::Shutdown`], or until the other end of `commands` is dropped.
///
/// # Errors
///
/// When it does not come to run; then everything is taken down again.
pub fn run(
    config: &Config,
    host: Arc<dyn Host<http::Request, http::Answer>>,
    commands: &Receiver<Command>,
) -> Result<Outcome, Error> {
    let reactors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).div_ceil(2);
    let bound = Bound::new(&config.http.addresses, reactors)?;
    run_bound(config, bound, host, commands, || {})
}

/// Runs a server as [`run`] does, on sockets that are bound already, and calls `serving` once they take connections.
///
/// # Errors
///
/// As those of [`run`].
pub fn run_bound(
    config: &Config,
    bound: Bound,
    host: Arc<dyn Host<http::Request, http::Answer>>,
    commands: &Receiver<Command>,
    serving: impl FnOnce(),
) -> Result<Outcome, Error> {
    let (sender, events) = bounded(EVENTS);
    let mut supervisor =
        Supervisor { pool: Pool::new("http", &config.http.pool, host, sender), events, commands: commands.clone() };
    let grace = config.http.pool.destroy_timeout;

    let started = supervisor.pool.start().map_err(Error::Thread).and_then(|()| supervisor.boot());
    match started {
        Ok(true) => {}
        Ok(false) => return Ok(supervisor.stop(Instant::now() + grace)),
        Err(error) => return supervisor.fail(error, grace),
    }

    let inbox = supervisor.pool.inbox();
    let service = Arc::new(http::Service::new(Arc::clone(&inbox), &config.http));
    let ports: Vec<_> = (0..bound.reactors()).map(|_| http::Port::new(supervisor.pool.capacity())).collect();
    let monitor = Watchdog::start(Monitor::new(Arc::clone(&inbox), ports.clone())).map_err(Error::Thread)?;
    let addresses = bound.addresses().to_vec();
    let started = bound.listen().map_err(Error::from).and_then(|listeners| {
        let serve = move |stream, peer, drain, pass: &Arc<http::Pass>| {
            http::serve_connection(stream, peer, Arc::clone(&service), drain, Arc::clone(pass))
        };
        let passes = ports.iter().map(|port| http::Pass::new(&inbox, port));
        Reactors::start(listeners.into_iter().zip(passes).collect(), serve).map_err(Error::Thread)
    });
    let reactors = match started {
        Ok(reactors) => reactors,
        Err(error) => return supervisor.fail(error, grace),
    };
    for address in addresses {
        info!(workers = config.http.pool.num_workers, "Serving http://{address}");
    }
    serving();
    supervisor.watch();

    let deadline = Instant::now() + grace;
    info!(grace_seconds = grace.as_secs_f32(), "Shutting down: requests under way finish");
    reactors.drain();
    if let Woken::Deadline = supervisor.wait_until(reactors.drained(), deadline) {
        warn!("Requests still under way at the end of the grace period");
    }
    let outcome = supervisor.stop(deadline);
    // Refusals of what still waited, and what interrupted workers answered, are on their way.
    supervisor.wait_until(reactors.drained(), (deadline + INTERRUPT).max(Instant::now() + FLUSH));
    reactors.abort();
    drop(monitor);
    if let Outcome::Clean = outcome {
        info!("Server stopped");
    }
    Ok(outcome)
}

// === impl Watchdog ===

impl Watchdog {
    fn start(monitor: Arc<Monitor<http::Request, http::Answer>>) -> io::Result<Self> {
        let looking = Arc::clone(&monitor);
        let thread = Builder::new().name("rr-watchdog".to_owned()).spawn(move || looking.run())?;
        Ok(Self { monitor, thread: Some(thread) })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.monitor.stop();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            error!("Watchdog thread panicked");
        }
        let Counters { requests, passes, wakes, kicks, looks, finds } = self.monitor.counters();
        debug!(requests, passes, wakes, kicks, looks, finds, "Hand-off ended");
    }
}

// === impl Supervisor ===

impl Supervisor {
    /// Waits for the first worker that can serve. Returns false when told to end before.
    fn boot(&mut self) -> Result<bool, Error> {
        let deadline = Instant::now() + BOOT;
        loop {
            match self.next(&never(), Some(deadline)) {
                Woken::Ready => return Ok(true),
                Woken::Shutdown => return Ok(false),
                Woken::Deadline => return Err(Error::BootTimeout(BOOT.as_secs())),
                Woken::BootFailed => return Err(Error::Boot),
                Woken::Done => {}
            }
        }
    }

    /// Looks after the workers until told to end.
    fn watch(&mut self) {
        let mut complained = false;
        loop {
            match self.next(&never(), None) {
                Woken::Shutdown => return,
                Woken::BootFailed if !complained => {
                    error!("No worker can be booted; trying on");
                    complained = true;
                }
                Woken::Ready => complained = false,
                Woken::BootFailed | Woken::Done | Woken::Deadline => {}
            }
        }
    }

    /// Looks after the workers until `done` is closed or `deadline` has come.
    fn wait_until(&mut self, done: &Receiver<()>, deadline: Instant) -> Woken {
        loop {
            match self.next(done, Some(deadline)) {
                woken @ (Woken::Done | Woken::Deadline) => return woken,
                Woken::Shutdown | Woken::Ready | Woken::BootFailed => {}
            }
        }
    }

    /// Takes down a server that did not come to run. The error is the outcome, unless a worker hangs, too.
    fn fail(&mut self, error: Error, grace: Duration) -> Result<Outcome, Error> {
        match self.stop(Instant::now() + grace) {
            Outcome::Clean => Err(error),
            stuck @ Outcome::Stuck(_) => {
                error!(%error, "Server cannot start");
                Ok(stuck)
            }
        }
    }

    /// Lets every worker leave; interrupts those that have not shortly after `deadline`.
    fn stop(&mut self, deadline: Instant) -> Outcome {
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
                recv(self.commands) -> _ => {
                    self.commands = never();
                    return Woken::Shutdown;
                }
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
