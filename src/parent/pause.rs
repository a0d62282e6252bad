//! How long to wait before a server that has crashed is started again.

use std::time::Duration;

/// Shortest and longest pause.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));
/// A server that has served for so long is taken for a good one.
const GOOD: Duration = Duration::from_secs(10);

/// Crashes in a row of servers that were no good.
#[derive(Debug, Default)]
pub(super) struct Pause(u32);

// === impl Pause ===

impl Pause {
    /// A server has crashed, after it has served for so long. The first time it is started again at once.
    pub(super) fn after(&mut self, served: Duration) -> Duration {
        if served >= GOOD {
            self.0 = 0;
        }
        let before = self.0;
        self.0 = self.0.saturating_add(1);
        match before {
            0 => Duration::ZERO,
            times => PAUSE.0.saturating_mul(1 << (times - 1).min(16)).min(PAUSE.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_from_nothing_to_its_bound_until_a_server_is_good() {
        let mut pause = Pause::default();
        let pauses: Vec<_> = (0..8).map(|_| pause.after(Duration::from_secs(1)).as_millis()).collect();
        assert_eq!(pauses, [0, 250, 500, 1000, 2000, 4000, 8000, 10_000]);
        assert_eq!(pause.after(Duration::from_secs(60)), Duration::ZERO);
        assert_eq!(pause.after(Duration::ZERO), Duration::from_millis(250));
    }
}
