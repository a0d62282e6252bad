//! Locks: names that one owner has for itself, or several share, for a bounded time or until they are released.
//!
//! They are in memory, of one process: PHP workers and callers of the RPC have the same ones. [`Locks`] decides who has
//! what; whoever cannot have a lock yet stands in a queue ([`Wait`]), first come first served, and is woken when it has it.
//! Nobody's thread waits in here, and no lock of ours is held while somebody does. The thread `rr-locks` ([`Timer`]) takes
//! locks away whose time is over; it sleeps while there is none that has a time. This room knows neither PHP nor a runtime.
//!
//! # Rules
//!
//! - A lock belongs to an id, whoever calls with it. An exclusive lock is never given twice, not even to its own id.
//! - An id that has a shared lock and asks for it again gets its time anew; one that asks for the exclusive lock has it once
//!   nobody else shares.
//! - Who asks for a shared lock stands behind those that wait for the exclusive one, so that readers do not starve them.

mod config;
mod methods;
mod queue;
mod table;
#[cfg(test)]
mod tests;
mod tie;
mod timer;
mod wait;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

pub use self::{
    config::Limits,
    tie::{Tie, Ties},
    timer::Timer,
    wait::{Asked, Wait},
};
use self::{
    table::{Table, Verdict},
    wait::Ticket,
};

/// All locks of a server.
#[derive(Debug)]
pub struct Locks {
    table: Mutex<Table>,
    /// Told when a lock will be over sooner than every other one, or the timer is to end.
    news: Condvar,
}

/// What somebody wants.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The name of the lock.
    pub name: &'a [u8],
    /// Whose it is to be.
    pub id: &'a [u8],
    /// Whether others may share it.
    pub shared: bool,
    /// How long it is theirs; `None`: until it is released.
    pub ttl: Option<Duration>,
    /// What it ends with, see [`Ties`].
    pub tie: Option<Tie>,
}

/// Why a lock cannot be asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// It has no name.
    #[error("the name of a lock must not be empty")]
    NoName,
    /// Its name is too long.
    #[error("the name of a lock has at most {most} bytes, one of {length} given")]
    LongName {
        /// Bytes that it has.
        length: usize,
        /// Bytes that it may have.
        most: usize,
    },
    /// It is to be nobody's. The words are those of RoadRunner.
    #[error("empty ID is not allowed")]
    NoId,
    /// The id is too long.
    #[error("the id of a lock has at most {most} bytes, one of {length} given")]
    LongId {
        /// Bytes that it has.
        length: usize,
        /// Bytes that it may have.
        most: usize,
    },
    /// The id stands for all of them.
    #[error("the id \"*\" stands for any: a lock cannot have it")]
    AnyId,
    /// There are too many.
    #[error("there are {0} locks, those that are waited for included: there is no room for another one")]
    TooMany(usize),
    /// Too many wait.
    #[error("{0} callers wait for locks: there is no room for another one")]
    TooManyWait(usize),
    /// What it was to end with has ended.
    #[error("the run of the script that the lock was to end with is over")]
    Untied,
}

// === impl Locks ===

impl Locks {
    /// No locks, within `limits`.
    pub fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { table: Mutex::new(Table::new(limits)), news: Condvar::new() })
    }

    /// Asks for a lock. Whoever does not have it at once is in the queue until the [`Wait`] ends.
    ///
    /// # Errors
    ///
    /// When it can never be had.
    pub fn ask(self: &Arc<Self>, request: Request<'_>) -> Result<Asked, LockError> {
        let (verdict, woken) = self.with(|table, now| table.ask(request, true, now));
        wake(woken);
        Ok(match verdict? {
            Verdict::Waits(ticket) => Asked::Wait(Wait::new(Arc::clone(self), ticket)),
            Verdict::Granted | Verdict::Refused => Asked::Granted,
        })
    }

    /// Takes a lock if that can be done at once.
    ///
    /// # Errors
    ///
    /// When it can never be had.
    pub fn take(&self, request: Request<'_>) -> Result<bool, LockError> {
        let (verdict, woken) = self.with(|table, now| table.ask(request, false, now));
        wake(woken);
        verdict.map(|verdict| matches!(verdict, Verdict::Granted))
    }

    /// Releases the lock of an id. Returns false if it has none.
    pub fn release(&self, name: &[u8], id: &[u8]) -> bool {
        let (released, woken) = self.with(|table, now| table.release(name, id, now));
        wake(woken);
        released
    }

    /// Releases a lock, whosever it is; those that wait for it have it next. Returns false if nobody has it.
    pub fn force_release(&self, name: &[u8]) -> bool {
        let (released, woken) = self.with(|table, now| table.force_release(name, now));
        wake(woken);
        released
    }

    /// Whether an id has a lock; `None`: anybody.
    pub fn exists(&self, name: &[u8], id: Option<&[u8]>) -> bool {
        let (exists, woken) = self.with(|table, now| table.exists(name, id, now));
        wake(woken);
        exists
    }

    /// Sets how long from now on an id has its lock; `None`: until it is released. Returns false if it has none.
    pub fn update(&self, name: &[u8], id: &[u8], ttl: Option<Duration>) -> bool {
        let (updated, woken) = self.with(|table, now| table.update(name, id, ttl, now));
        wake(woken);
        updated
    }

    /// How many locks there are, and how many wait for one.
    pub fn counts(&self) -> (usize, usize) {
        self.table.lock().counts()
    }

    /// Calls `inside` with the table, and tells the timer if something will be over sooner than it knows.
    fn with<T>(&self, inside: impl FnOnce(&mut Table, Instant) -> T) -> T {
        let mut table = self.table.lock();
        let before = table.next();
        let result = inside(&mut table, Instant::now());
        let sooner = match (before, table.next()) {
            (Some(before), Some(now)) => now < before,
            (None, Some(_)) => true,
            _ => false,
        };
        drop(table);
        if sooner {
            self.news.notify_one();
        }
        result
    }
}

/// Wakes those that have their locks now. Under no lock: they may look at once.
fn wake(woken: Vec<Arc<Ticket>>) {
    for ticket in woken {
        ticket.wake();
    }
}
