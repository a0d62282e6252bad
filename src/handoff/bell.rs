//! Wakes one thread. A ring before the sleep is not lost.

use std::{
    sync::Arc,
    task::{Wake, Waker},
    time::Instant,
};

use super::sync::{AtomicBool, Mutex, Ordering, Thread, current, park};

/// Wakes the thread that sleeps here.
///
/// A ring costs a system call only if the thread really sleeps, and is one flag for many rings until then.
#[derive(Debug, Default)]
pub(super) struct Bell {
    /// Set by a ring, taken back by the sleeper.
    ///
    /// Ordering: `SeqCst`. The sleeper first leaves its handle and then looks here, a ring first sets this and then looks
    /// for a handle.
    rung: AtomicBool,
    /// Who slept here last.
    sleeper: Mutex<Option<Thread>>,
    /// Wakes the reactor that this thread drives, and in which it may sleep. Put in before the thread looks at `rung`, read
    /// behind a ring: one of the two sees the other.
    reactor: Mutex<Option<Waker>>,
}

// === impl Bell ===

impl Bell {
    pub(super) fn ring(&self) {
        if self.rung.swap(true, Ordering::SeqCst) {
            // Whoever rang before wakes the sleeper.
            return;
        }
        let sleeper = self.sleeper.lock().clone();
        if let Some(sleeper) = sleeper {
            sleeper.unpark();
        }
        let reactor = self.reactor.lock().clone();
        if let Some(reactor) = reactor {
            reactor.wake();
        }
    }

    /// The thread that sleeps here drives a reactor: a ring wakes that, too. It must look whether it [was
    /// rung](Self::was_rung) before the reactor may block.
    pub(super) fn rings_for(&self, reactor: Waker) {
        *self.reactor.lock() = Some(reactor);
    }

    /// It does so no longer. What wakes the reactor keeps it alive, and is dropped.
    pub(super) fn rings_alone(&self) {
        let reactor = self.reactor.lock().take();
        drop(reactor);
    }

    /// Returns whether it was rung, and takes that back. For the thread that sleeps here.
    pub(super) fn was_rung(&self) -> bool {
        self.rung.load(Ordering::SeqCst) && self.rung.swap(false, Ordering::SeqCst)
    }

    /// Sleeps until rung, or until `deadline`. One thread at a time.
    pub(super) fn sleep(&self, deadline: Option<Instant>) {
        let this = current();
        {
            let mut sleeper = self.sleeper.lock();
            if sleeper.as_ref().is_none_or(|sleeper| sleeper.id() != this.id()) {
                *sleeper = Some(this);
            }
        }
        // A park may end for no reason of ours.
        while !self.rung.swap(false, Ordering::SeqCst) {
            if park(deadline) {
                break;
            }
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}
