//! The bounded queue that all workers of a pool share.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence},
};

use crossbeam_channel::{Receiver, Sender, TrySendError};

use super::{
    envelope::{Envelope, Pending, Unanswered, envelope},
    idle::IdleSet,
    seat::{Bell, Seat},
};

/// Requests that wait for a worker, and the seats of the workers that take them.
#[derive(Debug)]
pub struct Inbox<Q, A> {
    /// Filled by servers. Only ever used without blocking: sleeping is the business of the seats.
    sender: Sender<Envelope<Q, A>>,
    /// Emptied by the workers at their seats.
    receiver: Receiver<Envelope<Q, A>>,
    /// Requests taken or waiting, that is: not yet followed by a next wait of their worker.
    load: AtomicUsize,
    /// Bound of `load`: one request per worker plus those that may wait.
    limit: usize,
    /// The seats that sleep.
    pub(super) idle: IdleSet,
    /// One per seat; rung to wake the thread that sits there.
    pub(super) bells: Box<[Bell]>,
    /// Set once by [`Inbox::close`]. Ordering: `SeqCst`, in the same order as `idle`.
    closed: AtomicBool,
    /// Requests whose client had gone before a worker took them.
    abandoned: AtomicU64,
    /// Requests refused because the inbox was full.
    refused: AtomicU64,
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
}

// === impl Inbox ===

impl<Q, A> Inbox<Q, A> {
    /// Creates an inbox for `workers` workers, `waiting` requests beyond those they work on, and `seats` threads.
    ///
    /// There may be more seats than workers: a thread that hangs keeps its seat while another takes over its work.
    pub fn new(workers: usize, waiting: usize, seats: usize) -> Arc<Self> {
        let limit = workers.saturating_add(waiting).max(1);
        // The sum of ring and taken requests is bounded by `load`; the ring alone must hold the same number because
        // all workers may be away (booting) at once.
        let (sender, receiver) = crossbeam_channel::bounded(limit);
        Arc::new(Self {
            sender,
            receiver,
            load: AtomicUsize::new(0),
            limit,
            idle: IdleSet::new(seats),
            bells: (0..seats).map(|_| Bell::default()).collect(),
            closed: AtomicBool::new(false),
            abandoned: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        })
    }

    /// Hands `request` to the next free worker. Never blocks.
    ///
    /// # Errors
    ///
    /// Gives the request back when as many requests wait as may wait, or when the inbox is closed.
    pub fn try_dispatch(&self, request: Q) -> Result<Pending<A>, Overloaded<Q>> {
        if self.is_closed() || self.load.fetch_add(1, Ordering::Relaxed) >= self.limit {
            if !self.is_closed() {
                self.load.fetch_sub(1, Ordering::Relaxed);
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
            return Err(Overloaded(request));
        }
        let (envelope, pending) = envelope(request);
        match self.push(envelope) {
            Ok(()) => Ok(pending),
            Err(envelope) => {
                self.settle();
                Err(Overloaded(envelope.request))
            }
        }
    }

    /// Puts an envelope back that a worker took but gives to another one. It stays counted as before.
    pub fn give_back(&self, envelope: Envelope<Q, A>) {
        if let Err(envelope) = self.push(envelope) {
            envelope.replier.refuse(Unanswered::Stopping);
            self.settle();
        }
    }

    fn push(&self, envelope: Envelope<Q, A>) -> Result<(), Envelope<Q, A>> {
        match self.sender.try_send(envelope) {
            Ok(()) => {}
            Err(TrySendError::Full(envelope) | TrySendError::Disconnected(envelope)) => return Err(envelope),
        }
        // Pairs with the fence in `Seat::wait`: either this thread sees the idle bit or the seat sees the envelope.
        fence(Ordering::SeqCst);
        if self.is_closed() {
            self.refuse_waiting();
        } else {
            self.wake_one();
        }
        Ok(())
    }

    /// Takes the oldest request whose client still waits.
    pub(super) fn take(&self) -> Option<Envelope<Q, A>> {
        loop {
            let envelope = self.receiver.try_recv().ok()?;
            if !envelope.replier.is_abandoned() {
                return Some(envelope);
            }
            self.abandoned.fetch_add(1, Ordering::Relaxed);
            self.settle();
        }
    }

    /// Ends the account of one request: its worker is back at its wait, or it was never taken.
    pub(super) fn settle(&self) {
        self.load.fetch_sub(1, Ordering::Relaxed);
    }

    /// Wakes one sleeping worker, if there is one.
    pub(super) fn wake_one(&self) {
        if let Some(seat) = self.idle.take_lowest() {
            self.bells[seat].ring();
        }
    }

    /// Refuses everything that waits and comes, and lets every worker leave its wait. Irreversible.
    pub fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.refuse_waiting();
        for bell in &self.bells {
            bell.ring();
        }
    }

    fn refuse_waiting(&self) {
        while let Ok(envelope) = self.receiver.try_recv() {
            envelope.replier.refuse(Unanswered::Stopping);
            self.settle();
        }
    }

    /// Returns whether the inbox was closed.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }

    /// Returns the counters of this moment.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            waiting: self.receiver.len(),
            idle: self.idle.len(),
            abandoned: self.abandoned.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    /// Returns the seat number `seat` of this inbox.
    ///
    /// # Panics
    ///
    /// When the inbox has no such seat.
    pub fn seat(self: &Arc<Self>, seat: usize) -> Seat<Q, A> {
        assert!(seat < self.bells.len(), "the inbox has {} seats, there is no seat {seat}", self.bells.len());
        Seat::new(Arc::clone(self), seat)
    }
}
