//! The workers of a pool that live, for those who look at them from other threads.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use parking_lot::Mutex;

use super::{limits::Reason, worker::Worker};

/// The workers of a pool that live.
#[derive(Debug)]
pub struct Crew<Q, A> {
    workers: Mutex<Vec<Arc<Worker<Q, A>>>>,
    /// The code in place does not boot, or is not yet known to: what runs must stay.
    held: AtomicBool,
    /// What it says.
    broken: Mutex<Option<String>>,
    /// Runs of the script that came to their first wait and are over, by reason.
    recycled: [AtomicU64; Reason::ALL.len()],
}

// === impl Crew ===

impl<Q, A> Default for Crew<Q, A> {
    fn default() -> Self {
        Self {
            workers: Mutex::default(),
            held: AtomicBool::new(false),
            broken: Mutex::default(),
            recycled: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }
}

impl<Q, A> Crew<Q, A> {
    /// The workers that live now, those that are about to leave included.
    pub fn workers(&self) -> Vec<Arc<Worker<Q, A>>> {
        self.workers.lock().clone()
    }

    pub(super) fn add(&self, worker: &Arc<Worker<Q, A>>) {
        self.workers.lock().push(Arc::clone(worker));
    }

    pub(super) fn remove(&self, worker: &Arc<Worker<Q, A>>) {
        self.workers.lock().retain(|other| !Arc::ptr_eq(other, worker));
    }

    /// Whether workers are to go on although they are due: the code in place does not boot, or is not yet known to.
    pub(super) fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed)
    }

    /// What the code in place says that does not boot, if there is such.
    pub fn broken(&self) -> Option<String> {
        self.broken.lock().clone()
    }

    pub(super) fn set_broken(&self, broken: Option<&str>) {
        *self.broken.lock() = broken.map(str::to_owned);
    }

    /// A run of the script is over that came to its first wait.
    pub(super) fn count(&self, reason: Reason) {
        self.recycled[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many runs of the script are over that came to their first wait, by reason.
    pub fn recycled(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL.into_iter().zip(&self.recycled).map(|(reason, count)| (reason, count.load(Ordering::Relaxed)))
    }

    pub(super) fn hold(&self, held: bool) {
        self.held.store(held, Ordering::Relaxed);
    }
}
