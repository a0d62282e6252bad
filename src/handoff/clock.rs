//! Time as a number that fits an atomic.

#[cfg(not(feature = "shuttle"))]
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Nanoseconds since the first look at the clock, never 0.
pub(super) type Nanos = u64;

/// The model stands still: what was just taken stays fresh, and nothing is overdue.
#[cfg(feature = "shuttle")]
pub(super) fn now() -> Nanos {
    1
}

/// Returns the present.
#[cfg(not(feature = "shuttle"))]
pub(super) fn now() -> Nanos {
    at(Instant::now())
}

/// Returns a moment that was read from the clock elsewhere.
#[cfg(not(feature = "shuttle"))]
pub(super) fn at(moment: Instant) -> Nanos {
    nanos(moment.saturating_duration_since(start())).max(1)
}

/// The first look at the clock.
#[cfg(not(feature = "shuttle"))]
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// The same moment as others count.
#[cfg(not(feature = "shuttle"))]
pub(super) fn moment(nanos: Nanos) -> Instant {
    start() + Duration::from_nanos(nanos)
}

/// The model's only moment.
#[cfg(feature = "shuttle")]
pub(super) fn moment(_: Nanos) -> Instant {
    Instant::now()
}

/// The model's only moment.
#[cfg(feature = "shuttle")]
pub(super) fn at(_: Instant) -> Nanos {
    now()
}

/// A span as a number.
pub(super) const fn nanos(span: Duration) -> Nanos {
    // 584 years fit.
    #[expect(clippy::cast_possible_truncation, reason = "584 years fit")]
    let nanos = span.as_nanos() as u64;
    nanos
}
