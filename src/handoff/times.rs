//! How long requests take, as counters by size: from the moment they come to the inbox to the end of their worker's work.
//!
//! Each seat has counters of its own, which its thread alone writes, and adds nothing to what others share. An inbox has
//! them only if somebody looks, see [`super::Inbox::measure`].

use std::{sync::OnceLock, time::Duration};

use super::{
    clock::Nanos,
    sync::{AtomicU64, Ordering},
};

/// Counters for each doubling of the time.
const STEPS: u32 = 4;
/// The first counter is for what takes less than this power of 2, in nanoseconds: 8 µs.
const FIRST: u32 = 13;
/// The last one is for what takes longer than this power of 2: 137 s.
const LAST: u32 = 37;
/// Counters of a seat.
const COUNTERS: usize = ((LAST - FIRST) * STEPS) as usize + 2;

/// The times of the requests of one seat; empty until they are to be counted.
#[derive(Debug, Default)]
pub(super) struct Clockwork(OnceLock<Box<Counters>>);

#[derive(Debug)]
struct Counters {
    /// When the request in hand came to the inbox. Of the seat's thread.
    came: AtomicU64,
    /// Sum of all times in nanoseconds. Written by the seat's thread alone.
    sum: AtomicU64,
    /// Written by the seat's thread alone.
    counts: [AtomicU64; COUNTERS],
}

/// How many requests took how long, since the start.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Times {
    /// By size, see [`Times::bound`].
    pub counts: Vec<u64>,
    /// The sum of all times.
    pub sum: Duration,
}

/// Which counter is for so long a time.
fn place(time: Nanos) -> usize {
    let power = time.max(1).ilog2();
    if power < FIRST {
        return 0;
    }
    if power >= LAST {
        return COUNTERS - 1;
    }
    // The two bits behind the first one.
    let step = (time >> (power - 2)) & u64::from(STEPS - 1);
    ((power - FIRST) * STEPS) as usize + usize::try_from(step).unwrap_or_default() + 1
}

// === impl Clockwork ===

impl Clockwork {
    /// Counts from now on.
    pub(super) fn wind(&self) {
        self.0.get_or_init(|| {
            let zero = || AtomicU64::new(0);
            Box::new(Counters { came: zero(), sum: zero(), counts: std::array::from_fn(|_| zero()) })
        });
    }

    /// A request was taken that came at `came`.
    pub(super) fn begin(&self, came: Nanos) {
        if let Some(counters) = self.0.get() {
            counters.came.store(came, Ordering::Relaxed);
        }
    }

    /// It is over.
    pub(super) fn end(&self, now: Nanos) {
        let Some(counters) = self.0.get() else { return };
        let came = counters.came.load(Ordering::Relaxed);
        if came == 0 {
            return;
        }
        counters.came.store(0, Ordering::Relaxed);
        let time = now.saturating_sub(came);
        // One writer: what is loaded is what was stored last.
        let add = |counter: &AtomicU64, more| counter.store(counter.load(Ordering::Relaxed) + more, Ordering::Relaxed);
        add(&counters.sum, time);
        add(&counters.counts[place(time)], 1);
    }

    /// Adds what was counted to `times`.
    pub(super) fn add_to(&self, times: &mut Times) {
        let Some(counters) = self.0.get() else { return };
        times.counts.resize(COUNTERS, 0);
        for (sum, count) in times.counts.iter_mut().zip(&counters.counts) {
            *sum += count.load(Ordering::Relaxed);
        }
        times.sum += Duration::from_nanos(counters.sum.load(Ordering::Relaxed));
    }
}

// === impl Times ===

impl Times {
    /// The time that no request of counter number `place` has reached; `None` for the last one.
    pub fn bound(place: usize) -> Option<Duration> {
        if place + 1 >= COUNTERS {
            return None;
        }
        let place = u32::try_from(place).ok()?;
        let (power, step) = (FIRST + place / STEPS, u64::from(place % STEPS));
        Some(Duration::from_nanos((1 << power) + (step << (power - 2))))
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_below_its_bound_and_not_below_the_one_before() {
        let mut time = 1;
        while time < 1 << 40 {
            for near in [time - 1, time, time + 1] {
                let place = place(near);
                let bound = |place| Times::bound(place).map_or(u64::MAX, |bound| bound.as_nanos() as u64);
                assert!(near < bound(place), "{near} in {place}");
                assert!(place == 0 || near >= bound(place - 1), "{near} in {place}");
            }
            time += time / 7 + 1;
        }
        assert_eq!(Times::bound(0), Some(Duration::from_nanos(8192)));
        assert_eq!(Times::bound(COUNTERS - 1), None);
        assert_eq!(place(u64::MAX), COUNTERS - 1);
    }

    #[test]
    fn nothing_is_counted_until_somebody_looks() {
        let clockwork = Clockwork::default();
        let mut times = Times::default();
        clockwork.begin(1);
        clockwork.end(2);
        clockwork.add_to(&mut times);
        assert_eq!(times, Times::default());
        clockwork.wind();
        clockwork.end(5_000_000);
        clockwork.begin(1_000_000);
        clockwork.end(5_000_000);
        clockwork.end(6_000_000);
        clockwork.add_to(&mut times);
        assert_eq!(times.counts.iter().sum::<u64>(), 1, "each request once");
        assert_eq!(times.counts[place(4_000_000)], 1);
        assert_eq!(times.sum, Duration::from_millis(4));
    }
}
