//! Names, who listens under them, and the way of a message to all of these.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    task::Waker,
    time::{Duration, Instant},
};

use bytes::Bytes;
use parking_lot::{Condvar, Mutex, MutexGuard};
use tracing::debug;

use super::{
    Config, Form, Message,
    history::{History, missed},
};
use crate::handoff::{Detached, Offered, Sink};

/// How long the events of a channel without subscribers are kept, for those who come again.
const KEPT: Duration = Duration::from_mins(5);
/// Looks within the time limit of writes; a subscriber that takes nothing ends at most one later.
pub(super) const LOOKS: u8 = 4;
/// What keeps a stream of events alive: a comment of nothing.
const PING: &[u8] = b":\n\n";

/// The name of a channel.
type Name = Arc<[u8]>;

/// All channels of a server. Streams may end with an `E`.
#[derive(Debug)]
pub struct Channels<E> {
    pub(super) config: Config,
    /// How long a subscriber may take nothing.
    pub(super) write_timeout: Duration,
    pub(super) state: Mutex<State<E>>,
    /// Notified when the first subscriber comes, and at the end.
    pub(super) news: Condvar,
}

#[derive(Debug)]
pub(super) struct State<E> {
    channels: HashMap<Name, Channel<E>>,
    /// Number of the message, or ping, that came last.
    number: u64,
    /// Key of the subscriber that came last.
    key: u64,
    /// The server ends: nobody subscribes any more.
    pub(super) closed: bool,
    /// The keeper is to end.
    pub(super) abandoned: bool,
    statistics: Statistics,
}

/// What happened so far, and who is there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Statistics {
    /// Streams that are open.
    pub subscribers: usize,
    /// Messages that were published.
    pub published: u64,
    /// Messages that were put under way, counted for each subscriber.
    pub delivered: u64,
    /// Subscribers that were broken off because they fell behind, or took nothing.
    pub dropped: u64,
}

#[derive(Debug)]
struct Channel<E> {
    subscribers: HashMap<u64, Arc<Subscriber<E>>>,
    history: History,
    /// Since when nobody listens.
    deserted: Option<Instant>,
}

#[derive(Debug)]
struct Subscriber<E> {
    key: u64,
    stream: Detached<E>,
    form: Form,
    /// The channels that it listens to.
    names: Arc<[Name]>,
    /// Number of the message that it had last: it is in several channels, and gets each one once. Written under the lock.
    had: AtomicU64,
    /// Looks in a row at which it had stalled. Written under the lock.
    stalls: AtomicU8,
}

/// What is to be done once the lock is free.
#[derive(Debug)]
struct Later<E> {
    wakers: Vec<Waker>,
    /// Dropped, it breaks the stream off.
    gone: Vec<Arc<Subscriber<E>>>,
}

// === impl Channels ===

impl<E: Send + 'static> Channels<E> {
    /// Creates no channels yet. A subscriber may take nothing for `write_timeout`.
    pub fn new(config: Config, write_timeout: Duration) -> Arc<Self> {
        let statistics = Statistics::default();
        let state = State { channels: HashMap::new(), number: 0, key: 0, closed: false, abandoned: false, statistics };
        Arc::new(Self { config, write_timeout, state: Mutex::new(state), news: Condvar::new() })
    }

    /// Feeds a stream from channels from now on, until its client leaves. A client that comes again and says which event
    /// it had `last` first gets what it has missed, as far as it is kept.
    ///
    /// Returns false if nobody reads the stream any more, or if the server ends; then it is ended.
    pub fn subscribe(self: &Arc<Self>, names: &[&[u8]], form: Form, stream: Sink<E>, last: Option<&[u8]>) -> bool {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        if state.closed {
            drop(guard);
            stream.end(None);
            return false;
        }
        state.key += 1;
        let (key, weak) = (state.key, Arc::downgrade(self));
        let mut own: Vec<Name> = Vec::with_capacity(names.len());
        for name in names {
            if !own.iter().any(|known| **known == **name) {
                own.push(
                    state.channels.get_key_value(*name).map_or_else(|| Name::from(*name), |(known, _)| known.clone()),
                );
            }
        }
        let own: Arc<[Name]> = own.into();
        let remembered = Arc::clone(&own);
        let leaves = move || {
            if let Some(channels) = weak.upgrade() {
                channels.forget(key, &remembered);
            }
        };
        let Some(stream) = stream.detach(leaves) else { return false };
        let mut wakers = Vec::new();
        if let Some(last) = last {
            let histories = own.iter().filter_map(|name| Some(&state.channels.get(name)?.history));
            for event in missed(histories, last) {
                match stream.offer(&event.bytes) {
                    Offered::Taken(waker) => wakers.extend(waker),
                    // Cut off behind the last one that it gets, it comes again for the rest.
                    Offered::Full | Offered::Left => {
                        drop(guard);
                        drop(stream);
                        return false;
                    }
                }
            }
        }
        let (had, stalls) = (AtomicU64::new(0), AtomicU8::new(0));
        let subscriber = Arc::new(Subscriber { key, stream, form, names: own, had, stalls });
        for name in &*subscriber.names {
            let channel = state.channels.entry(name.clone()).or_insert_with(Channel::new);
            channel.deserted = None;
            channel.subscribers.insert(key, Arc::clone(&subscriber));
        }
        state.statistics.subscribers += 1;
        if state.statistics.subscribers == 1 {
            self.news.notify_all();
        }
        drop(guard);
        wakers.into_iter().for_each(Waker::wake);
        true
    }

    /// Sends a message to everyone who listens to one of these channels; to who listens to several of them, once.
    /// Returns how many these are.
    pub fn publish(&self, names: &[&[u8]], message: &Message) -> usize {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        state.number += 1;
        let (number, mut reached, mut later) = (state.number, 0, Later::new());
        for name in names {
            let Some(channel) = state.channels.get_mut(*name) else { continue };
            channel.history.keep(self.config.history, number, message.id.as_ref(), &message.event);
            reached += channel.send(number, |form| Some(message.formed(form)), &mut later);
        }
        state.statistics.published += 1;
        state.statistics.delivered += reached as u64;
        later.finish(guard, "it has fallen behind");
        reached
    }

    /// Returns how many listen to a channel.
    pub fn count(&self, name: &[u8]) -> usize {
        self.state.lock().channels.get(name).map_or(0, |channel| channel.subscribers.len())
    }

    /// Ends the streams of everyone who listens to a channel. Returns how many these are.
    pub fn close(&self, name: &[u8]) -> usize {
        let mut guard = self.state.lock();
        let Some(channel) = guard.channels.get(name) else { return 0 };
        let ended: Vec<_> = channel.subscribers.values().cloned().collect();
        for subscriber in &ended {
            guard.remove(subscriber.key, &subscriber.names);
        }
        drop(guard);
        for subscriber in &ended {
            subscriber.stream.end();
        }
        ended.len()
    }

    /// Ends every stream, and those to come: the server ends.
    pub fn end(&self) {
        let mut guard = self.state.lock();
        guard.closed = true;
        guard.statistics.subscribers = 0;
        let channels = std::mem::take(&mut guard.channels);
        drop(guard);
        self.news.notify_all();
        for subscriber in channels.values().flat_map(|channel| channel.subscribers.values()) {
            subscriber.stream.end();
        }
    }

    /// Returns what happened so far, and who is there.
    pub fn statistics(&self) -> Statistics {
        self.state.lock().statistics
    }

    /// The client of a subscriber has gone.
    fn forget(&self, key: u64, names: &[Name]) {
        let removed = self.state.lock().remove(key, names);
        // Freed without the lock.
        drop(removed);
    }

    /// Keeps streams of events alive.
    pub(super) fn ping(&self) {
        let ping = Bytes::from_static(PING);
        let mut guard = self.state.lock();
        let state = &mut *guard;
        state.number += 1;
        let (number, mut later) = (state.number, Later::new());
        for channel in state.channels.values_mut() {
            channel.send(number, |form| (form == Form::Event).then_some(&ping), &mut later);
        }
        later.finish(guard, "it has fallen behind");
    }

    /// A look, a part of [`LOOKS`] of the time limit behind the last one: breaks off who takes nothing, and forgets
    /// channels to which nobody came again.
    pub(super) fn look(&self, now: Instant) {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        state.number += 1;
        let (number, mut later) = (state.number, Later::new());
        for channel in state.channels.values() {
            for subscriber in channel.subscribers.values() {
                if subscriber.had.swap(number, Ordering::Relaxed) == number {
                    continue;
                }
                let stalls =
                    if subscriber.stream.has_stalled() { subscriber.stalls.load(Ordering::Relaxed) + 1 } else { 0 };
                subscriber.stalls.store(stalls, Ordering::Relaxed);
                if stalls > LOOKS {
                    later.gone.push(Arc::clone(subscriber));
                }
            }
        }
        let fresh =
            |channel: &Channel<E>| channel.deserted.is_none_or(|since| now.saturating_duration_since(since) < KEPT);
        state.channels.retain(|_, channel| fresh(channel));
        later.finish(guard, "it takes nothing");
    }
}

// === impl State ===

impl<E> State<E> {
    /// Returns whether there is nothing to keep alive, and nothing to forget.
    pub(super) fn is_idle(&self) -> bool {
        self.channels.is_empty()
    }

    /// Removes subscribers that are broken off, or whose clients have just gone.
    fn drops(&mut self, gone: &[Arc<Subscriber<E>>], why: &'static str) {
        for subscriber in gone {
            if self.remove(subscriber.key, &subscriber.names).is_some() {
                self.statistics.dropped += 1;
                debug!(subscriber = subscriber.key, "Subscriber of a channel is broken off: {why}");
            }
        }
    }

    /// Removes a subscriber from its channels. Channels in which nobody and nothing is left vanish.
    fn remove(&mut self, key: u64, names: &[Name]) -> Option<Arc<Subscriber<E>>> {
        let mut removed = None;
        for name in names {
            let Entry::Occupied(mut entry) = self.channels.entry(Arc::clone(name)) else { continue };
            let channel = entry.get_mut();
            removed = channel.subscribers.remove(&key).or(removed);
            if channel.subscribers.is_empty() {
                if channel.history.is_empty() {
                    entry.remove();
                } else {
                    channel.deserted.get_or_insert_with(Instant::now);
                }
            }
        }
        if removed.is_some() {
            self.statistics.subscribers -= 1;
        }
        removed
    }
}

// === impl Channel ===

impl<E> Channel<E> {
    fn new() -> Self {
        Self { subscribers: HashMap::new(), history: History::default(), deserted: None }
    }

    /// Puts a piece under way to each subscriber that has not had the message of this number. Returns to how many.
    fn send<'a>(&self, number: u64, piece: impl Fn(Form) -> Option<&'a Bytes>, later: &mut Later<E>) -> usize {
        let mut reached = 0;
        for subscriber in self.subscribers.values() {
            let Some(piece) = piece(subscriber.form) else { continue };
            if subscriber.had.swap(number, Ordering::Relaxed) == number {
                continue;
            }
            match subscriber.stream.offer(piece) {
                Offered::Taken(waker) => {
                    reached += 1;
                    later.wakers.extend(waker);
                }
                Offered::Full | Offered::Left => later.gone.push(Arc::clone(subscriber)),
            }
        }
        reached
    }
}

// === impl Later ===

impl<E> Later<E> {
    fn new() -> Self {
        Self { wakers: Vec::new(), gone: Vec::new() }
    }

    /// Removes who is to go, lets go of the lock, wakes who has something to read, and breaks off who is gone.
    fn finish(self, mut guard: MutexGuard<'_, State<E>>, why: &'static str) {
        guard.drops(&self.gone, why);
        drop(guard);
        self.wakers.into_iter().for_each(Waker::wake);
    }
}
