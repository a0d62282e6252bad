//! The workers of one pool and their supervision.

use std::{io, sync::Arc, thread::JoinHandle};

use crossbeam_channel::Sender;
use tracing::{debug, error};

use super::{
    Config,
    worker::{Next, Snapshot, State, Worker},
};
use crate::handoff::{Inbox, Leave};

/// What can start a worker thread.
pub trait Host<Q, A>: Send + Sync {
    /// Starts a thread named `worker.name`. It runs the script between [`Worker::boots`] and [`Worker::ended`] until the
    /// latter says that it is to end, and then calls `gone` with that word, as its last act.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    fn start(&self, worker: Arc<Worker<Q, A>>, gone: Box<dyn FnOnce(Next) + Send>) -> io::Result<JoinHandle<()>>;

    /// Makes the script of a worker that does not leave by itself end as soon as possible.
    fn interrupt(&self, worker: &Worker<Q, A>);
}

/// What worker threads tell their supervisor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// A worker has reached its first wait.
    Ready(usize),
    /// A worker's script ended before its first wait, for so many times in a row.
    BootFailed {
        /// Number of the worker.
        worker: usize,
        /// Times in a row.
        failures: u32,
    },
    /// A worker's thread ended.
    Gone {
        /// Number of the worker.
        worker: usize,
        /// What is to come after it.
        next: Next,
    },
}

/// The workers that share one script and one inbox.
pub struct Pool<Q, A> {
    name: String,
    config: Config,
    inbox: Arc<Inbox<Q, A>>,
    host: Arc<dyn Host<Q, A>>,
    /// Ends in the channel whose other end the supervisor reads; every worker has a clone.
    events: Sender<Event>,
    /// By number of the worker. `None` where no thread lives.
    threads: Vec<Option<Thread<Q, A>>>,
}

struct Thread<Q, A> {
    worker: Arc<Worker<Q, A>>,
    handle: JoinHandle<()>,
}

// === impl Pool ===

impl<Q: Send + 'static, A: Send + 'static> Pool<Q, A> {
    /// Creates a pool without threads.
    pub fn new(name: &str, config: &Config, host: Arc<dyn Host<Q, A>>, events: Sender<Event>) -> Self {
        let workers = config.num_workers.get();
        Self {
            name: name.to_owned(),
            config: config.clone(),
            inbox: Inbox::new(workers, config.max_queue_size, workers),
            host,
            events,
            threads: (0..workers).map(|_| None).collect(),
        }
    }

    /// Returns where requests for this pool are left.
    pub fn inbox(&self) -> Arc<Inbox<Q, A>> {
        Arc::clone(&self.inbox)
    }

    /// Requests that may be under way at a time.
    pub fn capacity(&self) -> usize {
        self.config.num_workers.get() + self.config.max_queue_size
    }

    /// Starts every worker.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(&mut self) -> io::Result<()> {
        (0..self.threads.len()).try_for_each(|number| self.start_worker(number, 0))
    }

    fn start_worker(&mut self, number: usize, failures: u32) -> io::Result<()> {
        let seat = self.inbox.seat(number);
        let worker = Worker::new(&self.name, number, seat, self.config.thread_runs, failures, self.events.clone());
        let events = self.events.clone();
        let gone = Box::new(move |next| {
            let _ = events.send(Event::Gone { worker: number, next });
        });
        let handle = self.host.start(Arc::clone(&worker), gone)?;
        self.threads[number] = Some(Thread { worker, handle });
        Ok(())
    }

    /// Joins the thread of a worker that is gone and starts its successor, if it is to have one.
    pub fn gone(&mut self, number: usize, next: Next) {
        let Some(thread) = self.threads.get_mut(number).and_then(Option::take) else { return };
        let failures = thread.worker.failures();
        let name = thread.worker.name.clone();
        if thread.handle.join().is_err() {
            error!(worker = %name, "Worker thread panicked");
        }
        if next == Next::Replace && !self.inbox.is_closed() {
            debug!(worker = %name, "Worker thread replaced");
            if let Err(error) = self.start_worker(number, failures) {
                error!(worker = %name, %error, "Cannot start a worker thread");
            }
        }
    }

    /// Refuses what waits and asks every worker to leave its loop.
    pub fn stop(&self) {
        self.inbox.close();
        for thread in self.threads.iter().flatten() {
            thread.worker.leave(Leave::Stop);
        }
    }

    /// Interrupts every worker that still runs, and returns what they were.
    pub fn interrupt(&self) -> Vec<Snapshot> {
        let mut survivors = Vec::new();
        for thread in self.threads.iter().flatten().filter(|thread| thread.worker.state() != State::Stopped) {
            survivors.push(thread.worker.snapshot());
            thread.worker.interrupt();
            self.host.interrupt(&thread.worker);
        }
        survivors
    }

    /// Returns what the workers look like now.
    pub fn snapshots(&self) -> Vec<Snapshot> {
        self.threads.iter().flatten().map(|thread| thread.worker.snapshot()).collect()
    }

    /// Returns what the workers look like now, each with a number that changes whenever its thread does anything in its
    /// wait, and makes those that wait do so.
    pub fn pulses(&self) -> Vec<(u64, Snapshot)> {
        let feel = |thread: &Thread<Q, A>| {
            let felt = (thread.worker.pulse(), thread.worker.snapshot());
            thread.worker.nudge();
            felt
        };
        self.threads.iter().flatten().map(feel).collect()
    }

    /// Returns whether no thread lives any more.
    pub fn is_empty(&self) -> bool {
        self.threads.iter().all(Option::is_none)
    }

    /// Returns whether every worker has failed to boot at least `times` times in a row.
    pub fn cannot_boot(&self, times: u32) -> bool {
        self.threads.iter().flatten().all(|thread| thread.worker.failures() >= times)
    }
}
