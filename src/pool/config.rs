//! Settings of a worker pool (section `<plugin>.pool`).

use std::{num::NonZeroUsize, time::Duration};

use super::{limits::Limits, reload::beside};
use crate::config::{Problems, Section};

/// Bytes of a mebibyte.
const MEBIBYTE: u64 = 1024 * 1024;
/// Workers that may be added by hand, at least.
const BY_HAND: usize = 8;

/// Settings of a worker pool (section `<plugin>.pool`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `command`: the script of this pool, written as `server.command`.
    ///
    /// Default: empty; it is that of the server.
    pub command: Vec<String>,

    /// `env`: environment for the workers of this pool, as name and value; names are upper-cased. Only PHP sees it.
    ///
    /// Default: empty.
    pub env: Vec<(String, String)>,

    /// `num_workers`: PHP worker threads. 1 to 500.
    ///
    /// Default (absent or 0): the number of CPU cores this process may use.
    pub num_workers: NonZeroUsize,

    /// `max_queue_size`: requests that may wait for a free worker; the next one is refused (HTTP 503). 1 to 1 000 000.
    ///
    /// Default (absent or 0): 1024. In RoadRunner 0 means no limit.
    pub max_queue_size: usize,

    /// `boot_timeout`: longest time from the start of the script to its first wait; a script that takes longer is
    /// interrupted and tried again.
    ///
    /// Default (absent or 0): `allocate_timeout`.
    pub boot_timeout: Duration,

    /// `allocate_timeout`: the default of `boot_timeout`, and of `http.limits.queue_timeout` if it is set.
    ///
    /// Default (absent or 0): `60s`, of which only `boot_timeout` takes notice.
    pub allocate_timeout: Option<Duration>,

    /// `reset_timeout`: how long a worker may go on with its request when another one has taken its place at a reload; it is
    /// interrupted then.
    ///
    /// Default (absent or 0): `60s`.
    pub reset_timeout: Duration,

    /// `destroy_timeout`: longest time from the request to stop until the process ends: requests in flight finish in it,
    /// and worker scripts leave their loops. What still runs then is interrupted.
    ///
    /// Default: `60s`.
    pub destroy_timeout: Duration,

    /// `debug`: each request has a run of the script of its own, which begins when the request is there.
    ///
    /// Default: `false`.
    pub debug: bool,

    /// Bounds of each worker.
    pub limits: Limits,

    /// `dynamic_allocator`: workers beyond `num_workers` while requests wait.
    ///
    /// Default: none.
    pub dynamic: Option<Dynamic>,

    /// Scripts that a thread runs, one after the other, before a new thread takes its place. `None`: no limit.
    ///
    /// Not part of the file: the PHP setting `roadrunner.thread_runs`.
    pub thread_runs: Option<u64>,
}

/// Workers beyond `num_workers` while requests wait (section `<plugin>.pool.dynamic_allocator`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dynamic {
    /// `max_workers`: most workers beyond `num_workers`. 1 to 100.
    ///
    /// Default (absent or 0): 10.
    pub max_workers: usize,

    /// `spawn_rate`: most workers that are started at a time, which is ten times a second. 1 to 100.
    ///
    /// Default (absent or 0): 5.
    pub spawn_rate: usize,

    /// `idle_timeout`: time without a request after which a worker beyond `num_workers` leaves. At least 1 s.
    ///
    /// Default (absent or 0): `60s`.
    pub idle_timeout: Duration,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            command: Vec::new(),
            env: Vec::new(),
            num_workers: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            max_queue_size: 1024,
            boot_timeout: Duration::from_mins(1),
            allocate_timeout: None,
            reset_timeout: Duration::from_mins(1),
            destroy_timeout: Duration::from_mins(1),
            debug: false,
            limits: Limits::default(),
            dynamic: None,
            thread_runs: None,
        }
    }
}

/// A number that means something if it is not 0.
fn number(section: &mut Section<'_>, key: &'static str, most: u64, problems: &mut Problems) -> Option<NonZeroUsize> {
    let number = section.integer(key, 0..=most, problems)?;
    usize::try_from(number).ok().and_then(NonZeroUsize::new)
}

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let mut config = Self {
            command: section.words("command", problems).unwrap_or_default(),
            env: section.environment(problems),
            debug: section.boolean("debug", problems).unwrap_or_default(),
            allocate_timeout: section.span("allocate_timeout", problems),
            ..Self::default()
        };
        if let Some(workers) = number(&mut section, "num_workers", 500, problems) {
            config.num_workers = workers;
        }
        if let Some(waiting) = number(&mut section, "max_queue_size", 1_000_000, problems) {
            config.max_queue_size = waiting.get();
        }
        let boot = section.span("boot_timeout", problems).or(config.allocate_timeout);
        config.boot_timeout = boot.unwrap_or(config.boot_timeout);
        if let Some(timeout) = section.span("reset_timeout", problems) {
            config.reset_timeout = timeout;
        }
        if let Some(timeout) = section.duration("destroy_timeout", problems) {
            config.destroy_timeout = timeout;
        }
        config.limits.max_jobs =
            number(&mut section, "max_jobs", u32::MAX.into(), problems).map(|jobs| jobs.get() as u64);
        if let Some(supervisor) = section.section("supervisor", problems) {
            config.limits.read(supervisor, problems);
        }
        config.dynamic = section.section("dynamic_allocator", problems).map(|section| Dynamic::read(section, problems));
        section.finish(problems);
        config
    }

    /// Most workers that there may be: some may be added by hand.
    pub(super) fn most_workers(&self) -> usize {
        let workers = self.num_workers.get();
        workers + workers.max(BY_HAND) + self.dynamic.as_ref().map_or(0, |dynamic| dynamic.max_workers)
    }

    /// Threads that there may be: at a reload those that come beside those that leave, and those that are stuck.
    pub(super) fn seats(&self) -> usize {
        let most = self.most_workers();
        2 * most + beside(most) + self.limits.max_stuck + 1
    }
}

// === impl Limits ===

impl Limits {
    /// Reads section `supervisor`; what is wrong is added to `problems` and left as it is.
    fn read(&mut self, mut section: Section<'_>, problems: &mut Problems) {
        if let Some(tick) = section.span("watch_tick", problems) {
            self.watch_tick = tick;
        }
        self.ttl = section.span("ttl", problems);
        self.idle_ttl = section.span("idle_ttl", problems);
        self.exec_ttl = section.span("exec_ttl", problems);
        let memory = number(&mut section, "max_worker_memory", 1_048_576, problems);
        self.max_memory = memory.map(|mebibytes| mebibytes.get() as u64 * MEBIBYTE);
        if let Some(most) = section.integer("max_stuck_workers", 0..=100, problems) {
            self.max_stuck = usize::try_from(most).unwrap_or(self.max_stuck);
        }
        section.finish(problems);
    }
}

// === impl Dynamic ===

impl Dynamic {
    fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let dynamic = Self {
            max_workers: number(&mut section, "max_workers", 100, problems).map_or(10, NonZeroUsize::get),
            spawn_rate: number(&mut section, "spawn_rate", 100, problems).map_or(5, NonZeroUsize::get),
            idle_timeout: section.span("idle_timeout", problems).unwrap_or(Duration::from_mins(1)),
        };
        if dynamic.idle_timeout < Duration::from_secs(1) {
            section.report("idle_timeout", "must be at least 1s", problems);
        }
        section.finish(problems);
        dynamic
    }
}
