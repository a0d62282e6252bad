//! What a worker may use up before it is recycled, and why workers are.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use crate::config::{Problems, Section};

/// Parts of `max_jobs` by which workers may stay below it, so that they are not all recycled at the same time.
const JITTER: u64 = 10;

/// Bounds of a worker (`<plugin>.pool.max_jobs` and section `<plugin>.pool.supervisor`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `max_jobs`: requests after which a worker is recycled; some are so up to a tenth earlier.
    ///
    /// Default (absent or 0): no limit.
    pub max_jobs: Option<u64>,

    /// `supervisor.watch_tick`: time between two looks at workers that wait, for `ttl`, `idle_ttl` and the sizes of pools.
    ///
    /// Default (absent or 0): `5s`.
    pub watch_tick: Duration,

    /// `supervisor.ttl`: age at which a worker is recycled, between two requests.
    ///
    /// Default (absent or 0): no limit.
    pub ttl: Option<Duration>,

    /// `supervisor.idle_ttl`: time without a request after which a worker is recycled.
    ///
    /// Default (absent or 0): no limit.
    pub idle_ttl: Option<Duration>,

    /// `supervisor.max_worker_memory`: bytes of PHP memory at which a worker is recycled, between two requests. In the file
    /// in MiB.
    ///
    /// Default (absent or 0): no limit.
    pub max_memory: Option<u64>,

    /// `supervisor.exec_ttl`: longest time from taking a request to the next wait. The client is answered 504 then, and the
    /// script is made to end its request.
    ///
    /// Default (absent or 0): no limit.
    pub exec_ttl: Option<Duration>,

    /// `supervisor.max_stuck_workers`: threads that cannot be made to end their request and are replaced. One more, and the
    /// generation changes.
    ///
    /// Default: 4.
    pub max_stuck: usize,

    /// Which requests are logged because they are slow.
    ///
    /// Not part of the pool's section: section `slow_log` of the file. Default: none.
    pub slow: Option<SlowLog>,
}

/// Which requests are logged because they are slow (section `slow_log`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowLog {
    /// `threshold`: a request that has run for so long is logged, once.
    ///
    /// Default: 0, none is.
    pub threshold: Duration,

    /// `backtrace`: whether the entry says where in the PHP code the request was.
    ///
    /// Default: `true`.
    pub backtrace: bool,
}

/// Why a worker's script runs again, or why its thread has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Reason {
    /// The script has ended by itself, or failed.
    Ended = 0,
    /// The script asked for it (`Worker::stop()`).
    Asked = 1,
    /// It had as many requests as it may.
    MaxJobs = 2,
    /// It was old enough.
    Ttl = 3,
    /// It had no request for long enough.
    IdleTtl = 4,
    /// It used as much memory as it may.
    MaxMemory = 5,
    /// It took too long over a request.
    ExecTtl = 6,
    /// Its code was replaced.
    Reload = 7,
    /// The pool has become smaller.
    Resize = 8,
    /// It did not come to its first wait.
    BootTimeout = 9,
    /// The server ends.
    Stop = 10,
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_jobs: None,
            watch_tick: Duration::from_secs(5),
            ttl: None,
            idle_ttl: None,
            max_memory: None,
            exec_ttl: None,
            max_stuck: 4,
            slow: None,
        }
    }
}

impl Limits {
    /// `max_jobs` of one run of a script.
    pub(super) fn jobs_of_run(&self) -> u64 {
        let Some(most) = self.max_jobs else { return u64::MAX };
        // A new state has random keys; that is all the chance that is needed.
        most - RandomState::new().hash_one(()) % (most / JITTER + 1)
    }

    /// Whether requests in hand have to be looked at.
    pub(super) fn concern_requests(&self) -> bool {
        self.exec_ttl.is_some() || self.slow.is_some()
    }

    /// Whether workers that wait have to be looked at.
    pub(super) fn concern_idle(&self) -> bool {
        self.ttl.is_some() || self.idle_ttl.is_some()
    }
}

// === impl SlowLog ===

impl Default for SlowLog {
    fn default() -> Self {
        Self { threshold: Duration::ZERO, backtrace: true }
    }
}

impl SlowLog {
    /// Reads section `slow_log`; what is wrong is added to `problems` and read as the default.
    pub fn read(mut section: Section<'_>, problems: &mut Problems) -> Self {
        let mut slow = Self::default();
        if let Some(threshold) = section.duration("threshold", problems) {
            slow.threshold = threshold;
        }
        if let Some(backtrace) = section.boolean("backtrace", problems) {
            slow.backtrace = backtrace;
        }
        section.finish(problems);
        slow
    }
}

// === impl Reason ===

impl Reason {
    /// All of them, by their numbers.
    pub(super) const ALL: [Self; 11] = [
        Self::Ended,
        Self::Asked,
        Self::MaxJobs,
        Self::Ttl,
        Self::IdleTtl,
        Self::MaxMemory,
        Self::ExecTtl,
        Self::Reload,
        Self::Resize,
        Self::BootTimeout,
        Self::Stop,
    ];

    /// The reason whose number this is.
    pub(super) fn from_byte(byte: u8) -> Self {
        Self::ALL.get(usize::from(byte)).copied().unwrap_or(Self::Stop)
    }

    /// As a word for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Asked => "asked",
            Self::MaxJobs => "max_jobs",
            Self::Ttl => "ttl",
            Self::IdleTtl => "idle_ttl",
            Self::MaxMemory => "max_memory",
            Self::ExecTtl => "exec_ttl",
            Self::Reload => "reload",
            Self::Resize => "resize",
            Self::BootTimeout => "boot_timeout",
            Self::Stop => "stop",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_stay_below_their_bound_but_not_far() {
        let run = |max_jobs| Limits { max_jobs, ..Limits::default() }.jobs_of_run();
        assert_eq!(run(None), u64::MAX);
        for _ in 0..200 {
            assert_eq!(run(Some(1)), 1);
            assert_eq!(run(Some(9)), 9);
            assert!((900..=1000).contains(&run(Some(1000))));
        }
        let first = run(Some(1_000_000));
        assert!((0..100).any(|_| run(Some(1_000_000)) != first));
    }

    #[test]
    fn a_reason_survives_as_a_byte() {
        for byte in 0..=10 {
            assert_eq!(Reason::from_byte(byte) as u8, byte);
        }
    }
}
