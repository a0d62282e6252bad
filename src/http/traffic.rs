//! What middleware `http_metrics` counts: requests, by the status of their answers and by how long these took.

use std::{
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::StatusCode;

/// Upper bounds by which durations are counted: RoadRunner's.
const BOUNDS: [Duration; 14] = [
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2500),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(30),
    Duration::from_mins(1),
];
/// Those, and what is above all of them.
const COUNTS: usize = BOUNDS.len() + 1;
/// Statuses that HTTP has, from 100 on.
const STATUSES: usize = 900;
/// Status of a request whose client left before its answer, as in the access log.
const LEFT: usize = 499;

/// Requests that went through the middleware since the start.
pub struct Traffic {
    begun: AtomicU64,
    ended: AtomicU64,
    /// By status, from 100 on; made when a status is met.
    answers: Box<[OnceLock<Box<Counted>>]>,
}

/// Answers of one status.
#[derive(Debug, Default)]
struct Counted {
    counts: [AtomicU64; COUNTS],
    nanoseconds: AtomicU64,
}

/// Answers of one status, and how long they took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The status; 499 where the client left before.
    pub status: usize,
    /// How many took so long, for each of [`Traffic::bounds`], and longer than that.
    pub counts: [u64; COUNTS],
    /// All durations together.
    pub sum: Duration,
}

// === impl Traffic ===

impl Default for Traffic {
    fn default() -> Self {
        let answers = (0..STATUSES).map(|_| OnceLock::new()).collect();
        Self { begun: AtomicU64::new(0), ended: AtomicU64::new(0), answers }
    }
}

impl Traffic {
    /// The upper bounds of durations.
    pub fn bounds() -> &'static [Duration] {
        &BOUNDS
    }

    /// A request has come.
    pub(super) fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// A request is over. `None`: its client left before its answer.
    pub(super) fn end(&self, status: Option<StatusCode>, took: Duration) {
        let status = status.map_or(LEFT, |status| usize::from(status.as_u16()));
        if let Some(place) = status.checked_sub(100).and_then(|place| self.answers.get(place)) {
            let counted = place.get_or_init(Box::default);
            counted.counts[BOUNDS.partition_point(|bound| *bound < took)].fetch_add(1, Ordering::Relaxed);
            let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
            counted.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
        }
        self.ended.fetch_add(1, Ordering::Release);
    }

    /// Requests that wait for a worker, or that one works on, or whose answers are on their way.
    pub fn under_way(&self) -> u64 {
        // In this order: no request that has ended is missing among those that have begun.
        let ended = self.ended.load(Ordering::Acquire);
        self.begun.load(Ordering::Relaxed).saturating_sub(ended)
    }

    /// What was answered so far, by status.
    pub fn answered(&self) -> impl Iterator<Item = Answered> {
        let met = self.answers.iter().enumerate().filter_map(|(place, counted)| Some((place + 100, counted.get()?)));
        met.map(|(status, counted)| Answered {
            status,
            counts: std::array::from_fn(|place| counted.counts[place].load(Ordering::Relaxed)),
            sum: Duration::from_nanos(counted.nanoseconds.load(Ordering::Relaxed)),
        })
    }
}

impl fmt::Debug for Traffic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.answered()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_status_and_duration() {
        let traffic = Traffic::default();
        for (status, millis) in [(Some(StatusCode::OK), 5), (Some(StatusCode::OK), 6), (None, 90_000)] {
            traffic.begin();
            traffic.end(status, Duration::from_millis(millis));
        }
        traffic.begin();
        assert_eq!(traffic.under_way(), 1);
        let answered: Vec<_> = traffic.answered().collect();
        assert_eq!(answered.iter().map(|one| one.status).collect::<Vec<_>>(), [200, 499]);
        assert_eq!((answered[0].counts[0], answered[0].counts[1], answered[1].counts[14]), (1, 1, 1));
        assert_eq!(answered[0].sum, Duration::from_millis(11));
    }
}
