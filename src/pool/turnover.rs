//! How often something has happened to the workers of a pool.

use std::sync::atomic::{AtomicU64, Ordering};

use super::limits::Reason;

/// Why runs of the script end that came to their first wait, while the pool goes on.
const REASONS: [Reason; 9] = [
    Reason::Ended,
    Reason::Asked,
    Reason::MaxJobs,
    Reason::Ttl,
    Reason::IdleTtl,
    Reason::MaxMemory,
    Reason::ExecTtl,
    Reason::Reload,
    Reason::Resize,
];

/// How often something has happened to the workers of a pool since it was started.
#[derive(Debug, Default)]
pub struct Turnover {
    /// By the reason.
    recycled: [AtomicU64; REASONS.len()],
    /// Scripts that failed after their first wait.
    failed: AtomicU64,
    /// Scripts that did not come to their first wait.
    boots_failed: AtomicU64,
    /// Requests that took too long.
    timed_out: AtomicU64,
    /// Workers that could not be made to end their request.
    stuck: AtomicU64,
    /// Reloads that came to their end, and those that did not.
    reloads: [AtomicU64; 2],
}

fn add(number: &AtomicU64) {
    number.fetch_add(1, Ordering::Relaxed);
}

// === impl Turnover ===

impl Turnover {
    pub(super) fn recycled(&self, why: Reason) {
        if let Some(place) = REASONS.iter().position(|reason| *reason == why) {
            add(&self.recycled[place]);
        }
    }

    pub(super) fn failed(&self) {
        add(&self.failed);
    }

    pub(super) fn boot_failed(&self) {
        add(&self.boots_failed);
    }

    pub(super) fn timed_out(&self) {
        add(&self.timed_out);
    }

    pub(super) fn stuck(&self) {
        add(&self.stuck);
    }

    pub(super) fn reloaded(&self, done: bool) {
        add(&self.reloads[usize::from(!done)]);
    }

    /// Runs of the script that are over, by the word for why; those that failed by `failed`.
    pub fn recycles(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counted = REASONS.iter().zip(&self.recycled).map(|(reason, count)| (reason.as_str(), count));
        counted.chain([("failed", &self.failed)]).map(|(word, count)| (word, count.load(Ordering::Relaxed)))
    }

    /// Scripts that did not come to their first wait.
    pub fn boots_failed(&self) -> u64 {
        self.boots_failed.load(Ordering::Relaxed)
    }

    /// Requests that took longer than they may.
    pub fn requests_timed_out(&self) -> u64 {
        self.timed_out.load(Ordering::Relaxed)
    }

    /// Workers that could not be made to end their request.
    pub fn workers_stuck(&self) -> u64 {
        self.stuck.load(Ordering::Relaxed)
    }

    /// Reloads that came to their end, and those that did not.
    pub fn reloads(&self) -> (u64, u64) {
        (self.reloads[0].load(Ordering::Relaxed), self.reloads[1].load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_counted_by_its_own_word() {
        let turnover = Turnover::default();
        for reason in REASONS {
            turnover.recycled(reason);
        }
        turnover.recycled(Reason::Stop);
        turnover.failed();
        assert!(turnover.recycles().all(|(_, count)| count == 1));
        assert_eq!(turnover.recycles().count(), 10);
    }
}
