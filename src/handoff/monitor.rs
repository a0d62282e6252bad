//! The net under the rules that put wake-ups off.
//!
//! A request that waits while nobody takes one, or an answer that a sleeping reactor was not told of, is seen here within
//! a few milliseconds. A look costs tens of microseconds, so there are few of them, and none while nothing is put off.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    clock,
    inbox::{Inbox, Watch},
    port::Port,
    sync::{AtomicBool, AtomicU64, Ordering},
    waits::Spread,
};

/// Time between two looks, shortest and longest.
const PERIOD: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(4));
/// Looks without a find after which the period is doubled.
const CALM: u32 = 64;
/// Looks with nothing to see after which the monitor sleeps until something is put off.
const NOTHING: u32 = 8;

/// Looks after inboxes that are sisters, and the ports of their reactors.
#[derive(Debug)]
pub struct Monitor<Q, A> {
    /// At least one.
    inboxes: Vec<Arc<Inbox<Q, A>>>,
    ports: Vec<Arc<Port<Q, A>>>,
    stopped: AtomicBool,
    /// Looks taken.
    looks: AtomicU64,
    /// Looks that found something to mend.
    finds: AtomicU64,
}

/// What the hand-off has done since the start. Wakes, kicks and looks cost system calls; in a steady load
/// there are at most about as many of each as there are passes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// Requests taken by workers.
    pub requests: u64,
    /// Times that a reactor had nothing more to do, or that a worker began to drive one.
    pub passes: u64,
    /// Worker threads woken.
    pub wakes: u64,
    /// Reactors woken by workers.
    pub kicks: u64,
    /// Looks of the monitor.
    pub looks: u64,
    /// Looks that found something to mend.
    pub finds: u64,
    /// Times that a worker was given the role of driving a reactor.
    pub gives: u64,
    /// Times that the role was taken from a worker that did not come back soon.
    pub steals: u64,
    /// Times that a worker gave the role back: it was about to block, to leave, or had become slow.
    pub retires: u64,
}

// === impl Monitor ===

impl<Q, A> Monitor<Q, A> {
    /// Creates the monitor of an inbox and its sisters; [`Monitor::run`] is for a thread of its own.
    ///
    /// # Panics
    ///
    /// When there is no inbox.
    pub fn new(inboxes: Vec<Arc<Inbox<Q, A>>>, ports: Vec<Arc<Port<Q, A>>>) -> Arc<Self> {
        assert!(!inboxes.is_empty(), "a monitor looks after at least one inbox");
        Arc::new(Self {
            inboxes,
            ports,
            stopped: AtomicBool::new(false),
            looks: AtomicU64::new(0),
            finds: AtomicU64::new(0),
        })
    }

    /// Looks until stopped.
    pub fn run(&self) {
        let (mut period, mut calm, mut nothing) = (PERIOD.0, 0, 0);
        let mut taken = self.taken();
        while !self.stopped.load(Ordering::SeqCst) {
            if nothing >= NOTHING {
                self.sleep(&taken);
                (period, calm, nothing) = (PERIOD.0, 0, 0);
            }
            self.watch().bell.sleep(Some(Instant::now() + period));
            let before = std::mem::replace(&mut taken, self.taken());
            self.looks.fetch_add(1, Ordering::Relaxed);
            if self.look(&taken, &before) {
                self.finds.fetch_add(1, Ordering::Relaxed);
                (period, calm) = (PERIOD.0, 0);
            } else {
                calm += 1;
                if calm == CALM {
                    (period, calm) = ((period * 2).min(PERIOD.1), 0);
                }
            }
            let lent = self.ports.iter().any(|port| port.role.lent().is_some());
            nothing = if taken == before && self.is_empty() && !lent { nothing + 1 } else { 0 };
        }
    }

    /// Sleeps until something is put off, if nobody took a request since `taken` was read.
    fn sleep(&self, taken: &[u64]) {
        self.watch().asleep.store(true, Ordering::SeqCst);
        // What was put off before the store is seen by this look, what is put off after it rings.
        if self.taken() == taken
            && self.is_empty()
            && !self.ports.iter().any(|port| port.is_put_off() || port.role.lent().is_some())
            && !self.stopped.load(Ordering::SeqCst)
        {
            self.watch().bell.sleep(None);
        }
        self.watch().asleep.store(false, Ordering::SeqCst);
    }

    /// One look. `taken` and `before`: the requests that were taken from each inbox, now and at the look before.
    pub(super) fn look(&self, taken: &[u64], before: &[u64]) -> bool {
        let mut found = false;
        for (inbox, (taken, before)) in self.inboxes.iter().zip(taken.iter().zip(before)) {
            if inbox.is_stalled(taken == before) {
                inbox.wake_one();
                found = true;
            }
        }
        for port in &self.ports {
            let now = clock::now();
            if let Some(word) = port.steal(|word| self.inboxes.iter().any(|inbox| inbox.is_stuck(word, now))) {
                for inbox in self.inboxes.iter().filter(|inbox| inbox.is_of(word)) {
                    inbox.hold(now);
                    if inbox.has_answered(word) {
                        inbox.deliver_first(now);
                    }
                }
                found = true;
            }
            if port.is_forgotten() {
                port.announce();
                self.inboxes
                    .iter()
                    .filter(|inbox| inbox.works_behind_answers(now))
                    .for_each(|inbox| inbox.deliver_first(now));
                found = true;
            }
        }
        found
    }

    /// Requests that were taken from each inbox.
    fn taken(&self) -> Vec<u64> {
        self.inboxes.iter().map(|inbox| inbox.taken()).collect()
    }

    fn is_empty(&self) -> bool {
        self.inboxes.iter().all(|inbox| inbox.is_empty())
    }

    /// Sisters share it.
    fn watch(&self) -> &Watch {
        &self.inboxes[0].monitor
    }

    /// Keeps account of how long answers wait for their reactor, from now on.
    pub fn measure_waits(&self) {
        self.ports.iter().for_each(|port| port.measure_waits());
    }

    /// How long answers have waited for their reactor; nothing, if nobody wanted to know.
    pub fn answers_waited(&self) -> Spread {
        self.ports.iter().filter_map(|port| port.waits()).fold(Spread::default(), Spread::with)
    }

    /// Ends [`Monitor::run`].
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.watch().bell.ring();
    }

    /// What the hand-off has done since the start.
    pub fn counters(&self) -> Counters {
        Counters {
            requests: self.taken().iter().sum(),
            passes: self.ports.iter().map(|port| port.passes()).sum(),
            wakes: self.inboxes.iter().map(|inbox| inbox.statistics().wakes).sum(),
            kicks: self.ports.iter().map(|port| port.kicks()).sum(),
            looks: self.looks.load(Ordering::Relaxed),
            finds: self.finds.load(Ordering::Relaxed),
            gives: self.ports.iter().map(|port| port.role.given()).sum(),
            steals: self.ports.iter().map(|port| port.role.stolen()).sum(),
            retires: self.ports.iter().map(|port| port.role.retired()).sum(),
        }
    }
}
