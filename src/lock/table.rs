//! All locks by name, and when they are over. Knows what time it is from its callers alone.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Limits, LockError, Request, Tie,
    queue::{Holder, Id, Queue, Waiting},
    wait::Ticket,
};

/// The name of a lock. Shared by the places that name it.
pub(super) type Name = Arc<[u8]>;

/// Those that have their locks with this, and are to be woken.
pub(super) type Woken = Vec<Arc<Ticket>>;

/// What comes of asking.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The lock.
    Granted,
    /// Nothing: who asks does not wait.
    Refused,
    /// A place in the queue.
    Waits(Arc<Ticket>),
}

#[derive(Debug)]
pub(super) struct Table {
    limits: Limits,
    queues: HashMap<Name, Queue>,
    /// When locks are over.
    ends: BTreeSet<(Instant, Name, Id)>,
    /// Ties that have not ended, and what is tied to them.
    ties: BTreeMap<Tie, HashSet<(Name, Id)>>,
    /// Locks that somebody has: an id counts for each.
    held: usize,
    waiting: usize,
    /// The number of who waits next, and of the next tie.
    number: u64,
    /// Whether the timer is to end.
    pub(super) over: bool,
}

// === impl Table ===

impl Table {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            queues: HashMap::new(),
            ends: BTreeSet::new(),
            ties: BTreeMap::new(),
            held: 0,
            waiting: 0,
            number: 0,
            over: false,
        }
    }

    /// When the next lock is over.
    pub(super) fn next(&self) -> Option<Instant> {
        self.ends.first().map(|(end, ..)| *end)
    }

    pub(super) fn counts(&self) -> (usize, usize) {
        (self.held, self.waiting)
    }

    /// Gives a lock, or a place in its queue to who `waits`.
    pub(super) fn ask(
        &mut self,
        request: Request<'_>,
        waits: bool,
        now: Instant,
    ) -> (Result<Verdict, LockError>, Woken) {
        let woken = self.expire(now);
        (self.judge(request, waits, now), woken)
    }

    fn judge(&mut self, request: Request<'_>, waits: bool, now: Instant) -> Result<Verdict, LockError> {
        let Request { name, id, shared, ttl, tie } = request;
        self.check(name, id, tie)?;
        let queue = self.queues.get(name);
        let granted = queue.is_none_or(|queue| queue.admits(id, shared));
        if !granted && !waits {
            return Ok(Verdict::Refused);
        }
        let has = queue.is_some_and(|queue| queue.holders.contains_key(id));
        if !has && self.held + self.waiting >= self.limits.locks {
            return Err(LockError::TooMany(self.limits.locks));
        }
        let (name, id) = (self.name(name), Id::from(id));
        if granted {
            self.give(&name, &id, shared, Holder { until: end(ttl, now), tie });
            return Ok(Verdict::Granted);
        }
        if self.waiting >= self.limits.waiting {
            return Err(LockError::TooManyWait(self.limits.waiting));
        }
        self.number += 1;
        self.waiting += 1;
        let queue = self.queues.entry(Arc::clone(&name)).or_default();
        let place = (!queue.is_raised(&id, shared), self.number);
        let ticket = Ticket::new(name, Arc::clone(&id), place);
        queue.waiting.insert(place, Waiting { id, shared, ttl, tie, ticket: Arc::clone(&ticket) });
        Ok(Verdict::Waits(ticket))
    }

    fn check(&self, name: &[u8], id: &[u8], tie: Option<Tie>) -> Result<(), LockError> {
        let Limits { name: longest, id: longest_id, .. } = self.limits;
        match (name.len(), id.len()) {
            (0, _) => Err(LockError::NoName),
            (length, _) if length > longest => Err(LockError::LongName { length, most: longest }),
            (_, 0) => Err(LockError::NoId),
            (_, length) if length > longest_id => Err(LockError::LongId { length, most: longest_id }),
            _ if id == b"*" => Err(LockError::AnyId),
            _ if tie.is_some_and(|tie| !self.ties.contains_key(&tie)) => Err(LockError::Untied),
            _ => Ok(()),
        }
    }

    /// The name that the table has already, if it has.
    fn name(&self, name: &[u8]) -> Name {
        self.queues.get_key_value(name).map_or_else(|| Name::from(name), |(name, _)| Arc::clone(name))
    }

    fn give(&mut self, name: &Name, id: &Id, shared: bool, holder: Holder) {
        if let Some(until) = holder.until {
            self.ends.insert((until, Arc::clone(name), Arc::clone(id)));
        }
        if let Some(tied) = holder.tie.and_then(|tie| self.ties.get_mut(&tie)) {
            tied.insert((Arc::clone(name), Arc::clone(id)));
        }
        let before = self.queues.entry(Arc::clone(name)).or_default().give(Arc::clone(id), shared, holder);
        match before {
            None => self.held += 1,
            Some(before) => {
                if before.until != holder.until {
                    self.forget_end(name, id, before.until);
                }
                if before.tie != holder.tie {
                    self.forget_tie(name, id, before.tie);
                }
            }
        }
    }

    fn forget_end(&mut self, name: &Name, id: &Id, until: Option<Instant>) {
        if let Some(until) = until {
            self.ends.remove(&(until, Arc::clone(name), Arc::clone(id)));
        }
    }

    fn forget_tie(&mut self, name: &Name, id: &Id, tie: Option<Tie>) {
        if let Some(tied) = tie.and_then(|tie| self.ties.get_mut(&tie)) {
            tied.remove(&(Arc::clone(name), Arc::clone(id)));
        }
    }

    /// Takes a lock away. Returns false if the id does not have it.
    fn take_away(&mut self, name: &Name, id: &[u8]) -> bool {
        let Some((id, holder)) = self.queues.get_mut(name).and_then(|queue| queue.holders.remove_entry(id)) else {
            return false;
        };
        self.held -= 1;
        self.forget_end(name, &id, holder.until);
        self.forget_tie(name, &id, holder.tie);
        true
    }

    /// Gives a lock to those that wait and may have it now. Forgets one that nobody has.
    fn serve(&mut self, name: &Name, now: Instant, woken: &mut Woken) {
        while let Some(queue) = self.queues.get_mut(name) {
            let Some(Waiting { id, shared, ttl, tie, ticket }) = queue.next() else {
                if queue.holders.is_empty() {
                    self.queues.remove(name);
                }
                return;
            };
            self.waiting -= 1;
            // Whoever it was to end with has ended: its wait ends without.
            if tie.is_none_or(|tie| self.ties.contains_key(&tie)) {
                self.give(name, &id, shared, Holder { until: end(ttl, now), tie });
                ticket.grant();
            }
            woken.push(ticket);
        }
    }

    /// Takes away what is over.
    pub(super) fn expire(&mut self, now: Instant) -> Woken {
        let mut woken = Woken::new();
        while self.next().is_some_and(|end| end <= now) {
            let Some((_, name, id)) = self.ends.pop_first() else { break };
            self.take_away(&name, &id);
            self.serve(&name, now, &mut woken);
        }
        woken
    }

    pub(super) fn release(&mut self, name: &[u8], id: &[u8], now: Instant) -> (bool, Woken) {
        let mut woken = self.expire(now);
        let name = self.name(name);
        let released = self.take_away(&name, id);
        self.serve(&name, now, &mut woken);
        (released, woken)
    }

    pub(super) fn force_release(&mut self, name: &[u8], now: Instant) -> (bool, Woken) {
        let mut woken = self.expire(now);
        let name = self.name(name);
        let holders: Vec<Id> =
            self.queues.get(&name).map(|queue| queue.holders.keys().cloned().collect()).unwrap_or_default();
        for id in &holders {
            self.take_away(&name, id);
        }
        self.serve(&name, now, &mut woken);
        (!holders.is_empty(), woken)
    }

    pub(super) fn exists(&mut self, name: &[u8], id: Option<&[u8]>, now: Instant) -> (bool, Woken) {
        let woken = self.expire(now);
        let queue = self.queues.get(name);
        (queue.is_some_and(|queue| id.is_none_or(|id| queue.holders.contains_key(id))), woken)
    }

    pub(super) fn update(&mut self, name: &[u8], id: &[u8], ttl: Option<Duration>, now: Instant) -> (bool, Woken) {
        let woken = self.expire(now);
        let name = self.name(name);
        let until = end(ttl, now);
        let found = self.queues.get_mut(&name).and_then(|queue| {
            let id = queue.holders.get_key_value(id).map(|(id, _)| Arc::clone(id))?;
            let holder = queue.holders.get_mut(&id)?;
            Some((id, std::mem::replace(&mut holder.until, until)))
        });
        let Some((id, before)) = found else { return (false, woken) };
        self.forget_end(&name, &id, before);
        self.ends.extend(until.map(|until| (until, name, id)));
        (true, woken)
    }

    /// The wait of this ticket is over. Returns whether it has its lock; if it is not to `keep` it, it has none then.
    pub(super) fn finish(&mut self, ticket: &Ticket, keep: bool, now: Instant) -> (bool, Woken) {
        let mut woken = self.expire(now);
        if ticket.is_granted() {
            if !keep {
                self.take_away(&ticket.name, &ticket.id);
                self.serve(&ticket.name, now, &mut woken);
            }
            return (keep, woken);
        }
        let queue = self.queues.get_mut(&ticket.name);
        if queue.is_some_and(|queue| queue.waiting.remove(&ticket.place).is_some()) {
            self.waiting -= 1;
            // Those behind may have waited for this one alone.
            self.serve(&ticket.name, now, &mut woken);
        }
        (false, woken)
    }

    /// Begins something that locks can end with.
    pub(super) fn begin(&mut self) -> Tie {
        self.number += 1;
        let tie = Tie(self.number);
        self.ties.insert(tie, HashSet::new());
        tie
    }

    /// Releases what is tied. Returns how many locks these were.
    pub(super) fn end(&mut self, tie: Tie, now: Instant) -> (usize, Woken) {
        let mut woken = self.expire(now);
        let tied = self.ties.remove(&tie).unwrap_or_default();
        // All of them first: one of those that wait may get what is tied as well.
        for (name, id) in &tied {
            self.take_away(name, id);
        }
        for (name, _) in &tied {
            self.serve(name, now, &mut woken);
        }
        (tied.len(), woken)
    }

    /// Whether nothing is left of locks that nobody has.
    #[cfg(test)]
    pub(super) fn is_tidy(&self) -> bool {
        let held: usize = self.queues.values().map(|queue| queue.holders.len()).sum();
        let waiting: usize = self.queues.values().map(|queue| queue.waiting.len()).sum();
        let holders = self.queues.values().flat_map(|queue| queue.holders.values());
        let ending = holders.clone().filter(|holder| holder.until.is_some()).count();
        let tied = holders.filter(|holder| holder.tie.is_some()).count();
        (held, waiting, ending) == (self.held, self.waiting, self.ends.len())
            && tied == self.ties.values().map(HashSet::len).sum::<usize>()
            && self.queues.values().all(|queue| !queue.holders.is_empty())
    }
}

/// When a time from now is over; one that no clock can tell never is.
fn end(ttl: Option<Duration>, now: Instant) -> Option<Instant> {
    ttl.and_then(|ttl| now.checked_add(ttl))
}
