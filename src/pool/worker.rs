//! The record of one worker: who it is, what it does, how often it was booted.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    task::Waker,
    time::{Duration, Instant},
};

use crossbeam_channel::Sender;
use parking_lot::Mutex;
use tracing::{debug, info, warn};

use super::{
    crew::Crew,
    label::{InHand, Label},
    limits::{Limits, Reason},
    overseer::Progress,
    pool::{Event, Report},
};
use crate::handoff::{
    Blocked, Board, Envelope, Leave, Member, Missing, Outlet, Promise, Read, Received, Sealed, Seat, Sink, Source,
    Written, flow,
};

/// Shortest and longest pause before a script that failed to boot is tried again.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));

/// A PHP thread that runs the user's script, seen from outside.
#[derive(Debug)]
pub struct Worker<Q, A> {
    /// Name of the thread, and of the worker in logs: `rr-php-<pool>-<n>`.
    pub name: String,
    /// Name of the pool.
    pub pool: String,
    /// Number within the pool, from 0: that of its seat.
    pub number: usize,
    /// Which code it was started for: 0 at first, one more with each reload.
    pub release: u32,
    /// When its thread was started.
    pub started: Instant,
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
    /// Each run of the script is for one request, which is there before it.
    single: bool,
    limits: Limits,
    /// Requests that this run of the script may have.
    jobs: AtomicU64,
    /// Bytes of memory that PHP has taken for this worker, at its last wait.
    memory: AtomicUsize,
    /// A [`Reason`]: why the worker was asked to leave.
    why: AtomicU8,
    /// How far its request was taken by the overseer.
    pub(super) progress: Mutex<Progress>,
    /// The request in hand, in words.
    label: Label,
    /// Its last request took too long.
    overran: AtomicBool,
    /// Has come to a wait once.
    been_ready: AtomicBool,
    /// Between a boot that failed and the next one.
    pauses: AtomicBool,
    /// What the last run that failed to boot said.
    boot_error: Mutex<Option<String>>,
    /// Runs in a row that ended before their first wait; the pool hands it to the next thread.
    failures: AtomicU32,
    /// When the present state was entered. Of `Ready` and `Working` the seat knows more; of those this is the first wait of
    /// the run.
    since: Mutex<Instant>,
    /// When the script was booted.
    booted: Mutex<Instant>,
    /// Those that it belongs to.
    crew: Arc<Crew<Q, A>>,
    /// Number of the pool.
    of_pool: usize,
    /// The supervisor's ear.
    reports: Sender<Report>,
}

/// What a worker is made of.
pub(super) struct Recruit<'a, Q, A> {
    pub(super) pool: &'a str,
    pub(super) of_pool: usize,
    pub(super) number: usize,
    pub(super) release: u32,
    pub(super) seat: Seat<Q, A>,
    pub(super) max_runs: Option<u64>,
    pub(super) single: bool,
    pub(super) limits: &'a Limits,
    pub(super) failures: u32,
    pub(super) crew: &'a Arc<Crew<Q, A>>,
    pub(super) reports: &'a Sender<Report>,
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
    /// It cannot be made to end its request; another one has taken its place.
    Stuck,
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
    /// Bytes of memory that PHP has taken for it, at its last wait.
    pub memory: usize,
    /// What the script said that failed to boot last, until it boots.
    pub boot_error: Option<String>,
}

// === impl Worker ===

impl<Q, A> Worker<Q, A> {
    pub(super) fn new(recruit: Recruit<'_, Q, A>) -> Arc<Self> {
        let Recruit { pool, of_pool, number, release, mut seat, max_runs, single, limits, failures, crew, reports } =
            recruit;
        if limits.concern_requests() {
            seat.oversee();
        }
        let now = Instant::now();
        Arc::new(Self {
            name: format!("rr-php-{pool}-{number}"),
            pool: pool.to_owned(),
            number,
            release,
            started: now,
            seat,
            state: AtomicU8::new(State::Booting as u8),
            requests: AtomicU64::new(0),
            before_run: AtomicU64::new(0),
            runs: AtomicU64::new(0),
            max_runs: max_runs.unwrap_or(u64::MAX),
            single,
            limits: limits.clone(),
            jobs: AtomicU64::new(u64::MAX),
            memory: AtomicUsize::new(0),
            why: AtomicU8::new(Reason::Ended as u8),
            progress: Mutex::default(),
            label: Label::new(),
            overran: AtomicBool::new(false),
            been_ready: AtomicBool::new(false),
            pauses: AtomicBool::new(false),
            boot_error: Mutex::default(),
            failures: AtomicU32::new(failures),
            since: Mutex::new(now),
            booted: Mutex::new(now),
            crew: Arc::clone(crew),
            of_pool,
            reports: reports.clone(),
        })
    }

    /// The script is about to run.
    pub fn boots(&self) {
        self.enter(State::Booting);
        self.seat.sits(nix::unistd::gettid().as_raw().cast_unsigned());
        *self.booted.lock() = Instant::now();
        self.why.store(Reason::Ended as u8, Ordering::Relaxed);
        self.jobs.store(self.limits.jobs_of_run(), Ordering::Relaxed);
        self.before_run.store(self.requests.load(Ordering::Relaxed), Ordering::Relaxed);
        self.runs.fetch_add(1, Ordering::Relaxed);
    }

    /// The script has asked for a request that was taken before it ran.
    pub fn works(&self) {
        self.state.store(State::Working as u8, Ordering::Release);
    }

    /// Says which request it has in hand, until its next wait. For the worker's thread.
    pub fn shows(&self, method: &str, target: &str) {
        self.label.write(method, target);
    }

    /// Which request it has in hand, if it has said so.
    pub fn in_hand_in_words(&self) -> Option<InHand> {
        self.label.read()
    }

    /// Remembers how many bytes PHP has taken for this worker.
    pub fn uses(&self, memory: usize) {
        self.memory.store(memory, Ordering::Relaxed);
    }

    /// Waits for a request; `None` when the worker is to leave its loop. For one that has offered nothing else.
    ///
    /// The request taken before is over with this call.
    pub fn wait(&self) -> Option<Sealed<Q, A>> {
        match self.receive() {
            Received::Request(sealed) => Some(sealed),
            Received::Errand | Received::Leave(_) => None,
        }
    }

    /// Waits for something to do.
    ///
    /// What was taken before is over with this call.
    pub fn receive(&self) -> Received<Q, A> {
        self.label.clear();
        let boots = self.state() == State::Booting;
        if boots {
            self.failures.store(0, Ordering::Relaxed);
            self.boot_error.lock().take();
            *self.since.lock() = Instant::now();
            // Before anybody can count on it.
            debug!(worker = %self.name, "Worker ready");
            self.been_ready.store(true, Ordering::Release);
        } else if let Some(reason) = self.is_due() {
            self.leave(Leave::Recycle, reason);
        }
        self.state.store(State::Ready as u8, Ordering::Release);
        if boots {
            // Who hears it looks at the state.
            self.report(Event::Ready);
        }
        if self.overran.load(Ordering::Relaxed) {
            self.overran.store(false, Ordering::Relaxed);
        }
        let received = self.seat.wait();
        if let Received::Leave(_) = received {
            self.enter(State::Draining);
        } else {
            self.state.store(State::Working as u8, Ordering::Release);
            // Written by this thread alone.
            self.requests.store(self.requests.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
        received
    }

    /// Lets the worker offer to do what is asked for on `board`. Once, for the worker's thread.
    pub fn join<C: Send + 'static, R: Send + 'static>(&self, board: &Arc<Board<C, R>>) -> Arc<Member<C, R>> {
        board.join(&self.seat)
    }

    /// Waits for the answer to what was asked, but not longer than `patience`. For the worker's thread.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn await_answer<C, R>(&self, promise: Promise<C, R>, patience: Duration) -> Result<R, Missing> {
        promise.wait(&self.seat, patience)
    }

    /// Why the worker is to be recycled at its wait, if it is.
    fn is_due(&self) -> Option<Reason> {
        let (limits, memory) = (&self.limits, self.memory.load(Ordering::Relaxed));
        let reason = if self.requests_of_run() >= self.jobs.load(Ordering::Relaxed) {
            Reason::MaxJobs
        } else if limits.max_memory.is_some_and(|most| memory as u64 >= most) {
            Reason::MaxMemory
        } else if limits.ttl.is_some_and(|ttl| self.booted.lock().elapsed() >= ttl) {
            Reason::Ttl
        } else {
            return None;
        };
        (!self.crew.is_held()).then_some(reason)
    }

    /// Looks at a worker that may be waiting: it is recycled if it is old enough, or had no request for long enough.
    pub(super) fn look(&self) {
        if self.state() != State::Ready || self.is_leaving() || self.crew.is_held() {
            return;
        }
        if self.limits.idle_ttl.is_some_and(|ttl| self.age() >= ttl) {
            self.leave(Leave::Recycle, Reason::IdleTtl);
        } else if self.limits.ttl.is_some_and(|ttl| self.booted.lock().elapsed() >= ttl) {
            self.leave(Leave::Recycle, Reason::Ttl);
        }
    }

    /// Tells the supervisor.
    pub(super) fn report(&self, event: Event) {
        // The supervisor has ended: nobody is interested any more.
        let _ = self.reports.send(Report { pool: self.of_pool, worker: self.number, event });
    }

    /// The script has ended: says what its thread is to do. May sleep, when the script fails to boot again and again.
    pub fn ended(&self, how: &Ended) -> Next {
        let booted = self.state() != State::Booting;
        let why = self.seat.leaving();
        self.label.clear();
        self.seat.settle();
        match (why, how) {
            (Some(Leave::Stop), _) => return self.end(Next::Leave),
            (Some(Leave::Retire), _) => {
                self.crew.turnover.recycled(self.why());
                debug!(worker = %self.name, reason = %self.why(), "Worker leaves");
                return self.end(Next::Leave);
            }
            (Some(Leave::Recycle), _) => {
                self.crew.turnover.recycled(self.why());
                debug!(worker = %self.name, reason = %self.why(), "Worker recycled");
            }
            (None, _) if self.overran.swap(false, Ordering::Relaxed) => {
                self.why.store(Reason::ExecTtl as u8, Ordering::Relaxed);
                self.crew.turnover.recycled(Reason::ExecTtl);
                warn!(worker = %self.name, reason = %Reason::ExecTtl, "Worker script ended by the limit of its request");
            }
            (None, Ended::Exit(_)) if self.single => debug!(worker = %self.name, "Request is over"),
            (None, Ended::Exit(status)) => {
                if booted {
                    self.crew.turnover.recycled(Reason::Ended);
                }
                if booted && *status == 0 {
                    info!(worker = %self.name, "Worker script ended");
                } else {
                    warn!(worker = %self.name, status, booted, "Worker script ended");
                }
            }
            (None, Ended::Fatal(error)) => {
                if booted {
                    self.crew.turnover.failed();
                }
                warn!(worker = %self.name, booted, error, "Worker script failed");
            }
        }
        self.seat.stay();
        if !booted && !self.single {
            self.crew.turnover.boot_failed();
            let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
            let error = how.to_string();
            *self.boot_error.lock() = Some(error.clone());
            self.report(Event::BootFailed { failures, error });
            let pause = back_off(failures);
            debug!(worker = %self.name, failures, pause_seconds = pause.as_secs_f32(), "Worker boots again after a pause");
            self.pauses.store(true, Ordering::Relaxed);
            self.seat.pause(pause);
            self.pauses.store(false, Ordering::Relaxed);
        }
        match self.seat.leaving() {
            Some(Leave::Stop | Leave::Retire) => self.end(Next::Leave),
            _ if self.runs.load(Ordering::Relaxed) >= self.max_runs => self.end(Next::Replace),
            _ => Next::Run,
        }
    }

    fn end(&self, next: Next) -> Next {
        self.enter(State::Stopped);
        next
    }

    /// Asks the worker to leave its loop at its next wait. Recycling runs the script again, all else is final.
    pub fn leave(&self, how: Leave, why: Reason) {
        self.why.store(why as u8, Ordering::Relaxed);
        self.seat.leave(how);
    }

    /// Why the worker was asked to leave.
    pub fn why(&self) -> Reason {
        Reason::from_byte(self.why.load(Ordering::Relaxed))
    }

    /// Nobody waits any more for a worker that cannot be made to end its request. If it comes back after all, its thread
    /// ends.
    pub(super) fn give_up(&self) {
        self.enter(State::Stuck);
        self.seat.leave(Leave::Retire);
    }

    /// Returns whether the worker is to leave its loop.
    pub fn is_leaving(&self) -> bool {
        self.seat.leaving().is_some()
    }

    /// Returns whether the whole pool ends.
    pub fn is_stopping(&self) -> bool {
        self.seat.leaving() == Some(Leave::Stop)
    }

    /// The number that the system has given its thread, once it runs.
    pub fn thread(&self) -> Option<u32> {
        self.seat.thread()
    }

    /// Whether its script has failed to boot, and has not booted since.
    pub fn has_failed(&self) -> bool {
        self.failures.load(Ordering::Relaxed) > 0
    }

    /// Whether it has come to a wait since its thread was started.
    pub(super) fn has_been_ready(&self) -> bool {
        self.been_ready.load(Ordering::Acquire)
    }

    /// For how long the script has been booting, if it is.
    pub(super) fn boots_for(&self) -> Option<Duration> {
        let boots = self.state() == State::Booting && !self.pauses.load(Ordering::Relaxed);
        boots.then(|| self.booted.lock().elapsed())
    }

    /// Gives a request back for another worker to take.
    pub fn give_back(&self, envelope: Envelope<Q, A>) {
        self.seat.give_back(envelope);
    }

    /// Longest time that a request may take.
    pub fn exec_ttl(&self) -> Option<Duration> {
        self.limits.exec_ttl
    }

    /// Whether entries about slow requests say where in the code they were.
    pub fn traces(&self) -> bool {
        self.limits.slow.as_ref().is_none_or(|slow| slow.backtrace)
    }

    /// Whether requests of this worker are looked at from outside.
    pub fn is_overseen(&self) -> bool {
        self.limits.concern_requests()
    }

    /// Number of the request in hand, by which others name it; 0: there is none, or nobody looks. For the worker's thread.
    pub fn request_number(&self) -> u64 {
        self.seat.request_number()
    }

    /// Number and age of the request in hand of an overseen worker.
    pub(super) fn in_hand(&self) -> Option<(u64, Duration)> {
        self.seat.in_hand()
    }

    /// Ends request number `request` for its client, see [`Seat::time_out`].
    pub(super) fn time_out(&self, request: u64) -> bool {
        let had = self.seat.time_out(request);
        if had {
            self.crew.turnover.timed_out();
            self.overran.store(true, Ordering::Relaxed);
        }
        had
    }

    /// Whether the request in hand took too long. For the worker's thread.
    pub fn is_timed_out(&self) -> bool {
        self.seat.is_timed_out()
    }

    /// Creates a stream that this worker writes, of at most `capacity` bytes under way.
    pub fn flow<E: Send + 'static>(&self, capacity: usize) -> (Sink<E>, Source<E>) {
        let (sink, source) = flow(&self.seat, capacity);
        if self.is_overseen() {
            self.seat.streams(Some(sink.breaks()));
        }
        (sink, source)
    }

    /// The stream is not the worker's any more.
    pub fn parts_with_stream(&self) {
        self.seat.streams(None);
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

    /// Waits until `ready`, see [`Seat::block`], whose argument is what wakes the thread. For the worker's thread.
    pub fn block(&self, patience: Duration, mut ready: impl FnMut(&Waker) -> bool) -> Blocked {
        let waker = self.seat.waker();
        self.seat.block(patience, || ready(&waker))
    }

    /// See [`Seat::answered`]. For the worker's thread.
    pub fn answered(&self) {
        self.seat.answered();
    }

    /// The worker is about to be long at something, see [`Seat::yield_role`]. For the worker's thread.
    pub fn yield_role(&self) {
        self.seat.yield_role();
    }

    /// Ends a wait for room, or for what is to come.
    pub(super) fn interrupt(&self) {
        self.seat.interrupt();
    }

    /// Requests taken since the script was booted.
    pub fn requests_of_run(&self) -> u64 {
        self.requests.load(Ordering::Relaxed) - self.before_run.load(Ordering::Relaxed)
    }

    /// A number that changes whenever the worker's thread does anything in a wait.
    pub fn pulse(&self) -> u64 {
        self.seat.pulse()
    }

    /// Makes a worker that waits show its pulse.
    pub fn nudge(&self) {
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
            4 => State::Stopped,
            _ => State::Stuck,
        }
    }

    fn enter(&self, state: State) {
        self.state.store(state as u8, Ordering::Release);
        *self.since.lock() = Instant::now();
    }

    /// For how long it has been doing what it does.
    fn age(&self) -> Duration {
        let age = self.since.lock().elapsed();
        match self.state() {
            // What the seat remembers may be of a run, or of a worker, before.
            State::Ready | State::Working => self.seat.age().min(age),
            _ => age,
        }
    }

    /// Returns what the worker looks like now.
    pub fn snapshot(&self) -> Snapshot {
        let state = self.state();
        Snapshot {
            name: self.name.clone(),
            state,
            age: self.age(),
            requests: self.requests.load(Ordering::Relaxed),
            memory: self.memory.load(Ordering::Relaxed),
            boot_error: self.boot_error.lock().clone(),
        }
    }
}

fn back_off(failures: u32) -> Duration {
    BACK_OFF.0.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(BACK_OFF.1)
}

// === impl Ended ===

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exit(status) => write!(formatter, "it ended with status {status} before its first wait"),
            Self::Fatal(error) => formatter.write_str(error),
        }
    }
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
            Self::Stuck => "stuck",
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
