//! Settings of a worker pool (section `<plugin>.pool`).

use std::{num::NonZeroUsize, time::Duration};

use crate::config::{Problems, Section};

/// Settings of a worker pool (section `<plugin>.pool`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `num_workers`: PHP worker threads. 1 to 500.
    ///
    /// Default (absent or 0): the number of CPU cores this process may use.
    pub num_workers: NonZeroUsize,

    /// `max_queue_size`: requests that may wait for a free worker; the next one is refused (HTTP 503). 1 to 1 000 000.
    ///
    /// Default (absent or 0): 1024. In RoadRunner 0 means no limit.
    pub max_queue_size: usize,

    /// `destroy_timeout`: longest time from the request to stop until the process ends: requests in flight finish in it,
    /// and worker scripts leave their loops. What still runs then is interrupted.
    ///
    /// Default: `60s`.
    pub destroy_timeout: Duration,

    /// Scripts that a thread runs, one after the other, before a new thread takes its place. `None`: no limit.
    ///
    /// Not part of the file: the PHP setting `roadrunner.thread_runs`.
    pub thread_runs: Option<u64>,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            num_workers: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            max_queue_size: 1024,
            destroy_timeout: Duration::from_mins(1),
            thread_runs: None,
        }
    }
}

impl Config {
    /// Reads the section; what is wrong is added to `problems` and read as the default.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let mut config = Self::default();
        let size = |number: u64| usize::try_from(number).ok().and_then(NonZeroUsize::new);
        if let Some(workers) = section.integer("num_workers", 0..=500, problems).and_then(size) {
            config.num_workers = workers;
        }
        if let Some(waiting) = section.integer("max_queue_size", 0..=1_000_000, problems).and_then(size) {
            config.max_queue_size = waiting.get();
        }
        if let Some(timeout) = section.duration("destroy_timeout", problems) {
            config.destroy_timeout = timeout;
        }
        section.finish(problems);
        config
    }
}
