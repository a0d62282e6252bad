//! How long requests wait for a worker, for those who want to know.

use std::time::Duration;

use super::{
    clock::{Nanos, nanos},
    sync::{AtomicU64, Ordering},
};

/// Upper bounds by which waits are counted.
const BOUNDS: [Duration; 14] = [
    Duration::from_micros(50),
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(5),
];
/// Those, and what is above all of them.
const COUNTS: usize = BOUNDS.len() + 1;

/// How long the requests of one seat have waited. Written by the seat's thread alone.
#[derive(Debug, Default)]
pub(super) struct Waits {
    counts: [AtomicU64; COUNTS],
    sum: AtomicU64,
}

/// How long requests have waited.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Spread {
    /// How many fell within each bound of [`Spread::bounds`] and not within the one before; the last ones within none.
    pub counts: [u64; COUNTS],
    /// All waits together.
    pub sum: Duration,
}

// === impl Waits ===

impl Waits {
    pub(super) fn note(&self, waited: Nanos) {
        let place = BOUNDS.partition_point(|bound| nanos(*bound) < waited);
        let add = |number: &AtomicU64, more| number.store(number.load(Ordering::Relaxed) + more, Ordering::Relaxed);
        add(&self.counts[place], 1);
        add(&self.sum, waited);
    }
}

// === impl Spread ===

impl Spread {
    /// The upper bounds.
    pub fn bounds() -> &'static [Duration] {
        &BOUNDS
    }

    /// This and that of one more seat.
    pub(super) fn with(mut self, waits: &Waits) -> Self {
        for (sum, count) in self.counts.iter_mut().zip(&waits.counts) {
            *sum += count.load(Ordering::Relaxed);
        }
        self.sum += Duration::from_nanos(waits.sum.load(Ordering::Relaxed));
        self
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_counted_within_the_first_bound_that_holds_it() {
        let waits = Waits::default();
        for micros in [0, 50, 51, 6_000_000] {
            waits.note(micros * 1000);
        }
        let spread = Spread::default().with(&waits).with(&waits);
        assert_eq!((spread.counts[0], spread.counts[1], spread.counts[14]), (4, 2, 2));
        assert_eq!(spread.sum, Duration::from_micros(2 * 6_000_101));
    }
}
