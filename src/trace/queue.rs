//! What waits to be sent.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crossbeam_queue::ArrayQueue;
use tokio::sync::Notify;

use super::{Span, TraceId};

/// Requests that may wait. What was recorded of one has a few hundred bytes, seldom some thousand.
const ROOM: usize = 8192;
/// Requests that are sent at a time.
pub(super) const BATCH: usize = 512;

/// What was recorded of a request that is over.
pub trait Ended: Send + Sync {
    /// Says it in spans. Called by the thread that sends them.
    fn spans(&self) -> Vec<Span>;
}

/// Decides which requests are recorded, and takes what was.
#[derive(Clone, Debug)]
pub struct Tracer {
    /// Share of the traces that are recorded, out of `u64::MAX`.
    sample: u64,
    queue: Arc<Queue>,
}

/// Filled by those who serve requests, emptied by the thread that sends.
pub(super) struct Queue {
    waiting: ArrayQueue<Arc<dyn Ended>>,
    /// Requests that found no room, until somebody has said so.
    lost: AtomicU64,
    /// Whether the thread was told that there is something. Ordering: set after a push, reset before the queue is emptied;
    /// both sequentially consistent, so that a push is either found or told.
    told: AtomicBool,
    /// Wakes the thread: there is something.
    pub(super) filled: Notify,
    /// Wakes the thread: there is enough to be sent at once.
    pub(super) full: Notify,
}

// === impl Tracer ===

impl Tracer {
    pub(super) fn new(sample: u64, queue: &Arc<Queue>) -> Self {
        Self { sample, queue: Arc::clone(queue) }
    }

    /// Whether no trace is recorded that a client has not begun.
    pub fn samples_none(&self) -> bool {
        self.sample == 0
    }

    /// Whether a trace that begins here is recorded.
    pub fn samples(&self, trace: TraceId) -> bool {
        self.sample == u64::MAX || trace.lower() < self.sample
    }

    /// Takes what was recorded of a request. Does not wait.
    pub fn end(&self, ended: Arc<dyn Ended>) {
        self.queue.push(ended);
    }
}

// === impl Queue ===

impl Queue {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            waiting: ArrayQueue::new(ROOM),
            lost: AtomicU64::new(0),
            told: AtomicBool::new(false),
            filled: Notify::new(),
            full: Notify::new(),
        })
    }

    fn push(&self, ended: Arc<dyn Ended>) {
        if self.waiting.push(ended).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if !self.told.swap(true, Ordering::SeqCst) {
            self.filled.notify_one();
        }
        if self.waiting.len() == BATCH {
            self.full.notify_one();
        }
    }

    pub(super) fn pop(&self) -> Option<Arc<dyn Ended>> {
        self.waiting.pop()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// To be called before it is emptied: what comes from now on is told again.
    pub(super) fn listen(&self) {
        self.told.store(false, Ordering::SeqCst);
    }

    /// Requests that found no room since this was last asked.
    pub(super) fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Queue").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Ended for Nothing {
        fn spans(&self) -> Vec<Span> {
            Vec::new()
        }
    }

    #[test]
    fn what_finds_no_room_is_counted_once() {
        let queue = Queue::new();
        (0..ROOM + 3).for_each(|_| queue.push(Arc::new(Nothing)));
        assert_eq!((queue.take_lost(), queue.take_lost(), queue.len()), (3, 0, ROOM));
        assert!(queue.pop().is_some());
        queue.push(Arc::new(Nothing));
        assert_eq!(queue.take_lost(), 0);
    }

    #[test]
    fn a_share_of_the_traces_is_chosen() {
        let chosen = |sample| {
            let tracer = Tracer::new(sample, &Queue::new());
            (0..10_000).filter(|_| tracer.samples(TraceId::random())).count()
        };
        assert_eq!((chosen(0), chosen(u64::MAX)), (0, 10_000));
        let quarter = chosen(u64::MAX / 4);
        assert!((2200..2800).contains(&quarter), "{quarter}");
    }
}
