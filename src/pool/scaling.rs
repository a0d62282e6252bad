//! The size of a pool under load: it grows while requests wait for a worker, and shrinks when workers have nothing to do.
//!
//! What counts is how long requests wait in the inbox, not how many workers are busy: a busy pool that keeps up needs no
//! more of them.

use std::time::{Duration, Instant};

use tracing::info;

use super::{
    config::Dynamic,
    limits::Reason,
    pool::{Pool, Thread},
    worker::State,
};

/// Time between two looks while requests come, and while none do.
const LOOK: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(500));
/// A request that waits for longer deserves another worker.
const WAIT: Duration = Duration::from_millis(20);

/// What was seen of a pool at the last look.
pub(super) struct Scaling {
    dynamic: Dynamic,
    due: Instant,
    /// Requests taken until then.
    taken: u64,
    /// Requests that waited then.
    waiting: usize,
    /// They had waited for too long.
    long: bool,
}

// === impl Scaling ===

impl Scaling {
    pub(super) fn new(dynamic: &Dynamic) -> Self {
        Self { dynamic: dynamic.clone(), due: Instant::now() + LOOK.1, taken: 0, waiting: 0, long: false }
    }

    pub(super) fn due(&self) -> Instant {
        self.due
    }
}

// === impl Pool ===

impl<Q: Send + 'static, A: Send + 'static> Pool<Q, A> {
    /// Looks whether the pool is too small or too big, if it is time.
    pub(super) fn scale(&mut self, now: Instant) {
        let Some(scaling) = self.scaling.as_mut().filter(|scaling| scaling.due <= now) else { return };
        let (waiting, taken) = (self.inbox.statistics().waiting, self.inbox.taken());
        let before = std::mem::replace(&mut scaling.taken, taken);
        let waited = std::mem::replace(&mut scaling.waiting, waiting);
        scaling.due = now + if taken == before && waiting == 0 { LOOK.1 } else { LOOK.0 };
        let Dynamic { max_workers, spawn_rate, idle_timeout } = scaling.dynamic;
        // Where none was taken, those that waited at the last look do so still.
        let longest = self.inbox.longest_wait();
        let long = waiting > 0 && (longest >= WAIT || (taken == before && waited > 0));
        let was_long = std::mem::replace(&mut scaling.long, long);
        if long {
            // Once is chance, such as a moment in which the machine was busy.
            if !was_long {
                return;
            }
            let booting = self.count(|thread| !thread.worker.has_been_ready());
            let room = (self.base + max_workers).saturating_sub(self.size);
            let more = waiting.saturating_sub(booting).min(spawn_rate).min(room);
            if more > 0 {
                info!(pool = %self.name, waiting, from = self.size, to = self.size + more, "Requests wait: the pool grows");
                self.size += more;
                self.balance();
            }
            return;
        }
        if self.size > self.base && self.reload.is_none() {
            self.shrink(idle_timeout);
        }
    }

    /// Lets those leave that have had no request for so long.
    fn shrink(&mut self, idle: Duration) {
        let idles = |thread: &Thread<Q, A>| {
            let worker = &thread.worker;
            worker.state() == State::Ready && worker.snapshot().age >= idle
        };
        let from = self.size;
        while self.size > self.base && self.retire(idles, Reason::Resize) {
            self.size -= 1;
        }
        if self.size != from {
            info!(pool = %self.name, from, to = self.size, "Workers had no requests: the pool shrinks");
            self.balance();
        }
    }
}
