//! The hand-off's part in each pass of a reactor.

use std::{
    future::Future,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Poll, Waker},
};

use super::{Inbox, Port};
use crate::{
    handoff::{Driver, Engine},
    net::{self, Wheel},
};

/// Announces the requests of one reactor and fetches its answers.
#[derive(Debug)]
pub struct Pass {
    inboxes: Vec<Arc<Inbox>>,
    port: Arc<Port>,
    /// Polls of connections. Of the reactor's thread alone.
    polls: AtomicU32,
    /// Of the reactor's thread alone.
    awaits: AtomicBool,
    /// Set before anything runs.
    wheel: OnceLock<Arc<Wheel>>,
}

/// A reactor that workers drive.
struct Driven {
    wheel: Arc<Wheel>,
    inboxes: Vec<Arc<Inbox>>,
    port: Arc<Port>,
}

impl Engine for Driven {
    fn drive(&self, _: &Driver, root: &mut dyn FnMut(&Waker) -> Poll<()>) {
        self.wheel.turn(|waker| self.port.drain(waker), |context| root(context.waker()));
    }

    fn lending(&self) {
        self.inboxes.iter().for_each(|inbox| inbox.announce(&self.port));
    }
}

/// Polls of connections after which a reactor that did not come to block does what it would do then.
const POLLS: u32 = 8;

// === impl Pass ===

impl Pass {
    /// Creates the pass of the reactor whose answers come through `port`.
    pub fn new(inboxes: &[Arc<Inbox>], port: &Arc<Port>) -> Arc<Self> {
        Arc::new(Self {
            inboxes: inboxes.to_vec(),
            port: Arc::clone(port),
            polls: AtomicU32::new(0),
            awaits: AtomicBool::new(false),
            wheel: OnceLock::new(),
        })
    }

    /// To be called at each poll of a connection. A reactor that always has something to do, such as bodies that arrive, is
    /// never about to block.
    pub(super) fn polled(&self) {
        let polls = self.polls.load(Ordering::Relaxed).wrapping_add(1);
        self.polls.store(polls, Ordering::Relaxed);
        if polls.is_multiple_of(POLLS) {
            self.inboxes.iter().for_each(|inbox| inbox.announce_overdue(&self.port));
            self.port.fetch();
        }
    }

    /// Whether the part of a connection that is spawned next waits for a worker at first. Its first poll would find nothing: where
    /// this thread is the worker, the answer is there at the next look.
    pub(super) fn next_awaits_worker(&self, awaits: bool) {
        self.awaits.store(awaits, Ordering::Relaxed);
    }

    /// Runs a part of a connection on its own.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let Some(wheel) = self.wheel.get() else { return };
        if self.awaits.load(Ordering::Relaxed) {
            wheel.spawn_later(task);
        } else {
            wheel.spawn(task);
        }
    }

    /// Where the answers of this reactor come through.
    pub(super) fn port(&self) -> &Arc<Port> {
        &self.port
    }
}

impl net::Pass for Pass {
    fn woken(&self, root: &Waker) {
        self.port.drain(root);
    }

    fn parking(&self) {
        self.inboxes.iter().for_each(|inbox| inbox.announce(&self.port));
        self.port.parking();
    }

    fn unparked(&self) {
        self.port.unparked();
    }

    fn ended(&self) {
        self.port.close();
    }

    fn runs_on(&self, wheel: Arc<Wheel>) {
        let _ = self.wheel.set(Arc::clone(&wheel));
        let driven = Driven { wheel, inboxes: self.inboxes.clone(), port: Arc::clone(&self.port) };
        self.port.install(Arc::new(driven), self.inboxes.len() > 1);
    }

    fn is_to_rest(&self) -> bool {
        self.port.is_to_rest()
    }

    fn rest(&self) {
        self.port.rest();
    }

    fn recall(&self) {
        self.port.recall();
    }
}
