//! Metrics of the pools.

use std::sync::Arc;

use super::{
    histogram,
    names::{
        ABANDONED, BOOTS_FAILED, BUSY, BUSY_SHARE, NO_FREE_WORKERS, OVERDUE, QUEUE_WAIT, RECYCLES, REFUSED, RELOADS,
        STUCK, TAKEN, TIMED_OUT, TOTAL_WORKERS, WAITING, WORKER_MEMORY, WORKER_STATE, WORKERS_INVALID, WORKERS_MEMORY,
        WORKERS_READY, WORKERS_STUCK, WORKERS_WORKING,
    },
};
use crate::{
    handoff::Spread,
    http,
    metrics::{Gathered, Source},
    pool::{Crew, Pool, State},
};

/// Knows the pools.
pub(super) struct Pools {
    pools: Vec<OfPool>,
}

/// What others see of a pool.
pub(super) struct OfPool {
    name: String,
    inbox: Arc<http::Inbox>,
    crew: Arc<Crew<http::Request, http::Answer>>,
}

// === impl OfPool ===

impl OfPool {
    pub(super) fn of(pool: &Pool<http::Request, http::Answer>) -> Self {
        Self { name: pool.name().to_owned(), inbox: pool.inbox(), crew: pool.crew() }
    }

    /// `labels`: those of the pool.
    fn workers(&self, gathered: &mut Gathered, labels: &[(&str, &str)]) {
        let (mut ready, mut working, mut stuck, mut memory) = (0, 0, 0, 0);
        let workers = self.crew.workers();
        for worker in &workers {
            let seen = worker.snapshot();
            match seen.state {
                State::Ready => ready += 1,
                State::Working => working += 1,
                State::Stuck => stuck += 1,
                State::Booting | State::Draining | State::Stopped => {}
            }
            memory += seen.memory as u64;
            let (pid, state) = (worker.thread().unwrap_or_default().to_string(), seen.state.to_string());
            gathered.count(&WORKER_STATE, &[labels, &[("state", &*state), ("pid", &*pid)][..]].concat(), 1);
            gathered.count(&WORKER_MEMORY, &[labels, &[("pid", &*pid)][..]].concat(), seen.memory as u64);
        }
        let total = workers.len() as u64;
        gathered.count(&TOTAL_WORKERS, labels, total);
        gathered.count(&WORKERS_READY, labels, ready);
        gathered.count(&WORKERS_WORKING, labels, working);
        gathered.count(&WORKERS_INVALID, labels, total - ready - working);
        gathered.count(&WORKERS_STUCK, labels, stuck);
        gathered.count(&WORKERS_MEMORY, labels, memory);
        let serving = u32::try_from(ready + working).unwrap_or(u32::MAX);
        let busy = f64::from(u32::try_from(working).unwrap_or(u32::MAX)) / f64::from(serving.max(1));
        gathered.number(&BUSY_SHARE, labels, busy);
    }

    fn requests(&self, gathered: &mut Gathered, labels: &[(&str, &str)]) {
        let seen = self.inbox.statistics();
        gathered.number(&BUSY, labels, self.inbox.busy().as_secs_f64());
        gathered.count(&TAKEN, labels, self.inbox.taken());
        gathered.count(&WAITING, labels, seen.waiting as u64);
        gathered.count(&REFUSED, labels, seen.refused);
        gathered.count(&OVERDUE, labels, seen.overdue);
        gathered.count(&NO_FREE_WORKERS, labels, seen.refused + seen.overdue);
        gathered.count(&ABANDONED, labels, seen.abandoned);
        if let Some(Spread { counts, sum }) = self.inbox.waited() {
            gathered.add(&QUEUE_WAIT, labels, histogram(Spread::bounds(), &counts, sum));
        }
    }

    fn turnover(&self, gathered: &mut Gathered, labels: &[(&str, &str)]) {
        let turnover = self.crew.turnover();
        for (reason, count) in turnover.recycles() {
            gathered.count(&RECYCLES, &[labels, &[("reason", reason)][..]].concat(), count);
        }
        gathered.count(&BOOTS_FAILED, labels, turnover.boots_failed());
        gathered.count(&STUCK, labels, turnover.workers_stuck());
        gathered.count(&TIMED_OUT, labels, turnover.requests_timed_out());
        let (done, failed) = turnover.reloads();
        for (result, count) in [("done", done), ("failed", failed)] {
            gathered.count(&RELOADS, &[labels, &[("result", result)][..]].concat(), count);
        }
    }
}

// === impl Pools ===

impl Pools {
    pub(super) fn new(pools: Vec<OfPool>) -> Self {
        Self { pools }
    }
}

impl Source for Pools {
    fn collect(&self, gathered: &mut Gathered) {
        let several = self.pools.len() > 1;
        for pool in &self.pools {
            let label = [("pool", &*pool.name)];
            let labels = if several { &label[..] } else { &[] };
            pool.workers(gathered, labels);
            pool.requests(gathered, labels);
            pool.turnover(gathered, labels);
        }
    }
}
