//! What others do with the workers of a running server: through its supervisor, which is told as by a signal.

use std::{
    fs,
    sync::Arc,
    time::{Duration, SystemTime},
};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::command::{Command, Which};
use crate::{
    http,
    pool::{Crew, InHand, State, Worker},
    process,
    rpc::{self, Status, SteeringError, WorkerState},
};

/// Acts on the pools of a server.
pub(super) struct Steering {
    pub(super) pools: Vec<(String, Arc<Crew<http::Request, http::Answer>>)>,
    /// The supervisor's ear. It hears nothing any more once the server has ended.
    pub(super) commands: Sender<Command>,
}

/// The supervisor hears nothing any more.
fn ending<T>(_: T) -> SteeringError {
    SteeringError::Ending
}

/// Processor time of a thread.
fn cpu_time(thread: u32) -> Option<Duration> {
    let precise = fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok();
    let precise = precise.and_then(|text| text.split_whitespace().next()?.parse().ok());
    precise.map(Duration::from_nanos).or_else(|| process::cpu_time(&format!("/proc/self/task/{thread}/stat")))
}

// === impl Steering ===

impl Steering {
    fn crew(&self, pool: &str) -> Result<&Crew<http::Request, http::Answer>, SteeringError> {
        let found = self.pools.iter().find(|(name, _)| name == pool).map(|(_, crew)| &**crew);
        found.ok_or_else(|| SteeringError::UnknownPool {
            name: pool.to_owned(),
            pools: self.pools.iter().map(|(name, _)| name.clone()).collect(),
        })
    }

    /// Tells the supervisor, and waits for what comes of it, from so many pools.
    fn tell(
        &self,
        command: Command,
        outcome: &Receiver<Result<(), String>>,
        times: usize,
    ) -> Result<(), SteeringError> {
        self.commands.send(command).map_err(ending)?;
        let outcomes: Result<Vec<_>, _> = (0..times).map(|_| outcome.recv()).collect();
        let errors: Vec<String> = outcomes.map_err(ending)?.into_iter().filter_map(Result::err).collect();
        if errors.is_empty() { Ok(()) } else { Err(SteeringError::Failed(errors.join("; "))) }
    }
}

pub(super) fn state_of(worker: &Worker<http::Request, http::Answer>, broken: Option<&String>) -> WorkerState {
    let seen = worker.snapshot();
    let life = worker.started.elapsed();
    let thread = worker.thread();
    let cpu_time = thread.and_then(cpu_time).unwrap_or_default();
    // What it has in hand is over once it waits, whatever it has said.
    let works = matches!(seen.state, State::Working | State::Stuck | State::Draining);
    let in_hand = worker.in_hand_in_words().filter(|_| works);
    let (method, uri) = in_hand.map(|InHand { method, target }| (method, target)).unzip();
    let boot_error = seen.boot_error.or_else(|| broken.cloned());
    WorkerState {
        name: seen.name,
        number: worker.number,
        thread,
        status: match seen.state {
            State::Booting if worker.has_failed() => Status::Failing,
            State::Booting => Status::Booting,
            State::Ready => Status::Ready,
            State::Working => Status::Working,
            State::Draining => Status::Draining,
            State::Stopped => Status::Stopped,
            State::Stuck => Status::Stuck,
        },
        age: seen.age,
        method,
        uri,
        requests: seen.requests,
        memory: seen.memory as u64,
        cpu: cpu_time.as_secs_f64() / life.as_secs_f64().max(0.01) * 100.0,
        cpu_time,
        created: SystemTime::now() - life,
        boot_error,
    }
}

impl rpc::Steering for Steering {
    fn pools(&self) -> Vec<String> {
        self.pools.iter().map(|(name, _)| name.clone()).collect()
    }

    fn workers(&self, pool: &str) -> Result<Vec<WorkerState>, SteeringError> {
        let crew = self.crew(pool)?;
        let broken = crew.broken();
        Ok(crew.workers().iter().map(|worker| state_of(worker, broken.as_ref())).collect())
    }

    fn reset(&self, pool: Option<&str>) -> Result<(), SteeringError> {
        let times = match pool {
            Some(pool) => self.crew(pool).map(|_| 1)?,
            None => self.pools.len(),
        };
        let (done, outcome) = bounded(times);
        let which = Which { pool: pool.map(str::to_owned), done: Some(done) };
        self.tell(Command::Reload(which), &outcome, times)
    }

    fn add_worker(&self, pool: &str) -> Result<(), SteeringError> {
        self.crew(pool)?;
        let (done, outcome) = bounded(1);
        self.tell(Command::Add { pool: pool.to_owned(), done }, &outcome, 1)
    }

    fn remove_worker(&self, pool: &str) -> Result<(), SteeringError> {
        self.crew(pool)?;
        let (done, outcome) = bounded(1);
        self.tell(Command::Remove { pool: pool.to_owned(), done }, &outcome, 1)
    }
}
