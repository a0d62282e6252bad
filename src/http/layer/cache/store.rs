//! Where stored responses are: in memory, within a number of bytes.
//!
//! What is to make room is chosen by turns: the response that has been here longest goes, unless it was used since its last
//! turn. So a use is one flag, set under a lock that all who look share.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    sync::{Arc, Weak, atomic::Ordering},
};

use http::HeaderMap;
use parking_lot::RwLock;

use super::{key::Key, object::Object};

/// Responses to one target that differ by what they vary by; one more takes the place of the oldest.
const VARIANTS: usize = 64;
/// Removals that are remembered for the sake of responses that were under way then.
const REMOVALS: usize = 4096;
/// Targets that are remembered to have no use for storing.
const PASSES: usize = 8192;
/// Time for which they are, in seconds.
const PASS_SECONDS: u64 = 10;

/// The stored responses of a server.
#[derive(Debug)]
pub(in crate::http::layer) struct Store {
    inner: RwLock<Inner>,
    hasher: RandomState,
    /// Bytes that it may take.
    most: usize,
}

#[derive(Debug, Default)]
struct Inner {
    targets: HashMap<Key, Vec<Arc<Object>>>,
    /// Who has which tag: by the address of the object.
    tags: HashMap<Box<str>, HashMap<usize, Arc<Object>>>,
    /// In the order of their turns; those that were removed otherwise are empty, or marked.
    turns: VecDeque<Weak<Object>>,
    count: usize,
    bytes: usize,
    /// What was removed on purpose, the latest last.
    removals: VecDeque<Removal>,
    /// How many removals there have been.
    removed: u64,
    /// Until when, in seconds, who asks for a target is not to wait for another.
    passes: HashMap<u64, u64>,
}

/// What was removed, by hashes: two that are the same by accident only make a response go unstored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Removal {
    All,
    Tag(u64),
    /// Host and target.
    Place(u64),
    /// A target on all hosts.
    Target(u64),
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    /// This response.
    Object(Arc<Object>),
    /// Others to the same target, and one of them.
    Others(Arc<Object>),
    /// Nothing.
    Nothing,
}

/// A point in the history of a store: how many removals there had been.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(u64);

// === impl Store ===

impl Store {
    /// A store of at most so many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self { inner: RwLock::default(), hasher: RandomState::new(), most }
    }

    /// Finds the response to a request for `key` with these headers.
    pub(super) fn find(&self, key: &Key, headers: &HeaderMap) -> Found {
        let inner = self.inner.read();
        let Some(variants) = inner.targets.get(key) else { return Found::Nothing };
        let latest = variants.iter().rev().find(|object| object.facts.selection.takes(headers));
        match (latest, variants.last()) {
            (Some(object), _) => {
                if !object.used.load(Ordering::Relaxed) {
                    object.used.store(true, Ordering::Relaxed);
                }
                Found::Object(Arc::clone(object))
            }
            (None, Some(other)) => Found::Others(Arc::clone(other)),
            (None, None) => Found::Nothing,
        }
    }

    /// Whether it finds a response, and another one than `known`.
    pub(super) fn has_other(&self, key: &Key, headers: &HeaderMap, known: Option<&Arc<Object>>) -> bool {
        let Found::Object(object) = self.find(key, headers) else { return false };
        known.is_none_or(|known| !Arc::ptr_eq(known, &object))
    }

    /// The present, for [`Store::insert`].
    pub(super) fn mark(&self) -> Mark {
        Mark(self.inner.read().removed)
    }

    /// Stores a response in place of `old`, and of those that the same requests would get; nobody finds neither. It was
    /// asked for at `mark`: if what it would belong to was removed since, it is not stored, and only `old` goes. Returns
    /// whether it was.
    pub(super) fn insert(&self, object: Arc<Object>, old: Option<&Arc<Object>>, mark: Mark) -> bool {
        self.put(&mut self.inner.write(), object, old, mark)
    }

    /// Stores what `old` becomes when it is found good still; but not if it is gone: another one may be true since.
    pub(super) fn renew(&self, object: Arc<Object>, old: &Arc<Object>, mark: Mark) -> bool {
        let mut inner = self.inner.write();
        !old.is_gone() && self.put(&mut inner, object, Some(old), mark)
    }

    fn put(&self, inner: &mut Inner, object: Arc<Object>, old: Option<&Arc<Object>>, mark: Mark) -> bool {
        let weight = object.weight();
        if let Some(old) = old {
            inner.remove(old);
        }
        if weight > self.most || self.was_removed(inner, &object, mark) {
            return false;
        }
        let selection = &object.facts.selection;
        let replaced = |other: &&Arc<Object>| other.facts.selection == *selection;
        let variants = inner.targets.entry(object.key.clone()).or_default();
        let old = variants.iter().find(replaced).or_else(|| (variants.len() >= VARIANTS).then(|| &variants[0]));
        if let Some(old) = old.cloned() {
            inner.remove(&old);
        }
        inner.add(object, weight);
        while inner.bytes > self.most {
            let Some(next) = inner.turns.pop_front() else { break };
            let Some(object) = next.upgrade().filter(|object| !object.is_gone()) else { continue };
            if object.used.swap(false, Ordering::Relaxed) {
                inner.turns.push_back(next);
            } else {
                inner.remove(&object);
            }
        }
        true
    }

    fn was_removed(&self, inner: &Inner, object: &Object, Mark(mark): Mark) -> bool {
        let since = usize::try_from(inner.removed - mark).unwrap_or(usize::MAX);
        if since == 0 {
            return false;
        }
        if since > inner.removals.len() {
            return true;
        }
        let mut own = vec![Removal::All, self.place(&object.key), self.target(object.key.target())];
        own.extend(object.facts.tags.iter().map(|tag| self.tag(tag)));
        inner.removals.iter().rev().take(since).any(|removal| own.contains(removal))
    }

    /// Removes one response.
    pub(super) fn remove(&self, object: &Arc<Object>) {
        self.inner.write().remove(object);
    }

    /// Removes all responses to a target, by either scheme. Returns how many there were.
    pub(super) fn remove_key(&self, key: &Key) -> usize {
        let removal = self.place(key);
        let mut inner = self.inner.write();
        inner.note(removal);
        key.both().iter().map(|key| inner.remove_target(key)).sum()
    }

    /// Removes all responses to a path and query on all hosts.
    pub(super) fn remove_path(&self, target: &str) -> usize {
        let removal = self.target(target);
        let mut inner = self.inner.write();
        inner.note(removal);
        let keys: Vec<Key> = inner.targets.keys().filter(|key| key.target() == target).cloned().collect();
        keys.iter().map(|key| inner.remove_target(key)).sum()
    }

    /// Removes all responses with a tag.
    pub(super) fn remove_tag(&self, tag: &str) -> usize {
        let removal = self.tag(tag);
        let mut inner = self.inner.write();
        inner.note(removal);
        let tagged: Vec<_> = inner.tags.get(tag).map(|tagged| tagged.values().cloned().collect()).unwrap_or_default();
        inner.remove_all(&tagged);
        tagged.len()
    }

    /// Removes everything.
    pub(super) fn clear(&self) -> usize {
        let mut inner = self.inner.write();
        inner.note(Removal::All);
        let objects: Vec<_> = inner.targets.values().flatten().cloned().collect();
        inner.remove_all(&objects);
        objects.len()
    }

    /// Remembers that responses to a target are not stored, so that nobody waits for one; `now` in seconds.
    pub(super) fn pass(&self, key: &Key, now: u64) {
        let hash = self.hasher.hash_one(key);
        let mut inner = self.inner.write();
        if inner.passes.len() >= PASSES {
            inner.passes.retain(|_, until| *until > now);
            if inner.passes.len() >= PASSES {
                inner.passes.clear();
            }
        }
        inner.passes.insert(hash, now + PASS_SECONDS);
    }

    /// Whether that is so.
    pub(super) fn passes(&self, key: &Key, now: u64) -> bool {
        let inner = self.inner.read();
        !inner.passes.is_empty() && inner.passes.get(&self.hasher.hash_one(key)).is_some_and(|until| *until > now)
    }

    fn place(&self, key: &Key) -> Removal {
        Removal::Place(self.hasher.hash_one(key.place()))
    }

    fn target(&self, target: &str) -> Removal {
        Removal::Target(self.hasher.hash_one(target))
    }

    fn tag(&self, tag: &str) -> Removal {
        Removal::Tag(self.hasher.hash_one(tag))
    }
}

// === impl Inner ===

impl Inner {
    fn note(&mut self, removal: Removal) {
        self.removed += 1;
        if self.removals.len() == REMOVALS {
            self.removals.pop_front();
        }
        self.removals.push_back(removal);
    }

    fn add(&mut self, object: Arc<Object>, weight: usize) {
        self.count += 1;
        self.bytes += weight;
        if self.turns.len() > 2 * self.count + VARIANTS {
            self.turns.retain(|turn| turn.upgrade().is_some_and(|object| !object.is_gone()));
        }
        self.turns.push_back(Arc::downgrade(&object));
        for tag in &*object.facts.tags {
            let tagged = self.tags.entry(tag.clone()).or_default();
            tagged.insert(Arc::as_ptr(&object).addr(), Arc::clone(&object));
        }
        self.targets.entry(object.key.clone()).or_default().push(object);
    }

    fn remove(&mut self, object: &Arc<Object>) {
        if object.gone.swap(true, Ordering::Relaxed) {
            return;
        }
        self.count -= 1;
        self.bytes -= object.weight();
        for tag in &*object.facts.tags {
            if let Some(tagged) = self.tags.get_mut(tag) {
                tagged.remove(&Arc::as_ptr(object).addr());
                if tagged.is_empty() {
                    self.tags.remove(tag);
                }
            }
        }
        if let Some(variants) = self.targets.get_mut(&object.key) {
            variants.retain(|other| !Arc::ptr_eq(other, object));
            if variants.is_empty() {
                self.targets.remove(&object.key);
            }
        }
    }

    fn remove_all(&mut self, objects: &[Arc<Object>]) {
        for object in objects {
            self.remove(object);
        }
    }

    fn remove_target(&mut self, key: &Key) -> usize {
        let objects = self.targets.get(key).cloned().unwrap_or_default();
        self.remove_all(&objects);
        objects.len()
    }
}

#[cfg(test)]
mod tests;
