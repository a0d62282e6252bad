//! The server as those see it who look at it from outside.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use super::steering::state_of;
use crate::{
    handoff::Statistics,
    http,
    pool::{Crew, Pool, State},
    process,
    rpc::Worker,
    status::{self, Bucket, Felt, Load, Stage},
};

/// The server as those see it who look at it from outside.
pub(super) struct View {
    pools: Vec<Seen>,
    /// A [`Stage`].
    stage: AtomicU8,
    started: Instant,
}

/// What is seen of a pool.
struct Seen {
    name: String,
    crew: Arc<Crew<http::Request, http::Answer>>,
    inbox: Arc<http::Inbox>,
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

// === impl View ===

impl View {
    pub(super) fn new(pools: &[Pool<http::Request, http::Answer>]) -> Arc<Self> {
        let seen = |pool: &Pool<_, _>| Seen { name: pool.name().to_owned(), crew: pool.crew(), inbox: pool.inbox() };
        Arc::new(Self {
            pools: pools.iter().map(seen).collect(),
            stage: AtomicU8::new(Stage::Starting as u8),
            started: Instant::now(),
        })
    }

    /// The server has come so far.
    pub(super) fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::SeqCst);
    }
}

impl status::View for View {
    fn stage(&self) -> Stage {
        Stage::ALL[usize::from(self.stage.load(Ordering::SeqCst))]
    }

    fn pools(&self) -> Vec<String> {
        self.pools.iter().map(|pool| pool.name.clone()).collect()
    }

    fn feel(&self, pool: &str) -> Vec<Felt> {
        let Some(pool) = self.pools.iter().find(|seen| seen.name == pool) else { return Vec::new() };
        let workers = pool.crew.workers();
        let felt = workers.iter().map(|worker| {
            let seen = worker.snapshot();
            let (number, failing, pulse) = (worker.number, worker.has_failed(), worker.pulse());
            worker.nudge();
            Felt { number, state: seen.state, age: seen.age, failing, pulse }
        });
        felt.filter(|worker| worker.state != State::Stopped).collect()
    }

    fn load(&self) -> Load {
        Load {
            process: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            stage: self.stage().word().to_owned(),
            uptime: nanos(self.started.elapsed()),
            memory: process::resident().unwrap_or_default(),
            cpu_time: process::cpu_time("/proc/self/stat").map(nanos).unwrap_or_default(),
            pools: self.pools.iter().map(Seen::load).collect(),
        }
    }
}

// === impl Seen ===

impl Seen {
    fn load(&self) -> status::Pool {
        let Statistics { waiting, abandoned, refused, overdue, .. } = self.inbox.statistics();
        let broken = self.crew.broken();
        let mut workers: Vec<_> =
            self.crew.workers().iter().map(|worker| Worker::from(state_of(worker, broken.as_ref()))).collect();
        workers.sort_by_key(|worker| worker.number);
        let recycled = self.crew.turnover().recycles().filter(|(_, count)| *count > 0);
        status::Pool {
            name: self.name.clone(),
            workers,
            waiting: waiting as u64,
            room: self.inbox.room() as u64,
            requests: self.inbox.taken(),
            refused,
            overdue,
            abandoned,
            recycled: recycled.map(|(reason, count)| (reason.to_owned(), count)).collect(),
            broken: broken.unwrap_or_default(),
            latency: self.inbox.times().map(|times| Bucket::all(&times)),
        }
    }
}
