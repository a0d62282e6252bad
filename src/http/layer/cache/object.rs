//! A response that is stored, and how old it is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::{
    clock::Moment,
    key::{Key, Selection},
};

/// What a stored response takes beside what can be counted.
const OVERHEAD: usize = 768;
/// The same for each header.
const PER_HEADER: usize = 64;

/// A response that is stored.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) key: Key,
    pub(super) facts: Facts,
    pub(super) body: Bytes,
    /// When it came.
    pub(super) since: Moment,
    /// It was asked for since it was last considered for removal.
    pub(super) used: AtomicBool,
    /// Somebody asks for a newer one already.
    renewing: AtomicBool,
    /// It is stored no longer.
    pub(super) gone: AtomicBool,
}

/// What is known of a response that may be stored, before its body.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) selection: Selection,
    pub(super) status: StatusCode,
    /// Without those that belong to one connection or one client.
    pub(super) headers: HeaderMap,
    /// The tags that it can be removed by.
    pub(super) tags: Arc<[Box<str>]>,
    /// How old it was when it came.
    pub(super) initial_age: Duration,
    /// How old it may be.
    pub(super) lifetime: Duration,
    pub(super) rules: Rules,
}

/// How it may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rules {
    /// It is checked before each use.
    pub(super) no_cache: bool,
    /// Once stale it is checked before each use (`must-revalidate`, `proxy-revalidate`).
    pub(super) revalidate: bool,
    /// Its lifetime is for shared caches: clients may not accept it stale, though the response itself may say so.
    pub(super) shared: bool,
    /// How long it may be used once stale, while a newer one is asked for.
    pub(super) while_revalidating: Duration,
    /// How long it may be used once stale, if a newer one cannot be had.
    pub(super) if_error: Duration,
}

/// Ends the asking for a newer response when it is dropped.
#[derive(Debug)]
pub(super) struct Renewal(Arc<Object>);

// === impl Object ===

impl Object {
    pub(super) fn new(key: Key, facts: Facts, body: Bytes, since: Moment) -> Self {
        Self {
            key,
            facts,
            body,
            since,
            used: AtomicBool::new(false),
            renewing: AtomicBool::new(false),
            gone: AtomicBool::new(false),
        }
    }

    /// How old it is (RFC 9111 section 4.2.3).
    pub(super) fn age(&self, now: Moment) -> Duration {
        self.facts.initial_age.saturating_add(now.steady.saturating_sub(self.since.steady))
    }

    /// How long ago it became stale; `None` if it is fresh.
    pub(super) fn staleness(&self, now: Moment) -> Option<Duration> {
        self.age(now).checked_sub(self.facts.lifetime)
    }

    /// Seconds until it is stale; negative once it is.
    pub(super) fn time_to_live(&self, now: Moment) -> i64 {
        let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        seconds(self.facts.lifetime) - seconds(self.age(now))
    }

    /// Whether it is not in the store any more: it was removed, or another one has its place.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// Whether it may be used in place of an error.
    pub(super) fn stands_in(&self, now: Moment) -> bool {
        let Rules { no_cache, revalidate, if_error, .. } = self.facts.rules;
        !self.is_gone()
            && !no_cache
            && !revalidate
            && !if_error.is_zero()
            && self.staleness(now).is_none_or(|over| over <= if_error)
    }

    /// Begins to ask for a newer one, unless somebody does so already, or has it.
    pub(super) fn renew(self: &Arc<Self>) -> Option<Renewal> {
        let first = !self.renewing.swap(true, Ordering::Acquire);
        // Who was the first before has put the newer one in its place.
        (first && !self.is_gone()).then(|| Renewal(Arc::clone(self)))
    }

    /// Bytes of memory that it takes, about.
    pub(super) fn weight(&self) -> usize {
        let Facts { headers, tags, selection, .. } = &self.facts;
        let headers: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + PER_HEADER).sum();
        let tags: usize = tags.iter().map(|tag| 2 * tag.len() + PER_HEADER).sum();
        OVERHEAD + self.body.len() + headers + tags + self.key.weight() + selection.weight()
    }
}

// === impl Renewal ===

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.renewing.store(false, Ordering::Release);
    }
}
