//! A request on its way to a worker, and its answer on the way back.
//!
//! A connection has one line, used for one request after the other, so that a request costs no allocation here. An
//! envelope is answered exactly once. Where it is dropped instead, on any path, the drop answers.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use super::{
    clock::{self, Nanos, nanos},
    port::Port,
    sync::{AtomicBool, AtomicU64, AtomicUsize, Mutex, Ordering},
};

/// An answer that took longer is announced at once.
const PROMPT: Nanos = nanos(Duration::from_micros(200));

/// In place of the time at which a request was taken.
const EAGER: Nanos = 0;

/// Places that a line keeps for later requests: streams of one connection have as many under way at a time, or few more.
const KEPT: usize = 16;

/// What a connection hands its requests over by.
#[derive(Debug)]
pub struct Line<Q, A> {
    port: Arc<Port<Q, A>>,
    /// Places for requests, in the order of their last uses.
    slots: VecDeque<Arc<Slot<Q, A>>>,
}

/// The place that both sides share.
#[derive(Debug)]
pub(super) struct Slot<Q, A> {
    /// Used by one side at a time, so the lock is free; it stands for the proof that it is so. Who ends a request from
    /// outside (see `job.rs`) comes in between, and here is decided whose answer counts.
    contents: Mutex<Contents<Q, A>>,
    /// From the dispatch to the end of the wait for the answer. It stays where a worker may still believe that it is to
    /// answer. Ordering: relaxed, written by the connection's side alone, under the lock of `contents`.
    busy: AtomicBool,
    /// Set when nobody waits for the worker's answer any more. Ordering: relaxed, a hint that may come late; but who answers
    /// from outside sets it under the lock of `contents`.
    abandoned: AtomicBool,
    /// Whether the connection's task has looked for the answer before it was there, and is to be woken. Ordering: relaxed, written
    /// under the lock of `contents`; who fetches an answer has it from a worker that had the lock behind that.
    looked: AtomicBool,
    /// When the request was put in. Ordering: relaxed, the ring hands it over together with the slot.
    since: AtomicU64,
    /// When the answer was put in, if that is measured. Ordering: as that of `since`.
    answered: AtomicU64,
    /// When a worker took it; 0 = none has. Ordering: relaxed, the answer hands it over; without one it may come late.
    taken: AtomicU64,
    /// The number of that worker's seat, as `taken`.
    seat: AtomicUsize,
    /// Where answers of this line go.
    port: Arc<Port<Q, A>>,
}

#[derive(Debug)]
struct Contents<Q, A> {
    /// Put in by the connection, taken out by the worker.
    request: Option<Q>,
    /// Put in by the worker, taken out by the connection.
    answer: Option<Result<A, Unanswered>>,
    /// Of the connection's task; woken by its reactor alone.
    waker: Option<Waker>,
    /// How many requests were put in.
    number: u64,
}

/// A request that a worker has taken, still in its place. Opening moves it once, to where it is to stay.
#[must_use = "dropping it answers with `Unanswered::WorkerLost`"]
#[derive(Debug)]
pub struct Sealed<Q, A>(Replier<Q, A>);

/// A request together with the place where its answer is awaited.
#[must_use = "dropping an envelope answers it with `Unanswered::WorkerLost`"]
#[derive(Debug)]
pub struct Envelope<Q, A> {
    /// What the worker is to work on.
    pub request: Q,
    /// Where the answer goes.
    pub replier: Replier<Q, A>,
}

/// The right, and the duty, to answer one request.
#[must_use = "dropping a replier answers with `Unanswered::WorkerLost`"]
#[derive(Debug)]
pub struct Replier<Q, A> {
    /// `None` once the answer was given.
    slot: Option<Arc<Slot<Q, A>>>,
    /// When the worker took the request; [`EAGER`]: the answer is announced at once, and not left for the worker's next wait.
    taken: Nanos,
}

/// The answer that a connection waits for. Dropping it tells the worker that the client has gone.
#[derive(Debug)]
pub struct Pending<Q, A> {
    slot: Arc<Slot<Q, A>>,
    done: bool,
}

/// When a request was taken, and by whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Taken {
    /// When.
    pub at: Instant,
    /// The number of the worker's seat.
    pub seat: usize,
}

/// Why a request got no answer from a worker.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unanswered {
    /// The worker ended, or went on to its next wait, without answering.
    #[error("the worker did not answer")]
    WorkerLost,
    /// The pool was stopped before a worker took the request.
    #[error("the pool is stopping")]
    Stopping,
    /// No worker took the request within the time that it may wait.
    #[error("no worker was free in time")]
    Overdue,
    /// The worker took too long, and was not waited for.
    #[error("the worker did not answer in time")]
    TimedOut,
}

// === impl Line ===

impl<Q, A> Line<Q, A> {
    /// Creates a line whose answers go through `port`.
    pub fn new(port: &Arc<Port<Q, A>>) -> Self {
        Self { port: Arc::clone(port), slots: VecDeque::new() }
    }

    /// Another line whose answers go the same way.
    #[must_use]
    pub fn another(&self) -> Self {
        Self::new(&self.port)
    }

    pub(super) fn port(&self) -> &Port<Q, A> {
        &self.port
    }

    /// Puts a request on the line, in a place whose request before is over.
    pub(super) fn load(&mut self, request: Q, now: Nanos) -> (Arc<Slot<Q, A>>, Pending<Q, A>) {
        let slot = self.vacant();
        slot.since.store(now, Ordering::Relaxed);
        slot.taken.store(0, Ordering::Relaxed);
        {
            let mut contents = slot.contents.lock();
            slot.busy.store(true, Ordering::Relaxed);
            slot.looked.store(false, Ordering::Relaxed);
            contents.number += 1;
            contents.request = Some(request);
        }
        (Arc::clone(&slot), Pending { slot, done: false })
    }

    fn vacant(&mut self) -> Arc<Slot<Q, A>> {
        // One that has been in use for long must not keep the others from their turns.
        for _ in 0..2 {
            // Its worker may still believe that it is to answer.
            while self.slots.front().is_some_and(|slot| slot.is_abandoned()) {
                self.slots.pop_front();
            }
            let Some(slot) = self.slots.front().cloned() else { break };
            self.slots.rotate_left(1);
            if !slot.busy.load(Ordering::Relaxed) {
                return slot;
            }
        }
        let slot = Slot::new(&self.port);
        if self.slots.len() < KEPT {
            self.slots.push_back(Arc::clone(&slot));
        }
        slot
    }
}

// === impl Slot ===

impl<Q, A> Slot<Q, A> {
    fn new(port: &Arc<Port<Q, A>>) -> Arc<Self> {
        let contents = Contents { request: None, answer: None, waker: None, number: 0 };
        Arc::new(Self {
            contents: Mutex::new(contents),
            busy: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            looked: AtomicBool::new(false),
            since: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            taken: AtomicU64::new(0),
            seat: AtomicUsize::new(0),
            port: Arc::clone(port),
        })
    }

    /// Returns whether nobody waits for the answer any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// When the request was put in.
    pub(super) fn since(&self) -> Nanos {
        self.since.load(Ordering::Relaxed)
    }

    /// When the answer was put in.
    pub(super) fn answered(&self) -> Nanos {
        self.answered.load(Ordering::Relaxed)
    }

    /// Takes the request back out of a slot that no worker has seen.
    pub(super) fn unload(&self) -> Option<Q> {
        self.contents.lock().request.take()
    }

    /// Gives the request to the worker of seat number `seat`. `None` if its client has gone.
    pub(super) fn seal(self: Arc<Self>, seat: usize, eager: bool, now: Nanos) -> Option<Sealed<Q, A>> {
        if self.is_abandoned() {
            // The place may stay for long.
            drop(self.unload());
            return None;
        }
        self.seat.store(seat, Ordering::Relaxed);
        self.taken.store(now, Ordering::Relaxed);
        Some(Sealed(Replier { slot: Some(self), taken: if eager { EAGER } else { now } }))
    }

    /// Says why there is no answer.
    pub(super) fn refuse(self: Arc<Self>, reason: Unanswered) {
        drop(self.unload());
        Replier { slot: Some(self), taken: EAGER }.refuse(reason);
    }

    /// Which of its requests is in it.
    pub(super) fn number(&self) -> u64 {
        self.contents.lock().number
    }

    /// Answers request number `number` in place of its worker, whose own answer then finds nobody. Returns false if it was
    /// answered, or its client has left. [`Slot::deliver`] is to follow.
    pub(super) fn time_out(&self, number: u64) -> bool {
        let mut contents = self.contents.lock();
        let waited_for = self.busy.load(Ordering::Relaxed) && contents.answer.is_none() && !self.is_abandoned();
        if contents.number != number || !waited_for {
            return false;
        }
        contents.answer = Some(Err(Unanswered::TimedOut));
        self.abandoned.store(true, Ordering::Relaxed);
        true
    }

    /// Sees to it that an answer that was put in from outside is found.
    pub(super) fn deliver(self: Arc<Self>) {
        let port = Arc::clone(&self.port);
        if port.waits().is_some() {
            self.answered.store(clock::now(), Ordering::Relaxed);
        }
        port.push(self);
        port.announce();
    }

    /// Wakes the task that waits for the answer. Called by its reactor.
    pub(super) fn wake(&self) {
        if !self.looked.load(Ordering::Relaxed) {
            return;
        }
        // It stays for the next request, whose task is the same one as a rule.
        if let Some(waker) = &self.contents.lock().waker {
            waker.wake_by_ref();
        }
    }
}

// === impl Sealed ===

impl<Q, A> Sealed<Q, A> {
    /// Takes the request out.
    ///
    /// # Panics
    ///
    /// Never: a slot is filled before it is given to anybody, and has one worker.
    pub fn open(self) -> Envelope<Q, A> {
        let request = self.0.slot.as_ref().and_then(|slot| slot.contents.lock().request.take());
        Envelope { request: request.expect("a slot in the inbox is filled"), replier: self.0 }
    }

    /// Puts the request into a place, without a way round over the stack. Returns where its answer goes.
    pub fn open_into(self, place: &mut Option<Q>) -> Replier<Q, A> {
        if let Some(slot) = &self.0.slot {
            *place = slot.contents.lock().request.take();
        }
        self.0
    }

    /// Where the answer goes.
    pub(super) fn port(&self) -> Option<&Arc<Port<Q, A>>> {
        self.0.slot.as_ref().map(|slot| &slot.port)
    }

    pub(super) fn slot(&self) -> Option<&Arc<Slot<Q, A>>> {
        self.0.slot.as_ref()
    }
}

// === impl Replier ===

impl<Q, A> Replier<Q, A> {
    /// Returns whether nobody waits for the answer any more: the client has gone.
    pub fn is_abandoned(&self) -> bool {
        self.slot.as_ref().is_none_or(|slot| slot.abandoned.load(Ordering::Relaxed))
    }

    /// Hands the answer over. Returns false when the client has gone.
    pub fn answer(mut self, answer: A) -> bool {
        self.finish(Ok(answer))
    }

    /// Tells the waiting side why there is no answer.
    pub fn refuse(mut self, reason: Unanswered) {
        self.finish(Err(reason));
    }

    /// Puts a request back into its slot, for another worker.
    pub(super) fn reload(mut self, request: Q) -> Option<Arc<Slot<Q, A>>> {
        let slot = self.slot.take()?;
        slot.contents.lock().request = Some(request);
        Some(slot)
    }

    fn finish(&mut self, result: Result<A, Unanswered>) -> bool {
        let Some(slot) = self.slot.take() else { return false };
        {
            let mut contents = slot.contents.lock();
            if slot.is_abandoned() {
                return false;
            }
            contents.answer = Some(result);
        }
        let port = Arc::clone(&slot.port);
        if port.waits().is_some() {
            slot.answered.store(clock::now(), Ordering::Relaxed);
        }
        port.push(slot);
        // The worker may work on after its answer. If it was quick so far, the monitor still watches it.
        if self.taken == EAGER || (port.is_parked() && clock::now().saturating_sub(self.taken) > PROMPT) {
            port.announce();
        }
        true
    }
}

impl<Q, A> Drop for Replier<Q, A> {
    fn drop(&mut self) {
        self.taken = EAGER;
        self.finish(Err(Unanswered::WorkerLost));
    }
}

// === impl Pending ===

impl<Q, A> Pending<Q, A> {
    /// Who has taken the request, if anybody has; certain once it is answered.
    pub fn taken(&self) -> Option<Taken> {
        let at = self.slot.taken.load(Ordering::Relaxed);
        (at > 0).then(|| Taken { at: clock::moment(at), seat: self.slot.seat.load(Ordering::Relaxed) })
    }
}

impl<Q, A> Future for Pending<Q, A> {
    type Output = Result<A, Unanswered>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut contents = this.slot.contents.lock();
        if let Some(answer) = contents.answer.take() {
            // Answered from outside, the slot is lost for its line: its worker still holds it.
            this.slot.busy.store(matches!(answer, Err(Unanswered::TimedOut)), Ordering::Relaxed);
            this.done = true;
            return Poll::Ready(answer);
        }
        match &mut contents.waker {
            Some(waker) => waker.clone_from(context.waker()),
            place => *place = Some(context.waker().clone()),
        }
        this.slot.looked.store(true, Ordering::Relaxed);
        Poll::Pending
    }
}

impl<Q, A> Drop for Pending<Q, A> {
    fn drop(&mut self) {
        if !self.done {
            // The slot is lost for its line: `busy` stays.
            self.slot.abandoned.store(true, Ordering::Relaxed);
            let answer = self.slot.contents.lock().answer.take();
            drop(answer);
            self.slot.port.count_left();
        }
    }
}
