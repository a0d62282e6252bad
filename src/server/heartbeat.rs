//! Signs of life for the service manager, which restarts a server that gives none.
//!
//! A server whose worker threads all hang answers nobody, although its other threads are well. So a sign is given only
//! if a worker's thread has shown life.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, never, tick};

use crate::pool::{Snapshot, State};

/// When signs of life are due, and what was last seen of the workers.
#[derive(Debug)]
pub(super) struct Heartbeat {
    /// Yields something when a sign is due.
    pub(super) due: Receiver<Instant>,
    /// A request longer than this is a thread that hangs.
    patience: Duration,
    /// Pulse of each worker, by name, when last felt.
    pulses: Vec<(String, u64)>,
}

// === impl Heartbeat ===

impl Heartbeat {
    /// Signs are due `every` so often, but at least twice within `patience`. `None`: nobody waits for any.
    pub(super) fn new(patience: Option<Duration>, every: Option<Duration>) -> Self {
        let half = patience.map(|patience| patience / 2);
        let period = half.map(|half| every.map_or(half, |every| every.min(half)));
        Self { due: period.map_or_else(never, tick), patience: patience.unwrap_or_default(), pulses: Vec::new() }
    }

    /// Whether a worker shows life: one that waits has turned round since it was last nudged, one that is busy has not
    /// been so for long.
    pub(super) fn feel(&mut self, workers: Vec<(u64, Snapshot)>) -> bool {
        let shows_life = |(pulse, worker): &(u64, Snapshot)| {
            let before = self.pulses.iter().find(|(name, _)| *name == worker.name).map(|(_, pulse)| *pulse);
            let moved = before != Some(*pulse);
            moved || worker.state != State::Ready && worker.age < self.patience
        };
        let alive = workers.iter().any(shows_life);
        self.pulses = workers.into_iter().map(|(pulse, worker)| (worker.name, pulse)).collect();
        alive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(name: &str, pulse: u64, state: State, age: u64) -> (u64, Snapshot) {
        (
            pulse,
            Snapshot {
                name: name.to_owned(),
                state,
                age: Duration::from_secs(age),
                requests: 0,
                memory: 0,
                boot_error: None,
            },
        )
    }

    #[test]
    fn one_worker_that_moves_or_has_not_been_busy_for_long_is_enough() {
        let mut heart = Heartbeat::new(Some(Duration::from_secs(30)), None);
        let (ready, working) = (State::Ready, State::Working);
        assert!(heart.feel(vec![worker("a", 1, ready, 500), worker("b", 1, working, 40)]), "seen for the first time");
        assert!(heart.feel(vec![worker("a", 2, ready, 515), worker("b", 1, working, 55)]), "the one that waits moves");
        assert!(!heart.feel(vec![worker("a", 2, ready, 530), worker("b", 1, working, 70)]), "nobody moves");
        assert!(heart.feel(vec![worker("a", 2, working, 29), worker("b", 1, working, 85)]), "not busy for long");
        assert!(!heart.feel(vec![worker("a", 2, working, 30), worker("b", 1, working, 99)]), "all hang");
        assert!(heart.feel(vec![worker("a", 2, working, 45), worker("b", 2, working, 99)]), "one came back");
        assert!(!heart.feel(Vec::new()), "nobody is there");
    }

    #[test]
    fn signs_are_due_twice_within_the_patience_or_more_often() {
        let due = |every: Option<u64>| {
            let heart = Heartbeat::new(Some(Duration::from_millis(60)), every.map(Duration::from_millis));
            let start = Instant::now();
            heart.due.recv().unwrap().duration_since(start)
        };
        assert!(due(None) >= Duration::from_millis(29));
        assert!(due(Some(10)) < due(Some(1000)));
        assert!(Heartbeat::new(None, Some(Duration::from_millis(1))).due.try_recv().is_err());
    }
}
