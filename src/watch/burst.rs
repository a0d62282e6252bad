//! Changes that belong together.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    time::{Duration, Instant},
};

/// How many times as long as it must be quiet a stream of changes is waited for.
const PATIENCE: u32 = 20;

/// Changes that come one soon after the other: a save is several of them, and a checkout thousands.
#[derive(Debug)]
pub(super) struct Burst {
    quiet: Duration,
    /// When the first and the last one came.
    times: Option<(Instant, Instant)>,
    pub(super) paths: BTreeSet<PathBuf>,
}

// === impl Burst ===

impl Burst {
    /// One that ends when nothing has come for so long.
    pub(super) fn new(quiet: Duration) -> Self {
        Self { quiet, times: None, paths: BTreeSet::new() }
    }

    /// Another change has come.
    pub(super) fn grow(&mut self, now: Instant) {
        self.times = Some((self.times.map_or(now, |(first, _)| first), now));
    }

    /// When it ends, if it has begun.
    pub(super) fn due(&self) -> Option<Instant> {
        self.times.map(|(first, last)| (last + self.quiet).min(first + self.quiet * PATIENCE))
    }

    /// Ends it.
    pub(super) fn take(&mut self) -> Vec<PathBuf> {
        self.times = None;
        std::mem::take(&mut self.paths).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: Duration = Duration::from_millis(50);

    #[test]
    fn a_burst_ends_when_it_is_quiet() {
        let (mut burst, begun) = (Burst::new(QUIET), Instant::now());
        assert_eq!(burst.due(), None);
        burst.grow(begun);
        assert_eq!(burst.due(), Some(begun + QUIET));
        burst.grow(begun + QUIET / 2);
        assert_eq!(burst.due(), Some(begun + QUIET / 2 + QUIET));
        burst.paths.insert("a".into());
        assert_eq!(burst.take(), [PathBuf::from("a")]);
        assert_eq!((burst.due(), burst.take().len()), (None, 0));
    }

    #[test]
    fn a_stream_that_does_not_end_is_told_of_nevertheless() {
        let (mut burst, begun) = (Burst::new(QUIET), Instant::now());
        for step in 0..1000 {
            burst.grow(begun + QUIET / 2 * step);
        }
        assert_eq!(burst.due(), Some(begun + Duration::from_secs(1)));
    }
}
