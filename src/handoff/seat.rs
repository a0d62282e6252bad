//! Where a worker thread waits: for a request of its pool, for mail of its own, for a word to leave.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering, fence},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};
use parking_lot::{Condvar, Mutex};

use super::{
    envelope::Envelope,
    inbox::{Inbox, Overloaded},
};

/// Requests that may be addressed to one worker at a time, beside what comes through the pool's inbox.
const MAILBOX: usize = 16;

/// One worker's place at the inbox of its pool.
///
/// One thread at a time may wait at a seat; any thread may send it mail or ask it to leave.
#[derive(Debug)]
pub struct Seat<Q, A> {
    inbox: Arc<Inbox<Q, A>>,
    /// Number of this seat in `inbox`: its idle bit and its bell.
    number: usize,
    /// Why the worker is to leave, see [`Leave`]; 0 = it is not.
    control: AtomicU8,
    /// Whether a request taken at this seat is still counted in the inbox's load.
    holding: AtomicBool,
    /// Both ends of what is addressed to this worker alone.
    mailbox: Mailbox<Q, A>,
}

type Mailbox<Q, A> = (Sender<Envelope<Q, A>>, Receiver<Envelope<Q, A>>);

/// What ended a wait.
#[derive(Debug)]
pub enum Received<Q, A> {
    /// A request to work on.
    Request(Envelope<Q, A>),
    /// The worker is to leave its loop.
    Leave(Leave),
}

/// Why a worker is to leave its loop.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Leave {
    /// This worker is replaced; the pool goes on.
    Recycle = 1,
    /// The pool ends.
    Stop = 2,
}

/// Wakes the thread at one seat. A ring before the sleep is not lost.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: Mutex<bool>,
    wake: Condvar,
}

// === impl Bell ===

impl Bell {
    pub(super) fn ring(&self) {
        *self.rung.lock() = true;
        self.wake.notify_one();
    }

    /// Sleeps until rung, or until `deadline`.
    fn sleep(&self, deadline: Option<Instant>) {
        let mut rung = self.rung.lock();
        while !*rung {
            match deadline {
                None => self.wake.wait(&mut rung),
                Some(deadline) => {
                    if self.wake.wait_until(&mut rung, deadline).timed_out() {
                        break;
                    }
                }
            }
        }
        *rung = false;
    }
}

// === impl Seat ===

impl<Q, A> Seat<Q, A> {
    pub(super) fn new(inbox: Arc<Inbox<Q, A>>, number: usize) -> Self {
        Self {
            inbox,
            number,
            control: AtomicU8::new(0),
            holding: AtomicBool::new(false),
            mailbox: crossbeam_channel::bounded(MAILBOX),
        }
    }

    /// Waits for the next thing to do. What was taken before is over with this call.
    pub fn wait(&self) -> Received<Q, A> {
        self.settle();
        loop {
            if let Some(received) = self.look() {
                // The wake meant for a waiting request may have reached this thread, which found something else first.
                if !self.inbox.is_empty() {
                    self.inbox.wake_one();
                }
                return received;
            }
            self.inbox.idle.insert(self.number);
            // Pairs with the fence in `Inbox::push`, and with those in `leave` and `send`.
            fence(Ordering::SeqCst);
            if self.inbox.is_empty() && self.mailbox.1.is_empty() && self.leaving().is_none() {
                self.inbox.bells[self.number].sleep(None);
            }
            self.inbox.idle.remove(self.number);
        }
    }

    /// The three inputs of a wait, the most urgent first.
    fn look(&self) -> Option<Received<Q, A>> {
        if let Some(leave) = self.leaving() {
            return Some(Received::Leave(leave));
        }
        if let Ok(envelope) = self.mailbox.1.try_recv() {
            return Some(Received::Request(envelope));
        }
        let envelope = self.inbox.take()?;
        self.holding.store(true, Ordering::Relaxed);
        Some(Received::Request(envelope))
    }

    /// Sleeps for `pause`, or shorter if the worker is asked to leave. Requests do not end it.
    pub fn pause(&self, pause: Duration) {
        self.settle();
        let deadline = Instant::now() + pause;
        while self.leaving().is_none() && Instant::now() < deadline {
            self.inbox.bells[self.number].sleep(Some(deadline));
        }
    }

    /// Ends the account of the request taken last: the worker is free, or gone.
    pub fn settle(&self) {
        if self.holding.swap(false, Ordering::Relaxed) {
            self.inbox.settle();
        }
    }

    /// Gives a request back for another worker to take.
    pub fn give_back(&self, envelope: Envelope<Q, A>) {
        self.holding.store(false, Ordering::Relaxed);
        self.inbox.give_back(envelope);
    }

    /// Puts a request into the mailbox of this very worker.
    ///
    /// # Errors
    ///
    /// Gives the envelope back when the mailbox is full.
    pub fn send(&self, envelope: Envelope<Q, A>) -> Result<(), Overloaded<Envelope<Q, A>>> {
        self.mailbox.0.try_send(envelope).map_err(|error| Overloaded(error.into_inner()))?;
        fence(Ordering::SeqCst);
        self.inbox.bells[self.number].ring();
        Ok(())
    }

    /// Asks the worker to leave at its next wait, or now if it waits. `Stop` outlasts `Recycle`.
    pub fn leave(&self, why: Leave) {
        self.control.fetch_max(why as u8, Ordering::SeqCst);
        self.inbox.bells[self.number].ring();
    }

    /// Takes back a request to recycle: the worker was replaced or re-run.
    pub fn stay(&self) {
        // A failed exchange means that nothing was asked, or that the worker must stop: both stay as they are.
        let _ = self.control.compare_exchange(Leave::Recycle as u8, 0, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Returns why the worker is to leave, if it is.
    pub fn leaving(&self) -> Option<Leave> {
        if self.inbox.is_closed() {
            return Some(Leave::Stop);
        }
        match self.control.load(Ordering::SeqCst) {
            0 => None,
            1 => Some(Leave::Recycle),
            _ => Some(Leave::Stop),
        }
    }
}
