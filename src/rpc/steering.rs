//! What a server lets others do with its workers.

use std::time::{Duration, SystemTime};

/// Acts on the worker pools of a running server. Called from several threads at a time, none of which serves requests or
/// supervises.
///
/// Whatever waits must end when the server does, with [`SteeringError::Ending`].
pub trait Steering: Send + Sync {
    /// The names of all pools.
    fn pools(&self) -> Vec<String>;

    /// What the workers of a pool look like now. Does not wait for any of them.
    ///
    /// # Errors
    ///
    /// When there is no such pool.
    fn workers(&self, pool: &str) -> Result<Vec<WorkerState>, SteeringError>;

    /// Boots workers anew, one after the other, while the rest serve; `None`: those of all pools. Returns when every one
    /// has been replaced.
    ///
    /// # Errors
    ///
    /// When there is no such pool, or the new workers do not boot; the old ones serve on then.
    fn reset(&self, pool: Option<&str>) -> Result<(), SteeringError>;

    /// Adds a worker to a pool, and returns when its thread has been started.
    ///
    /// # Errors
    ///
    /// When there is no such pool, or it cannot have more.
    fn add_worker(&self, pool: &str) -> Result<(), SteeringError>;

    /// Takes a worker from a pool, which leaves after the request that it works on.
    ///
    /// # Errors
    ///
    /// When there is no such pool, or it cannot have fewer.
    fn remove_worker(&self, pool: &str) -> Result<(), SteeringError>;
}

/// Why workers were not acted upon.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SteeringError {
    /// There is no such pool.
    #[error("there is no pool \"{name}\"; there are {}", .pools.join(", "))]
    UnknownPool {
        /// What was asked for.
        name: String,
        /// What there is.
        pools: Vec<String>,
    },
    /// It failed, or was refused.
    #[error("{0}")]
    Failed(String),
    /// The server ends.
    #[error("the server is ending")]
    Ending,
}

/// A worker as others see it.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerState {
    /// Name of its thread, `rr-php-<pool>-<n>`.
    pub name: String,
    /// Its number within the pool, from 0.
    pub number: usize,
    /// The number that the system has given its thread; `None`: it has none at the moment.
    pub thread: Option<u32>,
    /// What it does.
    pub status: Status,
    /// For how long.
    pub age: Duration,
    /// Method of the request that it works on, where that is known.
    pub method: Option<String>,
    /// Target of that request; what is too long is cut.
    pub uri: Option<String>,
    /// Requests that it has taken.
    pub requests: u64,
    /// Memory of the script, in bytes.
    pub memory: u64,
    /// Processor time of its thread, in percent of one core over the thread's life; 0: it is not measured.
    pub cpu: f64,
    /// The same as a time; zero: it is not measured.
    pub cpu_time: Duration,
    /// When its thread was started.
    pub created: SystemTime,
    /// Why the script last failed to boot.
    pub boot_error: Option<String>,
}

/// What a worker does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// The script runs to its first wait, or pauses before it is tried again.
    Booting,
    /// It waits for a request.
    Ready,
    /// It has a request.
    Working,
    /// It was told to leave.
    Draining,
    /// It was told to end its request and does not.
    Stuck,
    /// It cannot be booted, and is tried again after a pause.
    Failing,
    /// Its thread has ended.
    Stopped,
}

// === impl Status ===

impl Status {
    /// Our word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Booting => "booting",
            Self::Ready => "ready",
            Self::Working => "working",
            Self::Draining => "draining",
            Self::Stuck => "stuck",
            Self::Failing => "failing",
            Self::Stopped => "stopped",
        }
    }

    /// RoadRunner's number and word for the nearest of its states.
    pub(super) fn of_roadrunner(self) -> (i64, &'static str) {
        match self {
            Self::Booting => (0, "inactive"),
            Self::Ready => (1, "ready"),
            Self::Working => (2, "working"),
            Self::Stuck => (3, "invalid"),
            Self::Draining => (4, "stopping"),
            Self::Stopped => (5, "stopped"),
            Self::Failing => (6, "errored"),
        }
    }
}
