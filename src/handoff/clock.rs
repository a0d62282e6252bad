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
    static START: OnceLock<Instant> = OnceLock::new();
    nanos(moment.saturating_duration_since(*START.get_or_init(Instant::now))).max(1)
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
