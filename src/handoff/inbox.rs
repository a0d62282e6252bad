//! The bounded queue that all workers of a pool share, and the rule that wakes them.
//!
//! Waking a thread costs more than a short request. So a thread is not woken for each request, but once per pass of the
//! reactor (or every [`BATCH`]), and only if the threads that are awake will not take what waits soon enough: none of them
//! took work within [`FRESH`], or the queue at the measured mean would wait longer than [`BACKLOG`]. One thread is on its
//! way at a time. A thread that takes a request and leaves others behind applies the same rule. What the rule misjudges is
//! seen by the [`super::Monitor`].

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use crossbeam_utils::CachePadded;

use super::{
    bell::Bell,
    clock::{self, Nanos, nanos},
    idle::IdleSet,
    line::{Line, Pending, Slot, Unanswered},
    port::{Gift, Port},
    role::Word,
    seat::{Post, SLOW, Seat},
    sync::{ArrayQueue, AtomicBool, AtomicU64, AtomicUsize, Mutex, Ordering, fence},
    times::Times,
    waits::{Spread, Waits},
};
use crate::process;

/// Requests of so long are announced together.
pub(super) const BATCH: Nanos = nanos(Duration::from_micros(200));
/// A thread that took a request less long ago will be back at once.
const FRESH: Nanos = nanos(Duration::from_micros(200));
/// A queue that would wait longer deserves another thread.
const BACKLOG: Nanos = nanos(Duration::from_micros(200));
/// With no more room than this, requests are let in one at a time, so that no more fit than may.
const NEAR: usize = 64;
/// Those that wait are looked through so often, at most, within the time that they may wait.
const OFTEN: Nanos = 64;
/// After two handlers of so long, the reactor's own thread drives for a while.
pub(super) const LONG: Nanos = nanos(Duration::from_millis(1));
/// For so long answers are delivered before their workers go on, once one had to wait for what its worker did behind it.
const WORKS_ON: Nanos = nanos(Duration::from_secs(10));
/// Handlers faster than this never deserve another thread: it would take longer to come.
const SHORT: Nanos = nanos(Duration::from_micros(8));

/// Workers of all inboxes.
static WORKERS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

/// Requests that wait for a worker, and the posts of the workers that take them.
#[derive(Debug)]
pub struct Inbox<Q, A> {
    ring: ArrayQueue<Arc<Slot<Q, A>>>,
    /// Requests that may wait while all workers are busy.
    waiting: usize,
    /// Workers that requests are handed to. There are more seats: for those that come before others have left, and for
    /// threads that hang.
    workers: AtomicUsize,
    /// The seats below this one are looked at: none at or above it is taken.
    taken_seats: AtomicUsize,
    /// Held while a request is let in that may be the last one to fit.
    door: Mutex<()>,
    /// The seats that sleep.
    pub(super) idle: IdleSet,
    /// One per seat.
    pub(super) posts: Box<[CachePadded<Post>]>,
    /// Whether a woken thread has not arrived yet.
    pub(super) coming: AtomicBool,
    /// When the oldest request came that no thread was told of; 0 = none. A hint: written by reactors.
    unannounced: AtomicU64,
    /// Set once by [`Inbox::close`]. Ordering: `SeqCst`, in the same order as `idle`.
    closed: AtomicBool,
    /// Requests whose client had gone before a worker took them.
    abandoned: AtomicU64,
    /// Requests refused because the inbox was full.
    refused: AtomicU64,
    /// Requests refused because no worker took them in time.
    overdue: AtomicU64,
    /// How long a request may wait; 0 = for ever.
    patience: AtomicU64,
    /// When those that wait are to be looked through next.
    look_through: AtomicU64,
    /// Threads woken.
    wakes: AtomicU64,
    /// How long requests have waited, for each seat, if somebody wants to know.
    waits: OnceLock<Box<[CachePadded<Waits>]>>,
    /// Rung when something was put off that somebody must look at; see [`super::Monitor`].
    pub(super) monitor: Arc<Watch>,
    driven: OnceLock<Driven<Q, A>>,
    /// Until when no worker is given the role of driving one.
    hold: AtomicU64,
    /// Until when answers are delivered before their workers go on; 0 = they are not.
    works_on: AtomicU64,
    /// When a handler was last long; 0 = none was.
    long: AtomicU64,
    /// Whether requests waited at the monitor's last look while none was taken. Of the monitor alone.
    waited_before: AtomicBool,
    /// What the number of a seat is added to for a number that no other worker of any inbox has.
    base: u64,
}

/// The reactors that workers may drive.
#[derive(Debug)]
struct Driven<Q, A> {
    ports: Vec<Arc<Port<Q, A>>>,
    /// For how long none does after a slow handler.
    hold: Nanos,
}

/// How the monitor is woken.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) bell: Bell,
    pub(super) asleep: AtomicBool,
}

/// The inbox was full or closed. The request comes back untouched so that the caller can refuse it properly.
#[derive(Debug, thiserror::Error)]
#[error("no worker is free and the queue is full")]
pub struct Overloaded<Q>(pub Q);

/// Counters of an inbox.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Statistics {
    /// Requests that wait now.
    pub waiting: usize,
    /// Workers that sleep now.
    pub idle: usize,
    /// Requests whose client had gone before a worker took them, since the start.
    pub abandoned: u64,
    /// Requests refused because the inbox was full, since the start.
    pub refused: u64,
    /// Requests refused because no worker took them in time, since the start.
    pub overdue: u64,
    /// Worker threads woken, since the start.
    pub wakes: u64,
}

// === impl Inbox ===

impl<Q, A> Inbox<Q, A> {
    /// Creates an inbox for at most `workers` workers, `waiting` requests beyond those they work on, and `seats` threads.
    pub fn new(workers: usize, waiting: usize, seats: usize) -> Arc<Self> {
        Self::watched(workers, waiting, seats, Arc::default())
    }

    /// Creates another inbox that the same [`super::Monitor`] looks after.
    #[must_use]
    pub fn sister(&self, workers: usize, waiting: usize, seats: usize) -> Arc<Self> {
        Self::watched(workers, waiting, seats, Arc::clone(&self.monitor))
    }

    fn watched(workers: usize, waiting: usize, seats: usize, monitor: Arc<Watch>) -> Arc<Self> {
        Arc::new(Self {
            ring: ArrayQueue::new((workers + waiting).max(1)),
            waiting,
            workers: AtomicUsize::new(workers),
            taken_seats: AtomicUsize::new(0),
            door: Mutex::new(()),
            idle: IdleSet::new(seats),
            posts: (0..seats).map(|_| CachePadded::default()).collect(),
            coming: AtomicBool::new(false),
            unannounced: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            abandoned: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            overdue: AtomicU64::new(0),
            patience: AtomicU64::new(0),
            look_through: AtomicU64::new(0),
            wakes: AtomicU64::new(0),
            waits: OnceLock::new(),
            monitor,
            driven: OnceLock::new(),
            hold: AtomicU64::new(0),
            works_on: AtomicU64::new(0),
            long: AtomicU64::new(0),
            waited_before: AtomicBool::new(false),
            base: WORKERS.fetch_add(seats as u64, std::sync::atomic::Ordering::Relaxed),
        })
    }

    /// Lets workers drive the reactors of these ports; `hold`: for how long they do not after a handler that took a
    /// millisecond.
    pub fn let_drive(&self, ports: &[Arc<Port<Q, A>>], hold: Duration) {
        let _ = self.driven.set(Driven { ports: ports.to_vec(), hold: nanos(hold) });
    }

    pub(super) fn ports(&self) -> &[Arc<Port<Q, A>>] {
        self.driven.get().map_or(&[], |driven| &driven.ports)
    }

    /// A number of this seat that no other one of any inbox has.
    pub(super) fn worker(&self, seat: usize) -> u64 {
        self.base + seat as u64
    }

    /// The post of the worker that owns a role, if it is of this inbox.
    fn owner(&self, word: Word) -> Option<&Post> {
        let seat = word.worker()?.checked_sub(self.base)?;
        self.posts.get(usize::try_from(seat).ok()?).map(|post| &**post)
    }

    /// Whether the worker that owns a role is of this inbox.
    pub(super) fn is_of(&self, word: Word) -> bool {
        self.owner(word).is_some()
    }

    /// Whether a worker of this inbox that has lent a reactor to itself is long at its request because it waits for something, and
    /// not for its turn on a processor.
    pub(super) fn is_stuck(&self, word: Word, now: Nanos) -> bool {
        self.owner(word).is_some_and(|post| post.is_long(now) && post.thread().is_some_and(process::is_asleep))
    }

    /// A handler was long. One may have been off the processor for so long; a second one is no accident, and its like are better
    /// served by two threads: returns whether it is that, and holds.
    pub(super) fn was_long(&self, now: Nanos) -> bool {
        let before = self.long.swap(now, Ordering::Relaxed);
        let again = before > 0 && self.driven.get().is_none_or(|driven| now.saturating_sub(before) < driven.hold);
        if again {
            self.hold(now);
        }
        again
    }

    /// No worker is given the role of driving for a while.
    pub(super) fn hold(&self, now: Nanos) {
        if let Some(driven) = self.driven.get() {
            self.hold.store(now + driven.hold, Ordering::Relaxed);
        }
    }

    /// Whether the worker that owns a role is of this inbox, and works on behind its answer.
    pub(super) fn has_answered(&self, word: Word) -> bool {
        self.owner(word).is_some_and(Post::has_answered)
    }

    /// Whether a worker has worked on for long behind its answer.
    pub(super) fn works_behind_answers(&self, now: Nanos) -> bool {
        self.present().iter().any(|post| post.has_answered() && post.is_long(now))
    }

    /// An answer has waited for what its worker did behind it: for a while they are delivered before that.
    pub(super) fn deliver_first(&self, now: Nanos) {
        self.works_on.store(now + WORKS_ON, Ordering::Relaxed);
    }

    /// Whether they are now.
    pub(super) fn delivers_first(&self) -> bool {
        let until = self.works_on.load(Ordering::Relaxed);
        if until == 0 {
            return false;
        }
        let still = clock::now() < until;
        if !still {
            self.works_on.store(0, Ordering::Relaxed);
        }
        still
    }

    /// A look of the monitor; `still`: no request was taken since its last one. Returns whether somebody must be woken for those that
    /// wait. A worker that drives a reactor reads many before it takes the first: it has time until the next look.
    pub(super) fn is_stalled(&self, still: bool) -> bool {
        let waits = still && !self.is_empty();
        let before = self.waited_before.swap(waits, Ordering::Relaxed);
        waits && (before || self.present().iter().all(|post| post.driven() == 0))
    }

    /// Whether handlers are so fast that one thread serves them better than two.
    pub(super) fn is_fast(&self, post: &Post, now: Nanos) -> bool {
        post.mean() < SLOW && self.hold.load(Ordering::Relaxed) <= now
    }

    /// Sets how long a request may wait for a worker; none: for ever. One that waited longer is refused with
    /// [`Unanswered::Overdue`] by the worker that would take it, and by [`Inbox::refuse_overdue`].
    pub fn set_patience(&self, patience: Option<Duration>) {
        self.patience.store(patience.map_or(0, |patience| nanos(patience).max(1)), Ordering::Relaxed);
    }

    /// Leaves a request for the next free worker; `now` is the present, which the caller has read. Never blocks. Nobody is
    /// woken yet: [`Inbox::announce`] does that.
    ///
    /// # Errors
    ///
    /// Gives the request back when as many requests wait as may wait, or when the inbox is closed.
    pub fn try_dispatch(
        &self,
        line: &mut Line<Q, A>,
        request: Q,
        now: Instant,
    ) -> Result<Pending<Q, A>, Overloaded<Q>> {
        if self.is_closed() {
            return Err(Overloaded(request));
        }
        // Two reactors that count at the same time would both take the last place.
        let _door = (self.ring.len() + NEAR > self.waiting).then(|| self.door.lock());
        if self.is_full() && !(line.port().have_left() && self.sweep()) {
            // Whoever could make room must know.
            self.announce(line.port());
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(Overloaded(request));
        }
        let now = clock::at(now);
        let (slot, pending) = line.load(request, now);
        if let Err(slot) = self.ring.push(slot) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            if let Some(request) = slot.unload() {
                return Err(Overloaded(request));
            }
        }
        match self.unannounced.load(Ordering::Relaxed) {
            0 => self.unannounced.store(now, Ordering::Relaxed),
            since if now.saturating_sub(since) > BATCH => self.announce(line.port()),
            _ => {}
        }
        // A worker that drives takes it by itself.
        if !self.ports().is_empty() && !line.port().role.is_home() {
            line.port().has_come();
        }
        if self.is_closed() {
            self.refuse_waiting();
        }
        Ok(pending)
    }

    fn is_full(&self) -> bool {
        let queued = self.ring.len();
        queued >= self.waiting && queued >= self.waiting + self.free()
    }

    /// Throws away requests whose clients have left. Returns whether there is room now.
    fn sweep(&self) -> bool {
        self.keep(|_| true);
        !self.is_full()
    }

    /// Refuses requests that have waited for too long. For somebody who comes by from time to time: most calls only look
    /// at the clock.
    pub fn refuse_overdue(&self) {
        let patience = self.patience.load(Ordering::Relaxed);
        if patience == 0 || self.is_empty() {
            return;
        }
        let (now, due) = (clock::now(), self.look_through.load(Ordering::Relaxed));
        let next = now + patience / OFTEN;
        // Who comes second leaves it to the first.
        if now < due || self.look_through.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        let mut oldest = now;
        self.keep(|slot| {
            let overdue = self.is_overdue(slot, now);
            if !overdue {
                oldest = oldest.min(slot.since());
            }
            !overdue
        });
        self.look_through.store(next.max(oldest + patience), Ordering::Relaxed);
    }

    /// Looks through what waits: those whose clients have left go, those that are not `wanted` are refused.
    fn keep(&self, mut wanted: impl FnMut(&Slot<Q, A>) -> bool) {
        for _ in 0..self.ring.len() {
            let Some(slot) = self.ring.pop() else { break };
            if slot.is_abandoned() {
                drop(slot.unload());
                self.count_abandoned();
            } else if !wanted(&slot) {
                self.refuse_one(slot);
            } else if let Err(slot) = self.ring.push(slot) {
                // Another reactor took the place meanwhile.
                slot.refuse(Unanswered::Stopping);
            }
        }
    }

    /// Returns whether a request has waited for too long.
    pub(super) fn is_overdue(&self, slot: &Slot<Q, A>, now: Nanos) -> bool {
        let patience = self.patience.load(Ordering::Relaxed);
        patience != 0 && now.saturating_sub(slot.since()) >= patience
    }

    /// Refuses a request that has waited for too long.
    pub(super) fn refuse_one(&self, slot: Arc<Slot<Q, A>>) {
        self.overdue.fetch_add(1, Ordering::Relaxed);
        slot.refuse(Unanswered::Overdue);
    }

    /// Workers that have no request.
    fn free(&self) -> usize {
        let workers = self.workers.load(Ordering::Relaxed);
        workers.saturating_sub(self.present().iter().filter(|post| post.is_busy()).count())
    }

    /// Says to how many workers requests are handed now, those that hang included.
    pub fn set_workers(&self, workers: usize) {
        self.workers.store(workers, Ordering::Relaxed);
    }

    /// Says that no seat at or above `seats` is taken. Seats that are taken later count by themselves.
    pub fn set_taken_seats(&self, seats: usize) {
        self.taken_seats.store(seats, Ordering::SeqCst);
    }

    /// The posts of the seats that may be taken.
    fn present(&self) -> &[CachePadded<Post>] {
        &self.posts[..self.taken_seats.load(Ordering::Relaxed).min(self.posts.len())]
    }

    /// Applies the rule: wakes a thread if what waits deserves one. Called at the end of each pass of the reactor whose port
    /// this is.
    pub fn announce(&self, port: &Port<Q, A>) {
        if self.unannounced.load(Ordering::Relaxed) != 0 {
            self.unannounced.store(0, Ordering::Relaxed);
            // Pairs with the fence in `Seat::wait`: either this thread sees the idle bit or the seat sees the request.
            fence(Ordering::SeqCst);
            self.consider(clock::now(), Some(port));
        }
    }

    /// Announces what nobody was told of for 200 µs: for a reactor that does not come to the end of a pass.
    pub fn announce_overdue(&self, port: &Port<Q, A>) {
        let since = self.unannounced.load(Ordering::Relaxed);
        if since != 0 && clock::now().saturating_sub(since) > BATCH {
            self.announce(port);
        }
    }

    /// Wakes a thread if the rule says so, else sees to it that the monitor looks. `port`: of the reactor that runs on this thread.
    pub(super) fn consider(&self, now: Nanos, port: Option<&Port<Q, A>>) {
        let queued = self.ring.len();
        if queued == 0 {
            return;
        }
        if self.coming.load(Ordering::SeqCst) || !self.deserves(queued as u64, now, port) {
            self.monitor.poke();
            // It may have looked before another reactor's request came, of which this reactor's root task was not told.
            if let Some(port) = port.filter(|port| self.is_driven(port)) {
                port.wake_root();
            }
        } else if let Some(port) = port.filter(|port| !self.ports().is_empty() && port.can_give()) {
            self.give_or_wake(port, now);
        } else {
            self.wake_one();
        }
    }

    /// Whether a worker of this inbox drives the reactor of a port, on this thread.
    fn is_driven(&self, port: &Port<Q, A>) -> bool {
        let port = std::ptr::from_ref(port) as usize;
        self.present().iter().any(|post| post.drives(port))
    }

    fn deserves(&self, queued: u64, now: Nanos, port: Option<&Port<Q, A>>) -> bool {
        let driven = port.map(|port| std::ptr::from_ref(port) as usize);
        let (mut fresh, mut means) = (0, 0);
        for post in self.present() {
            if post.took_within(now, FRESH) || driven.is_some_and(|port| post.drives(port)) {
                fresh += 1;
                means += post.mean();
            }
        }
        if fresh == 0 {
            return true;
        }
        let mean = means / fresh;
        mean > SHORT && queued * mean / fresh > BACKLOG
    }

    /// Wakes one sleeping worker, if there is one.
    pub(super) fn wake_one(&self) {
        if let Some(seat) = self.idle.take_lowest() {
            self.wake(seat);
        }
    }

    fn wake(&self, seat: usize) {
        self.coming.store(true, Ordering::SeqCst);
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.posts[seat].bell.ring();
    }

    /// Wakes a sleeping worker, and lets it drive the reactor of `port` if it is likely to be back soon from each request.
    fn give_or_wake(&self, port: &Port<Q, A>, now: Nanos) {
        let Some(seat) = self.idle.take_lowest() else { return };
        let worker = &self.posts[seat];
        if worker.driven() != 0 || !self.is_fast(worker, now) {
            return self.wake(seat);
        }
        self.coming.store(true, Ordering::SeqCst);
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.monitor.poke();
        port.offer(Gift { worker: self.worker(seat), bell: Arc::clone(&worker.bell) });
    }

    /// Takes the oldest request whose client still waits.
    pub(super) fn take(&self) -> Option<Arc<Slot<Q, A>>> {
        self.ring.pop()
    }

    pub(super) fn count_abandoned(&self) {
        self.abandoned.fetch_add(1, Ordering::Relaxed);
    }

    /// Puts a request back that a worker took but leaves to another one.
    pub(super) fn give_back(&self, slot: Arc<Slot<Q, A>>) {
        match self.ring.push(slot) {
            Ok(()) => {
                fence(Ordering::SeqCst);
                self.wake_one();
                if self.is_closed() {
                    self.refuse_waiting();
                }
            }
            Err(slot) => slot.refuse(Unanswered::Stopping),
        }
    }

    /// Refuses everything that waits and comes, and lets every worker leave its wait. Irreversible.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.refuse_waiting();
        self.posts.iter().for_each(|post| post.bell.ring());
    }

    fn refuse_waiting(&self) {
        while let Some(slot) = self.ring.pop() {
            slot.refuse(Unanswered::Stopping);
        }
    }

    /// Returns whether the inbox was closed.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// Requests that were taken so far.
    pub fn taken(&self) -> u64 {
        self.posts.iter().map(|post| post.taken.load(Ordering::SeqCst)).sum()
    }

    /// Counts how long requests take, from now on.
    pub fn measure(&self) {
        self.posts.iter().for_each(|post| post.times.wind());
    }

    /// How long requests took, from their coming here to the end of their worker's work; `None`: nobody has asked that they
    /// be measured.
    pub fn times(&self) -> Option<Times> {
        let mut times = Times::default();
        self.posts.iter().for_each(|post| post.times.add_to(&mut times));
        (!times.counts.is_empty()).then_some(times)
    }

    /// How many requests may wait while all workers are busy.
    pub fn room(&self) -> usize {
        self.waiting
    }

    /// How long a request has waited at most that was taken since the last call.
    pub fn longest_wait(&self) -> Duration {
        let longest = self.posts.iter().map(|post| post.waited.swap(0, Ordering::Relaxed)).max();
        Duration::from_nanos(longest.unwrap_or_default())
    }

    /// For how long all workers together have had requests that are over.
    pub fn busy(&self) -> Duration {
        Duration::from_nanos(self.posts.iter().map(|post| post.busy()).sum())
    }

    /// Keeps account of how long requests wait, from now on.
    pub fn measure_waits(&self) {
        self.waits.get_or_init(|| self.posts.iter().map(|_| CachePadded::default()).collect());
    }

    /// Where that is kept, if it is.
    pub(super) fn waits(&self) -> Option<&[CachePadded<Waits>]> {
        self.waits.get().map(|waits| &**waits)
    }

    /// How long requests have waited that workers took; `None`: nobody wanted to know.
    pub fn waited(&self) -> Option<Spread> {
        let waits = self.waits()?;
        Some(waits.iter().fold(Spread::default(), |spread, waits| spread.with(waits)))
    }

    /// Returns the counters of this moment.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            waiting: self.ring.len(),
            idle: self.idle.len(),
            abandoned: self.abandoned.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            overdue: self.overdue.load(Ordering::Relaxed),
            wakes: self.wakes.load(Ordering::Relaxed),
        }
    }

    #[cfg(all(test, not(feature = "shuttle")))]
    pub(super) fn is_monitor_asleep(&self) -> bool {
        self.monitor.asleep.load(Ordering::SeqCst)
    }

    /// Returns the seat number `seat` of this inbox.
    ///
    /// # Panics
    ///
    /// When the inbox has no such seat.
    pub fn seat(self: &Arc<Self>, seat: usize) -> Seat<Q, A> {
        assert!(seat < self.posts.len(), "the inbox has {} seats, there is no seat {seat}", self.posts.len());
        self.taken_seats.fetch_max(seat + 1, Ordering::SeqCst);
        self.posts[seat].seat(0);
        Seat::new(Arc::clone(self), seat)
    }
}

// === impl Watch ===

impl Watch {
    /// Wakes the monitor if it sleeps.
    pub(super) fn poke(&self) {
        if self.asleep.load(Ordering::SeqCst) && self.asleep.swap(false, Ordering::SeqCst) {
            self.bell.ring();
        }
    }
}
