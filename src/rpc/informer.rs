//! The methods of services `informer` and `resetter`, with RoadRunner's names and shapes.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Fault, Methods, Steering, SteeringError, WorkerState};

/// The workers of a pool, as `informer.Workers` tells them.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Pool {
    /// By number.
    pub workers: Vec<Worker>,
}

/// One of them. The first eight fields are RoadRunner's.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Worker {
    /// The number of its thread: workers are threads of one process. 0: it has none at the moment.
    pub pid: i64,
    /// RoadRunner's number for the state.
    pub status: i64,
    /// Requests that it has taken.
    pub num_execs: u64,
    /// When its thread was started, in nanoseconds since 1970.
    pub created: i64,
    /// Memory of its script, in bytes.
    pub memory_usage: u64,
    /// Processor time, in percent of one core.
    #[serde(rename = "CPUPercent")]
    pub cpu_percent: f64,
    /// Empty: only side processes have one.
    pub command: String,
    /// RoadRunner's word for the state.
    pub status_str: String,
    /// Name of the worker, as in the log.
    pub name: String,
    /// Its number within the pool, from 0.
    pub number: u64,
    /// Our word for the state, see [`super::Status`].
    pub state: String,
    /// How long it has been in this state, in nanoseconds.
    pub age: i64,
    /// Target of the request that it works on, as far as it is short; empty: it has none.
    pub uri: String,
    /// Why its script last failed to boot; empty: it did not.
    pub boot_error: String,
    /// Method of the request that it works on; empty: it has none.
    pub method: String,
    /// Processor time of its thread, in nanoseconds.
    pub cpu_time: u64,
}

// === impl Worker ===

impl From<WorkerState> for Worker {
    fn from(worker: WorkerState) -> Self {
        let nanoseconds = |duration: std::time::Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        let since_1970 = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, nanoseconds);
        let (status, word) = worker.status.of_roadrunner();
        Self {
            pid: worker.thread.map_or(0, i64::from),
            status,
            num_execs: worker.requests,
            created: since_1970(worker.created),
            memory_usage: worker.memory,
            cpu_percent: worker.cpu,
            command: String::new(),
            status_str: word.to_owned(),
            name: worker.name,
            number: worker.number as u64,
            state: worker.status.word().to_owned(),
            age: nanoseconds(worker.age),
            uri: worker.uri.unwrap_or_default(),
            boot_error: worker.boot_error.unwrap_or_default(),
            method: worker.method.unwrap_or_default(),
            cpu_time: u64::try_from(worker.cpu_time.as_nanos()).unwrap_or(u64::MAX),
        }
    }
}

impl From<SteeringError> for Fault {
    fn from(error: SteeringError) -> Self {
        Self::new(error.to_string())
    }
}

impl Methods {
    /// Adds what acts on workers and tells of them.
    pub fn steer(&mut self, steering: &Arc<dyn Steering>) {
        let with = || Arc::clone(steering);
        // RoadRunner answers `true` or `false` here, which nobody looks at.
        let done = |result: Result<(), SteeringError>| result.map(|()| true).map_err(Fault::from);
        for name in ["informer.List", "resetter.List"] {
            let steering = with();
            self.register_waiting(name, move |_: IgnoredAny| Ok(steering.pools()));
        }
        let steering = with();
        self.register_waiting("informer.Workers", move |pool: String| {
            let mut workers = steering.workers(&pool)?;
            workers.sort_by_key(|worker| worker.number);
            Ok(Pool { workers: workers.into_iter().map(Worker::from).collect() })
        });
        let steering = with();
        self.register_waiting("informer.AddWorker", move |pool: String| done(steering.add_worker(&pool)));
        let steering = with();
        self.register_waiting("informer.RemoveWorker", move |pool: String| done(steering.remove_worker(&pool)));
        let steering = with();
        self.register_waiting("resetter.Reset", move |pool: String| done(steering.reset(Some(&pool))));
    }
}
