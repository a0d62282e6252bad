//! Time as a number that fits an atomic.

#[cfg(not(feature = "shuttle"))]
use std::sync::LazyLock;
use std::time::{Duration, Instant};

#[cfg(not(feature = "shuttle"))]
use crate::process;

/// Nanoseconds since the first look at the clock, never 0.
pub(super) type Nanos = u64;

/// The model stands still: what was just taken stays fresh, and nothing is overdue.
#[cfg(feature = "shuttle")]
pub(super) fn now() -> Nanos {
    1
}

/// The first look at the clock.
#[cfg(not(feature = "shuttle"))]
struct Start {
    moment: Instant,
    /// The same as the system counts it, or a little less: what was read of an [`Instant`] is never in the future.
    nanos: Nanos,
}

#[cfg(not(feature = "shuttle"))]
static START: LazyLock<Start> = LazyLock::new(|| {
    // Another thread may have had its turn between the two looks.
    let looks = (0..100).map(|_| {
        let nanos = monotonic();
        (Start { moment: Instant::now(), nanos }, monotonic() - nanos)
    });
    let best = looks.min_by_key(|(_, apart)| *apart).map(|(start, _)| start);
    best.unwrap_or_else(|| Start { moment: Instant::now(), nanos: monotonic() })
});

/// The clock that an [`Instant`] is read from, without the arithmetic of one.
#[cfg(not(feature = "shuttle"))]
fn monotonic() -> Nanos {
    nanos(process::monotonic())
}

/// Returns the present.
#[cfg(not(feature = "shuttle"))]
pub(super) fn now() -> Nanos {
    monotonic().saturating_sub(START.nanos).max(1)
}

/// Returns a moment that was read from the clock elsewhere.
#[cfg(not(feature = "shuttle"))]
pub(super) fn at(moment: Instant) -> Nanos {
    nanos(moment.saturating_duration_since(START.moment)).max(1)
}

/// The same moment as others count.
#[cfg(not(feature = "shuttle"))]
pub(super) fn moment(nanos: Nanos) -> Instant {
    START.moment + Duration::from_nanos(nanos)
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
