//! Sees to it that requests end in time (`supervisor.exec_ttl`), and that slow ones are known (`slow_log`).
//!
//! One thread for all pools. It sleeps until the request that was taken first may be due; a request that is taken while it
//! sleeps is due later than that. A worker is recycled by nobody here: a script that catches what it is told goes on.

use std::{
    io,
    sync::Arc,
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};
use tracing::error;

use super::{
    crew::Crew,
    limits::{Limits, Reason},
    pool::{Event, Host, Pool},
    worker::Worker,
};
use crate::handoff::Leave;

/// What is done at the limit of a request, and so long after it, until the request ends. The spaces between are kept where a
/// busy machine is late.
const LADDER: [(Duration, Step); 10] = [
    (Duration::ZERO, Step::Throw),
    (Duration::from_millis(30), Step::Unblock),
    (Duration::from_millis(60), Step::Unblock),
    (Duration::from_millis(120), Step::Unblock),
    (Duration::from_millis(240), Step::Unblock),
    (Duration::from_millis(500), Step::End),
    (Duration::from_millis(530), Step::Unblock),
    (Duration::from_millis(560), Step::Unblock),
    (Duration::from_millis(620), Step::Unblock),
    (Duration::from_secs(1), Step::GiveUp),
];

/// What a host does about a request that takes long.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Log it, with where it is.
    Report,
    /// It is over for its client: log it, and throw an exception in the script, which may catch it. System calls that
    /// can be interrupted are.
    Throw,
    /// If the thread has been in one system call since the last time, end what it waits for.
    Unblock,
    /// Make the script end.
    End,
    /// Nothing more can be done: log it, if it was not.
    GiveUp,
}

/// How far a worker's request has been taken. Of the overseer's thread.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// Which request.
    request: u64,
    /// Whether it was reported as slow.
    reported: bool,
    /// Steps of the ladder taken.
    steps: usize,
    /// Age of the request before which the next one is not taken.
    due: Duration,
}

/// A pool, as the overseer sees it.
struct Overseen<Q, A> {
    crew: Arc<Crew<Q, A>>,
    host: Arc<dyn Host<Q, A>>,
    limits: Limits,
}

/// The thread that looks at requests in hand; ends with this value.
pub struct Overseer {
    ended: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

// === impl Overseer ===

impl Overseer {
    /// Starts the thread, if a pool has a limit or a log of slow requests.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start<Q: Send + 'static, A: Send + 'static>(pools: &[Pool<Q, A>]) -> io::Result<Option<Self>> {
        let overseen: Vec<_> = pools
            .iter()
            .filter(|pool| pool.config.limits.concern_requests())
            .map(|pool| Overseen {
                crew: pool.crew(),
                host: Arc::clone(&pool.host),
                limits: pool.config.limits.clone(),
            })
            .collect();
        if overseen.is_empty() {
            return Ok(None);
        }
        let ended = Arc::new((Mutex::new(false), Condvar::new()));
        let ear = Arc::clone(&ended);
        let thread = Builder::new().name("rr-limits".to_owned()).spawn(move || run(&overseen, &ear))?;
        Ok(Some(Self { ended, thread: Some(thread) }))
    }
}

impl Drop for Overseer {
    fn drop(&mut self) {
        *self.ended.0.lock() = true;
        self.ended.1.notify_all();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            error!("The thread that looks after the limits of requests panicked");
        }
    }
}

fn run<Q, A>(pools: &[Overseen<Q, A>], ended: &(Mutex<bool>, Condvar)) {
    loop {
        let next = pools.iter().map(Overseen::look).min().unwrap_or(Duration::MAX);
        let mut ended_now = ended.0.lock();
        match Instant::now().checked_add(next) {
            _ if *ended_now => return,
            Some(due) => drop(ended.1.wait_until(&mut ended_now, due)),
            None => ended.1.wait(&mut ended_now),
        }
        if *ended_now {
            return;
        }
    }
}

// === impl Overseen ===

impl<Q, A> Overseen<Q, A> {
    /// Looks at every worker. Returns when the next look is due.
    fn look(&self) -> Duration {
        let limits = [self.limits.exec_ttl, self.limits.slow.as_ref().map(|slow| slow.threshold)];
        let shortest = limits.into_iter().flatten().min().unwrap_or(Duration::MAX);
        self.crew.workers().iter().map(|worker| self.look_at(worker)).min().unwrap_or(shortest).min(shortest)
    }

    /// Does what is due with the request of one worker. Returns when it is to be looked at again.
    fn look_at(&self, worker: &Arc<Worker<Q, A>>) -> Duration {
        let Some((request, age)) = worker.in_hand() else { return Duration::MAX };
        let mut progress = worker.progress.lock();
        if progress.request != request {
            *progress = Progress { request, ..Progress::default() };
        }
        let mut next = Duration::MAX;
        if let Some(slow) = self.limits.slow.as_ref().filter(|_| !progress.reported) {
            if age >= slow.threshold {
                progress.reported = true;
                self.host.press(worker, request, Step::Report);
            } else {
                next = slow.threshold.saturating_sub(age);
            }
        }
        let Some(limit) = self.limits.exec_ttl else { return next };
        let Some((after, step)) = LADDER.get(progress.steps) else { return next };
        let due = progress.due.max(limit.saturating_add(*after));
        if age < due {
            return next.min(due.saturating_sub(age));
        }
        progress.steps += 1;
        if !self.take(worker, request, *step) {
            return Duration::MAX;
        }
        let Some((then, _)) = LADDER.get(progress.steps) else { return next };
        progress.due = age.saturating_add(then.saturating_sub(*after));
        next.min(progress.due.saturating_sub(age))
    }

    /// Takes a step. Returns whether the worker still had the request.
    fn take(&self, worker: &Arc<Worker<Q, A>>, request: u64, step: Step) -> bool {
        if step == Step::Throw && !worker.time_out(request) {
            return false;
        }
        if worker.in_hand().is_none_or(|(number, _)| number != request) {
            return false;
        }
        if step == Step::End {
            worker.leave(Leave::Recycle, Reason::ExecTtl);
        }
        self.host.press(worker, request, step);
        if step == Step::GiveUp {
            worker.report(Event::Stuck);
        }
        true
    }
}
