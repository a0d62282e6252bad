//! What locks can end with: a run of a worker's script.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{Locks, wake};

/// The number of something that locks can end with.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Tie(pub(super) u64);

/// The runs of one worker's script, one after the other. What is tied to a run is released when it ends, whoever says so.
#[derive(Debug)]
pub struct Ties {
    locks: Arc<Locks>,
    run: Mutex<Run>,
}

#[derive(Debug)]
enum Run {
    /// Nothing was tied to it.
    Free,
    Tied(Tie),
    Over,
}

// === impl Ties ===

impl Ties {
    /// Before the first run.
    pub fn new(locks: Arc<Locks>) -> Self {
        Self { locks, run: Mutex::new(Run::Over) }
    }

    /// All locks.
    pub fn locks(&self) -> &Arc<Locks> {
        &self.locks
    }

    /// A run begins.
    pub fn begin(&self) {
        self.end();
        *self.run.lock() = Run::Free;
    }

    /// What locks end with that end with this run. `None`: it is over, which only somebody else can have said.
    pub fn tie(&self) -> Option<Tie> {
        let mut run = self.run.lock();
        match *run {
            Run::Free => {
                let tie = self.locks.table.lock().begin();
                *run = Run::Tied(tie);
                Some(tie)
            }
            Run::Tied(tie) => Some(tie),
            Run::Over => None,
        }
    }

    /// The run is over: what is tied to it is released. Returns how many locks these were.
    pub fn end(&self) -> usize {
        let Run::Tied(tie) = std::mem::replace(&mut *self.run.lock(), Run::Over) else { return 0 };
        let (count, woken) = self.locks.with(|table, now| table.end(tie, now));
        wake(woken);
        count
    }
}

impl Drop for Ties {
    fn drop(&mut self) {
        self.end();
    }
}
