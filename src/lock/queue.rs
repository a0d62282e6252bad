//! One lock: who has it, and who waits for it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Tie, wait::Ticket};

/// Whose a lock is. Shared by the places that name it.
pub(super) type Id = Arc<[u8]>;

/// A place among those that wait: who came first has the lowest number. Before all of them are (`false`) those that share
/// the lock: nobody can have it before they are gone.
pub(super) type Place = (bool, u64);

/// A lock. There is one as long as somebody has it.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Whether the one that has it has it alone.
    exclusive: bool,
    /// Those that have it. Never empty between two calls.
    pub(super) holders: HashMap<Id, Holder>,
    /// Those that wait.
    pub(super) waiting: BTreeMap<Place, Waiting>,
}

/// Who has a lock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    /// When it is over; `None`: when it is released.
    pub(super) until: Option<Instant>,
    /// What it ends with.
    pub(super) tie: Option<Tie>,
}

/// Who waits for one.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: Id,
    pub(super) shared: bool,
    /// How long it is to be theirs.
    pub(super) ttl: Option<Duration>,
    pub(super) tie: Option<Tie>,
    pub(super) ticket: Arc<Ticket>,
}

// === impl Queue ===

impl Queue {
    /// Whether an id that comes now may have the lock at once.
    pub(super) fn admits(&self, id: &[u8], shared: bool) -> bool {
        if self.holders.is_empty() || self.exclusive {
            self.holders.is_empty()
        } else if self.holders.contains_key(id) {
            // It shares already, which nobody who waits can have before it is gone.
            shared || self.holders.len() == 1
        } else {
            shared && self.waiting.is_empty()
        }
    }

    /// Whether an id waits for all others to be gone, and not for itself.
    pub(super) fn is_raised(&self, id: &[u8], shared: bool) -> bool {
        !self.exclusive && !shared && self.holders.contains_key(id)
    }

    /// Whether the one that has waited longest may have the lock now.
    fn serves(&self, first: &Waiting) -> bool {
        match self.holders.len() {
            0 => true,
            _ if self.exclusive => false,
            1 if self.holders.contains_key(&first.id) => true,
            _ => first.shared,
        }
    }

    /// Takes the one out of the queue who has the lock next, if somebody may have it.
    pub(super) fn next(&mut self) -> Option<Waiting> {
        let served = self.waiting.first_key_value().is_some_and(|(_, first)| self.serves(first));
        if served { self.waiting.pop_first().map(|(_, first)| first) } else { None }
    }

    /// Gives the lock. What the id had of it before is returned.
    pub(super) fn give(&mut self, id: Id, shared: bool, holder: Holder) -> Option<Holder> {
        self.exclusive = !shared;
        self.holders.insert(id, holder)
    }
}
