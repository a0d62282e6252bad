//! Wakes one thread. A ring before the sleep is not lost.

use std::time::Instant;

use super::sync::{Condvar, Mutex};

/// Wakes the thread that sleeps here.
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
    #[cfg(not(feature = "shuttle"))]
    pub(super) fn sleep(&self, deadline: Option<Instant>) {
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

    /// The model knows no time: a sleep with a deadline may end at once.
    #[cfg(feature = "shuttle")]
    pub(super) fn sleep(&self, deadline: Option<Instant>) {
        if deadline.is_some() {
            shuttle::thread::yield_now();
            *self.rung.lock() = false;
            return;
        }
        let mut rung = self.rung.lock();
        while !*rung {
            rung = self.wake.wait(rung);
        }
        *rung = false;
    }
}
