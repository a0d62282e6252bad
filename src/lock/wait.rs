//! A place in the queue of a lock.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use parking_lot::Mutex;

use super::{
    Locks,
    queue::{Id, Place},
    table::Name,
    wake,
};

/// What comes of asking for a lock.
#[derive(Debug)]
pub enum Asked {
    /// It is there.
    Granted,
    /// Somebody else has it.
    Wait(Wait),
}

/// A place in the queue of a lock. Whoever drops it, without [`Wait::finish`], gives up: a lock that it has got meanwhile is
/// released.
///
/// As a future it ends when the lock is there; then [`Wait::finish`] takes it.
#[must_use = "dropping it gives the lock up"]
#[derive(Debug)]
pub struct Wait {
    locks: Arc<Locks>,
    ticket: Arc<Ticket>,
    finished: bool,
}

/// What the queue knows of who waits.
#[derive(Debug)]
pub(super) struct Ticket {
    pub(super) name: Name,
    pub(super) id: Id,
    pub(super) place: Place,
    /// Set under the lock of the table. Others see it late, but are woken behind it.
    granted: AtomicBool,
    /// It is not in the queue any more.
    settled: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

// === impl Wait ===

impl Wait {
    pub(super) fn new(locks: Arc<Locks>, ticket: Arc<Ticket>) -> Self {
        Self { locks, ticket, finished: false }
    }

    /// Whether there is nothing more to wait for. If not, `waker` will be called when there is.
    pub fn is_settled(&self, waker: &Waker) -> bool {
        let mut place = self.ticket.waker.lock();
        if self.ticket.settled.load(Ordering::Acquire) {
            return true;
        }
        match &mut *place {
            Some(before) => before.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        false
    }

    /// Ends the wait, and says whether the lock is there.
    pub fn finish(mut self) -> bool {
        self.end(true)
    }

    fn end(&mut self, keep: bool) -> bool {
        self.finished = true;
        let (granted, woken) = self.locks.with(|table, now| table.finish(&self.ticket, keep, now));
        wake(woken);
        granted
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.is_settled(context.waker()) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if !self.finished {
            self.end(false);
        }
    }
}

// === impl Ticket ===

impl Ticket {
    pub(super) fn new(name: Name, id: Id, place: Place) -> Arc<Self> {
        Arc::new(Self {
            name,
            id,
            place,
            granted: AtomicBool::new(false),
            settled: AtomicBool::new(false),
            waker: Mutex::default(),
        })
    }

    /// It has its lock. Under the lock of the table.
    pub(super) fn grant(&self) {
        self.granted.store(true, Ordering::Relaxed);
    }

    /// Whether it has. Under the lock of the table.
    pub(super) fn is_granted(&self) -> bool {
        self.granted.load(Ordering::Relaxed)
    }

    /// It is not in the queue any more. Under no lock.
    pub(super) fn wake(&self) {
        // The lock is that under which a waker is left: either it is seen here, or who leaves it sees this.
        let waker = {
            let mut waker = self.waker.lock();
            self.settled.store(true, Ordering::Release);
            waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
