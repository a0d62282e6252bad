//! The time by which stored responses age.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Tells the time: that of the system, or one that is set by hand, so that a test need not wait.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicU64>>);

/// A point in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Since some start, by a clock that is never set: how long something has been here.
    pub(super) steady: Duration,
    /// By the clock on the wall: what dates in headers are compared with.
    pub(super) wall: SystemTime,
}

// === impl Clock ===

impl Clock {
    /// What a clock that is set by hand shows at first: 2001-09-09 01:46:40 UTC.
    pub const START: Duration = Duration::from_secs(1_000_000_000);

    /// A clock that stands still until it is [advanced](Self::advance), and all copies of it.
    pub fn by_hand() -> Self {
        Self(Some(Arc::new(AtomicU64::new(0))))
    }

    /// Sets a clock forward, by whole milliseconds, if it is set by hand.
    pub fn advance(&self, by: Duration) {
        if let Self(Some(hand)) = self {
            hand.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
        }
    }

    pub(super) fn now(&self) -> Moment {
        static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
        match &self.0 {
            None => Moment { steady: BEGIN.elapsed(), wall: SystemTime::now() },
            Some(hand) => {
                let steady = Duration::from_millis(hand.load(Ordering::SeqCst));
                Moment { steady, wall: UNIX_EPOCH + Self::START + steady }
            }
        }
    }
}

impl PartialEq for Clock {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Eq for Clock {}
