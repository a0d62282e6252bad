//! Who drives a reactor: the thread that was made for it, or a worker that waits.
//!
//! The role has exactly one living owner at any time. A worker that drives *lends* it to itself while it works on a
//! request, and *regains* it at its next wait (or, to let an answer out, before), at the price of one exchange each. If the
//! request takes longer than thought, the monitor *steals* the role for the reactor's own thread, which is its *home*. That thread *gives* it to a worker
//! together with a wake that is needed anyway. A worker that ends, or is about to block, *retires*. What is given is lent until the
//! worker comes to its wait: it may be at work again.
//!
//! | state | owner | lent | the reactor is polled by |
//! |---|---|---|---|
//! | at home | home | no | its own thread |
//! | held | worker | no | the worker, in its wait, or once behind an answer |
//! | lent | worker | yes | nobody, until the worker comes back, or for one look of the monitor |

use super::sync::{AtomicU64, Ordering};

/// The owner of a role that is at home.
const HOME: u64 = 0;
/// Bits of an owner.
const OWNER: u32 = 32;

/// A role, its owner, and how often it has changed hands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Word(u64);

/// The right to drive one reactor, in the hands of the worker that holds it. `Role::regain` alone makes one, and while there is one
/// nobody else drives. It ends by `Role::lend` or `Role::hand_in`.
#[derive(Debug)]
#[must_use = "a role that is held must be lent or handed in, or nobody drives the reactor any more"]
pub struct Driver(Word);

/// Who may drive one reactor.
#[derive(Debug, Default)]
pub(super) struct Role {
    /// A [`Word`]. Ordering: `SeqCst`; all else that comes with the role is read after it.
    word: AtomicU64,
    /// Times that the role was given to a worker, and that it was stolen from one.
    given: AtomicU64,
    stolen: AtomicU64,
    /// Times that a worker gave it back by itself.
    retired: AtomicU64,
}

// === impl Word ===

impl Word {
    fn new(epoch: u64, owner: u64, lent: bool) -> Self {
        Self(epoch << (OWNER + 1) | owner << 1 | u64::from(lent))
    }

    fn epoch(self) -> u64 {
        self.0 >> (OWNER + 1)
    }

    /// Whether the owner is this worker.
    pub(super) fn is_of(self, worker: u64) -> bool {
        self.worker() == Some(worker)
    }

    /// The worker that is the owner, if one is.
    pub(super) fn worker(self) -> Option<u64> {
        self.owner().checked_sub(1)
    }

    fn owner(self) -> u64 {
        self.0 >> 1 & ((1 << OWNER) - 1)
    }

    fn is_lent(self) -> bool {
        self.0 & 1 == 1
    }

    /// As a number, which is never 0 for a role that is lent.
    pub(super) fn number(self) -> u64 {
        self.0
    }

    pub(super) fn of_number(number: u64) -> Self {
        Self(number)
    }

    fn next(self, owner: u64, lent: bool) -> Self {
        Self::new(self.epoch() + 1, owner, lent)
    }
}

// === impl Driver ===

impl Driver {
    fn end(self) -> Word {
        self.0
    }
}

// === impl Role ===

impl Role {
    fn word(&self) -> Word {
        Word(self.word.load(Ordering::SeqCst))
    }

    fn change(&self, from: Word, to: Word) -> bool {
        self.word.compare_exchange(from.0, to.0, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Whether the reactor's own thread is to drive.
    pub(super) fn is_home(&self) -> bool {
        self.word().owner() == HOME
    }

    /// The state in which nobody polls, if it is that.
    pub(super) fn lent(&self) -> Option<Word> {
        Some(self.word()).filter(|word| word.is_lent())
    }

    /// At home to lent. By the reactor's own thread, while it does not drive.
    pub(super) fn give(&self, worker: u64) {
        let word = self.word();
        debug_assert!(word.owner() == HOME);
        self.word.store(word.next(worker + 1, true).0, Ordering::SeqCst);
        self.given.fetch_add(1, Ordering::Relaxed);
    }

    /// Held to lent. What is returned is needed to get it back.
    pub(super) fn lend(&self, driver: Driver) -> Word {
        let held = driver.end();
        debug_assert!(self.word() == held && !held.is_lent());
        let lent = held.next(held.owner(), true);
        self.word.store(lent.0, Ordering::SeqCst);
        lent
    }

    /// Lent to held. `None`: it was stolen.
    pub(super) fn regain(&self, lent: Word) -> Option<Driver> {
        let held = lent.next(lent.owner(), false);
        self.change(lent, held).then_some(Driver(held))
    }

    /// Lent to at home, by the monitor. False: the worker was faster.
    pub(super) fn steal(&self, lent: Word) -> bool {
        let stolen = self.change(lent, lent.next(HOME, false));
        if stolen {
            self.stolen.fetch_add(1, Ordering::Relaxed);
        }
        stolen
    }

    /// Lent to at home, by the worker. False: it was stolen before.
    pub(super) fn retire(&self, lent: Word) -> bool {
        let retired = self.change(lent, lent.next(HOME, false));
        if retired {
            self.retired.fetch_add(1, Ordering::Relaxed);
        }
        retired
    }

    /// Held to at home, by the worker.
    pub(super) fn hand_in(&self, driver: Driver) {
        let held = driver.end();
        debug_assert!(self.word() == held);
        self.word.store(held.next(HOME, false).0, Ordering::SeqCst);
        self.retired.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn given(&self) -> u64 {
        self.given.load(Ordering::Relaxed)
    }

    pub(super) fn stolen(&self) -> u64 {
        self.stolen.load(Ordering::Relaxed)
    }

    pub(super) fn retired(&self) -> u64 {
        self.retired.load(Ordering::Relaxed)
    }
}
