//! The record of one worker: who it is, what it does, how often it was booted.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::Sender;
use parking_lot::Mutex;
use tracing::{debug, info, warn};

use super::pool::Event;
use crate::handoff::{Blocked, Envelope, Leave, Outlet, Read, Received, Sealed, Seat, Sink, Source, Written, flow};

/// Shortest and longest pause before a script that failed to boot is tried again.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));

/// A PHP thread that runs the user's script, seen from outside.
#[derive(Debug)]
pub struct Worker<Q, A> {
    /// Name of the thread, and of the worker in logs: `rr-php-<pool>-<n>`.
    pub name: String,
    /// Name of the pool.
    pub pool: String,
    /// Number within the pool, from 0. A replacement has its predecessor's number.
    pub number: usize,
    /// Where the thread waits for requests.
    seat: Seat<Q, A>,
    /// A [`State`].
    state: AtomicU8,
    /// Requests taken since the thread was started.
    requests: AtomicU64,
    /// What `requests` was when the script was booted.
    before_run: AtomicU64,
    /// Times that the script was run on this thread.
    runs: AtomicU64,
    /// Bound of `runs`.
    max_runs: u64,
    /// Runs in a row that ended before their first wait; the pool hands it to the next thread.
    failures: AtomicU32,
    /// When the present state was entered, but for `Ready` and `Working`, of which the seat knows.
    since: Mutex<Instant>,
    /// The supervisor's ear.
    events: Sender<Event>,
}

/// What a worker does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum State {
    /// The script runs to its first wait.
    Booting,
    /// It waits for a request.
    Ready,
    /// It has a request, or works on after its answer.
    Working,
    /// It was told to leave its loop.
    Draining,
    /// Its thread has ended.
    Stopped,
}

/// How a run of the worker script ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ended {
    /// It returned, or called `exit()` with this status.
    Exit(i32),
    /// An uncaught exception or a fatal error ended it.
    Fatal(String),
}

/// What the thread does after a run of the script.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Next {
    /// Run the script again.
    Run,
    /// End; another thread takes over.
    Replace,
    /// End for good.
    Leave,
}

/// What a worker looked like at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Name of the worker.
    pub name: String,
    /// What it did.
    pub state: State,
    /// For how long.
    pub age: Duration,
    /// Requests taken since its thread was started.
    pub requests: u64,
}

// === impl Worker ===

impl<Q, A> Worker<Q, A> {
    pub(super) fn new(
        pool: &str,
        number: usize,
        seat: Seat<Q, A>,
        max_runs: Option<u64>,
        failures: u32,
        events: Sender<Event>,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: format!("rr-php-{pool}-{number}"),
            pool: pool.to_owned(),
            number,
            seat,
            state: AtomicU8::new(State::Booting as u8),
            requests: AtomicU64::new(0),
            before_run: AtomicU64::new(0),
            runs: AtomicU64::new(0),
            max_runs: max_runs.unwrap_or(u64::MAX),
            failures: AtomicU32::new(failures),
            since: Mutex::new(Instant::now()),
            events,
        })
    }

    /// The script is about to run.
    pub fn boots(&self) {
        self.enter(State::Booting);
        self.before_run.store(self.requests.load(Ordering::Relaxed), Ordering::Relaxed);
        self.runs.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits for a request; `None` when the worker is to leave its loop.
    ///
    /// The request taken before is over with this call.
    pub fn wait(&self) -> Option<Sealed<Q, A>> {
        if self.state() == State::Booting {
            self.failures.store(0, Ordering::Relaxed);
            // The supervisor has ended: nobody is interested any more.
            let _ = self.events.send(Event::Ready(self.number));
        }
        self.state.store(State::Ready as u8, Ordering::Release);
        match self.seat.wait() {
            Received::Request(sealed) => {
                self.state.store(State::Working as u8, Ordering::Release);
                // Written by this thread alone.
                self.requests.store(self.requests.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                Some(sealed)
            }
            Received::Leave(_) => {
                self.enter(State::Draining);
                None
            }
        }
    }

    /// The script has ended: says what its thread is to do. May sleep, when the script fails to boot again and again.
    pub fn ended(&self, how: &Ended) -> Next {
        let booted = self.state() != State::Booting;
        let why = self.seat.leaving();
        self.seat.settle();
        match (why, how) {
            (Some(Leave::Stop), _) => return self.end(Next::Leave),
            (Some(Leave::Recycle), _) => debug!(worker = %self.name, "Worker recycled"),
            (None, Ended::Exit(0)) if booted => info!(worker = %self.name, "Worker script ended"),
            (None, Ended::Exit(status)) => warn!(worker = %self.name, status, booted, "Worker script ended"),
            (None, Ended::Fatal(error)) => warn!(worker = %self.name, booted, error, "Worker script failed"),
        }
        self.seat.stay();
        if !booted {
            let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
            let _ = self.events.send(Event::BootFailed { worker: self.number, failures });
            let pause = back_off(failures);
            debug!(worker = %self.name, failures, pause_ms = pause.as_millis(), "Worker boots again after a pause");
            self.seat.pause(pause);
        }
        if self.seat.leaving() == Some(Leave::Stop) {
            return self.end(Next::Leave);
        }
        if self.runs.load(Ordering::Relaxed) >= self.max_runs {
            return self.end(Next::Replace);
        }
        Next::Run
    }

    fn end(&self, next: Next) -> Next {
        self.enter(State::Stopped);
        next
    }

    /// Asks the worker to leave its loop at its next wait. Stopping is final, recycling runs the script again.
    pub fn leave(&self, why: Leave) {
        self.seat.leave(why);
    }

    /// Returns whether the worker is to leave its loop.
    pub fn is_leaving(&self) -> bool {
        self.seat.leaving().is_some()
    }

    /// Returns whether the whole pool ends.
    pub fn is_stopping(&self) -> bool {
        self.seat.leaving() == Some(Leave::Stop)
    }

    /// Gives a request back for another worker to take.
    pub fn give_back(&self, envelope: Envelope<Q, A>) {
        self.seat.give_back(envelope);
    }

    /// Creates a stream that this worker writes, of at most `capacity` bytes under way.
    pub fn flow<E>(&self, capacity: usize) -> (Sink<E>, Source<E>) {
        flow(&self.seat, capacity)
    }

    /// Writes to a stream of this worker's, and waits for room, but not longer than `idle` for each piece. For the
    /// worker's thread.
    pub fn write<E>(&self, sink: &Sink<E>, bytes: &[u8], idle: Duration) -> Written {
        sink.write(&self.seat, bytes, idle)
    }

    /// Reads from a stream, and waits for what comes, but not longer than `patience`. For the worker's thread.
    pub fn read<E>(&self, outlet: &Outlet<E>, buffer: &mut [u8], patience: Duration) -> Read {
        outlet.read(&self.seat, buffer, patience)
    }

    /// Waits until all of a stream was collected, see [`Outlet::collect`]. For the worker's thread.
    pub fn collect<E>(&self, outlet: &Outlet<E>) -> Blocked {
        outlet.collect(&self.seat)
    }

    /// Ends a wait for room, or for what is to come.
    pub(super) fn interrupt(&self) {
        self.seat.interrupt();
    }

    /// Requests taken since the script was booted.
    pub fn requests_of_run(&self) -> u64 {
        self.requests.load(Ordering::Relaxed) - self.before_run.load(Ordering::Relaxed)
    }

    /// A number that changes whenever the worker's thread does anything in its wait.
    pub(super) fn pulse(&self) -> u64 {
        self.seat.pulse()
    }

    /// Makes a worker that waits show its pulse.
    pub(super) fn nudge(&self) {
        self.seat.nudge();
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Returns what the worker does.
    pub fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Booting,
            1 => State::Ready,
            2 => State::Working,
            3 => State::Draining,
            _ => State::Stopped,
        }
    }

    fn enter(&self, state: State) {
        self.state.store(state as u8, Ordering::Release);
        *self.since.lock() = Instant::now();
    }

    /// Returns what the worker looks like now.
    pub fn snapshot(&self) -> Snapshot {
        let state = self.state();
        Snapshot {
            name: self.name.clone(),
            state,
            age: match state {
                State::Ready | State::Working => self.seat.age(),
                _ => self.since.lock().elapsed(),
            },
            requests: self.requests.load(Ordering::Relaxed),
        }
    }
}

fn back_off(failures: u32) -> Duration {
    BACK_OFF.0.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(BACK_OFF.1)
}

// === impl State ===

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Booting => "booting",
            Self::Ready => "ready",
            Self::Working => "working",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_doubles_to_its_bound() {
        assert_eq!(back_off(1), Duration::from_millis(50));
        assert_eq!(back_off(2), Duration::from_millis(100));
        assert_eq!(back_off(8), Duration::from_millis(6400));
        assert_eq!(back_off(9), BACK_OFF.1);
        assert_eq!(back_off(u32::MAX), BACK_OFF.1);
    }
}
