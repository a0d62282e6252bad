//! The rolling reload: workers of the new code come before those of the old one leave.
//!
//! A worker is started beside the others; when it is ready, one with older code leaves. If the new code does not boot, the
//! old workers stay. So there are never fewer workers ready than there are to be, and no request meets the change.

use std::time::Instant;

use crossbeam_channel::Sender;
use tracing::{error, info};

use super::{
    limits::Reason,
    pool::{Pool, Thread},
};

/// Boots of a worker that may fail in a row once another one has the new code.
const TRIES: u32 = 5;
/// The part of a pool that may be started beside it at a time.
const PART: usize = 4;

/// A reload under way.
pub(super) struct Reload {
    began: Instant,
    /// Those who want to know how it ends.
    waiting: Vec<Sender<Result<(), String>>>,
}

// === impl Pool ===

/// Workers that may be started beside a pool of `size`.
pub(super) fn beside(size: usize) -> usize {
    (size / PART).max(1)
}

impl<Q: Send + 'static, A: Send + 'static> Pool<Q, A> {
    /// Replaces every worker by one that runs the code of now. `done` is told how that ends; if another reload was under
    /// way, both end with this one.
    pub fn reload(&mut self, done: Option<Sender<Result<(), String>>>) {
        self.release += 1;
        let reload = self.reload.get_or_insert_with(|| Reload { began: Instant::now(), waiting: Vec::new() });
        reload.waiting.extend(done);
        // Recycled now, they would run the new code before it is known to boot.
        self.crew.hold(true);
        info!(pool = %self.name, "Reload: workers are replaced by new ones");
        self.balance();
    }

    /// Whether a reload is under way.
    pub fn reloads(&self) -> bool {
        self.reload.is_some()
    }

    /// How the last reload has ended, if it has since this was asked for.
    pub fn outcome(&mut self) -> Option<Result<(), String>> {
        self.outcome.take()
    }

    /// One step of the reload: what can be started is, what has a successor leaves.
    pub(super) fn roll(&mut self) {
        let release = self.release;
        let is_old = move |thread: &Thread<Q, A>| thread.worker.release < release;
        // What boots older code is of no use.
        while self.retire(|thread| is_old(thread) && !thread.worker.has_been_ready(), Reason::Reload) {}
        let ready = self.count(|thread| !is_old(thread) && thread.worker.has_been_ready());
        let mut old = self.count(is_old);
        while old > 0 && old + ready > self.size && self.retire(is_old, Reason::Reload) {
            old -= 1;
        }
        if old == 0 && ready >= self.size {
            self.reload_done();
            return;
        }
        let mut new = self.count(|thread| !is_old(thread));
        while new < self.size && new - ready < beside(self.size) && self.grow() {
            new += 1;
        }
    }

    fn reload_done(&mut self) {
        self.crew.hold(false);
        self.crew.set_broken(None);
        if let Some(Reload { began, waiting }) = self.reload.take() {
            let seconds = (began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
            info!(pool = %self.name, workers = self.size, seconds, "Reloaded");
            self.crew.turnover.reloaded(true);
            self.outcome = Some(Ok(()));
            for done in &waiting {
                let _ = done.try_send(Ok(()));
            }
        }
    }

    /// A worker with the new code has not booted, for so many times in a row. Unless another one has, the new code is given
    /// up; if another one has, after some more tries, those that have it stay.
    pub(super) fn reload_failed(&mut self, error: &str, failures: u32) {
        let release = self.release;
        let is_new = move |thread: &Thread<Q, A>| thread.worker.release == release;
        let booted = self.count(|thread| is_new(thread) && thread.worker.has_been_ready());
        if self.reload.is_none() || booted > 0 && failures < TRIES {
            return;
        }
        error!(pool = %self.name, booted, error, "Reload failed: the workers with the code before go on");
        // They are held until another reload succeeds: what runs must not be given up for code that does not boot.
        self.crew.set_broken(Some(error));
        while self.retire(|thread| is_new(thread) && !thread.worker.has_been_ready(), Reason::Reload) {}
        self.reload_abandoned(error);
        self.balance();
    }

    /// Tells those who wait that the reload has come to nothing.
    pub(super) fn reload_abandoned(&mut self, error: &str) {
        if let Some(Reload { waiting, .. }) = self.reload.take() {
            self.crew.turnover.reloaded(false);
            self.outcome = Some(Err(error.to_owned()));
            for done in &waiting {
                let _ = done.try_send(Err(error.to_owned()));
            }
        }
    }
}
