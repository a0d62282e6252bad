//! The request that a worker has in hand, for those who see to it that it ends: how old it is, and an end from outside.
//!
//! Only a seat that is [overseen](Seat::oversee) keeps this account. Each request of it has a number, and whoever ends one
//! names it, so that no other one is hit. Whether the request is still in hand is decided under the account's lock; who
//! answers it, under that of its slot.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    clock::{self, Nanos},
    flow::Breaks,
    line::{Sealed, Slot},
    seat::Seat,
    sync::{AtomicU64, Mutex, Ordering},
};

/// The account of one seat.
#[derive(Debug)]
pub(super) struct Account<Q, A> {
    job: Mutex<Option<Job<Q, A>>>,
    /// Number of the request in hand, 0 = none. Written by the seat's thread alone.
    number: AtomicU64,
    /// Number of the request taken last. Of the seat's thread alone.
    last: AtomicU64,
    /// Number of the last request that was ended from outside: the thread must not block for it any more.
    ended: AtomicU64,
}

/// A request in hand.
#[derive(Debug)]
struct Job<Q, A> {
    number: u64,
    taken: Nanos,
    what: What<Q, A>,
    /// What its answer is streamed through.
    stream: Option<Arc<dyn Breaks>>,
}

/// What is to be answered.
#[derive(Debug)]
enum What<Q, A> {
    /// A request: its slot, and which of the slot's requests it is.
    Request(Arc<Slot<Q, A>>, u64),
    /// An errand.
    Errand(Arc<dyn Breaks>),
}

// === impl Account ===

impl<Q, A> Default for Account<Q, A> {
    fn default() -> Self {
        Self { job: Mutex::new(None), number: AtomicU64::new(0), last: AtomicU64::new(0), ended: AtomicU64::new(0) }
    }
}

impl<Q, A> Account<Q, A> {
    /// A request was taken.
    pub(super) fn open(&self, sealed: &Sealed<Q, A>, taken: Nanos) {
        let Some(slot) = sealed.slot() else { return };
        self.begin(What::Request(Arc::clone(slot), slot.number()), taken);
    }

    /// An errand was taken.
    pub(super) fn open_errand(&self, errand: Arc<dyn Breaks>, taken: Nanos) {
        self.begin(What::Errand(errand), taken);
    }

    fn begin(&self, what: What<Q, A>, taken: Nanos) {
        let number = self.last.load(Ordering::Relaxed) + 1;
        self.last.store(number, Ordering::Relaxed);
        self.number.store(number, Ordering::Relaxed);
        *self.job.lock() = Some(Job { number, taken, what, stream: None });
    }

    /// It is over.
    pub(super) fn close(&self) {
        self.number.store(0, Ordering::Relaxed);
        let job = self.job.lock().take();
        drop(job);
    }

    /// Whether the request in hand was ended from outside. For the seat's thread.
    pub(super) fn is_ended(&self) -> bool {
        let number = self.number.load(Ordering::Relaxed);
        number != 0 && self.ended.load(Ordering::SeqCst) == number
    }
}

// === impl Seat ===

impl<Q, A> Seat<Q, A> {
    /// Number of the request in hand of an overseen seat, 0 for none. For the seat's thread.
    pub fn request_number(&self) -> u64 {
        self.account().map_or(0, |account| account.number.load(Ordering::Relaxed))
    }

    /// Whether the request in hand was ended from outside. For the seat's thread.
    pub fn is_timed_out(&self) -> bool {
        self.account().is_some_and(Account::is_ended)
    }

    /// Number and age of the request in hand of an overseen seat.
    pub fn in_hand(&self) -> Option<(u64, Duration)> {
        let job = self.account()?.job.lock();
        job.as_ref().map(|job| (job.number, Duration::from_nanos(clock::now().saturating_sub(job.taken))))
    }

    /// Remembers what the answer to the request in hand is streamed through, or that nothing is any more.
    pub(crate) fn streams(&self, stream: Option<Arc<dyn Breaks>>) {
        let Some(account) = self.account() else { return };
        let before = match &mut *account.job.lock() {
            Some(job) => std::mem::replace(&mut job.stream, stream),
            None => None,
        };
        drop(before);
    }

    /// Ends request number `number` for its client, if the worker still has it: it is answered with
    /// [`super::Unanswered::TimedOut`] if it was not answered, its streamed answer is cut off, and the worker does not block for
    /// it any more. Returns whether the worker had it.
    pub fn time_out(&self, number: u64) -> bool {
        let Some(account) = self.account() else { return false };
        let (answered, stream, errand) = {
            let mut place = account.job.lock();
            let Some(job) = place.as_mut().filter(|job| job.number == number) else { return false };
            // Before the answer, which may end what the worker waits for: it is to know why.
            account.ended.store(number, Ordering::SeqCst);
            let (answered, errand) = match &job.what {
                What::Request(slot, of_slot) => (slot.time_out(*of_slot).then(|| Arc::clone(slot)), None),
                What::Errand(errand) => (None, Some(Arc::clone(errand))),
            };
            (answered, job.stream.take(), errand)
        };
        if let Some(slot) = answered {
            slot.deliver();
        }
        for ends in stream.into_iter().chain(errand) {
            ends.break_off();
        }
        self.bell().ring();
        true
    }
}

impl fmt::Debug for dyn Breaks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Breaks")
    }
}
