//! Whether a pool lives, and whether it can serve.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::{Felt, Stage, View};
use crate::pool::State;

/// First and longest pause between two looks at workers that are to turn round.
const PAUSE: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(100));

/// Judges how a server is.
pub struct Checks {
    view: Arc<dyn View>,
    /// A worker that has shown no life for so long hangs.
    patience: Duration,
}

/// What is wrong with a pool.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// None of its workers has come back from what it does, nor turns round.
    #[error("all workers hang: none has shown life within check_timeout")]
    Hangs,
    /// Its workers boot for the first time.
    #[error("the server is starting")]
    Starting,
    /// None of its workers can take requests.
    #[error("no worker is ready")]
    NotReady,
    /// The server was told to end.
    #[error("service is shutting down")]
    Ending,
}

/// There is no such pool.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no such plugin: {0}")]
pub struct NoPool(pub String);

// === impl Checks ===

impl Checks {
    /// A worker that has shown no life for `patience` hangs.
    pub fn new(view: Arc<dyn View>, patience: Duration) -> Arc<Self> {
        Arc::new(Self { view, patience })
    }

    /// What is judged.
    pub fn view(&self) -> Arc<dyn View> {
        Arc::clone(&self.view)
    }

    /// The pools that are meant: those of these names, all if there are none.
    pub fn pools(&self, named: &[String]) -> Vec<String> {
        let mut pools = self.view.pools();
        pools.retain(|pool| named.is_empty() || named.contains(pool));
        pools
    }

    /// Whether a PHP thread of the pool lives: works on something that it has not had for too long, or turns round when it
    /// is asked to. Takes as long as the first of them takes, which is no time but when all hang.
    ///
    /// # Errors
    ///
    /// When all of them hang.
    pub async fn health(&self, pool: &str) -> Result<(), Fault> {
        let is_over = || matches!(self.view.stage(), Stage::Ending | Stage::Succeeded);
        if is_over() {
            return Ok(());
        }
        let first = self.view.feel(pool);
        if first.is_empty() || first.iter().any(|worker| self.is_busy(worker)) {
            return Ok(());
        }
        let waits = |worker: &Felt| worker.state == State::Ready;
        let (end, mut pause) = (Instant::now() + self.patience, PAUSE.0);
        while first.iter().any(waits) && Instant::now() < end {
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
            let moved = |worker: &Felt| {
                let before = first.iter().find(|before| before.number == worker.number);
                before.is_none_or(|before| before.pulse != worker.pulse) || self.is_busy(worker)
            };
            let now = self.view.feel(pool);
            // One that has left its wait to end has turned round, too.
            let has_left = |before: &Felt| {
                let now = now.iter().find(|worker| worker.number == before.number);
                waits(before) && now.is_none_or(|worker| worker.state == State::Stopped)
            };
            if is_over() || now.iter().any(moved) || first.iter().any(has_left) {
                return Ok(());
            }
        }
        Err(Fault::Hangs)
    }

    /// Whether the pool can serve: has a worker that waits, or that will soon, because it has not had its request for too long
    /// or is on its way from one run of its script to the next.
    ///
    /// # Errors
    ///
    /// When it cannot.
    pub fn ready(&self, pool: &str) -> Result<(), Fault> {
        match self.view.stage() {
            Stage::Starting => return Err(Fault::Starting),
            Stage::Ending => return Err(Fault::Ending),
            Stage::Succeeded => return Ok(()),
            Stage::Running => {}
        }
        let serves = |worker: &Felt| worker.state == State::Ready || !worker.failing && self.is_busy(worker);
        if self.view.feel(pool).iter().any(serves) { Ok(()) } else { Err(Fault::NotReady) }
    }

    /// Does something, and has not done it for so long that it hangs. A script that fails to boot does not hang.
    fn is_busy(&self, worker: &Felt) -> bool {
        match worker.state {
            State::Working | State::Booting | State::Draining => worker.failing || worker.age < self.patience,
            State::Ready | State::Stuck | State::Stopped => false,
        }
    }
}
