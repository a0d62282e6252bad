//! Numbers that many threads change at a time.

use std::sync::atomic::{AtomicU64, Ordering};

/// Whole numbers up to this one are added as such; so many of them fit that they never run over.
const WHOLE: f64 = 4_294_967_296.0;

/// A number that only grows. What is whole is added by one instruction, and exactly.
#[derive(Debug, Default)]
pub(super) struct Total {
    whole: AtomicU64,
    rest: Level,
}

/// A number that goes up and down: the bits of an `f64`.
#[derive(Debug, Default)]
pub(super) struct Level(AtomicU64);

// === impl Total ===

impl Total {
    /// Adds a number that is not negative.
    pub(super) fn add(&self, value: f64) {
        if value <= WHOLE && value.fract() == 0.0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is whole and small enough"
            )]
            self.whole.fetch_add(value as u64, Ordering::Relaxed);
        } else {
            self.rest.add(value);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "it is shown as such a number")]
    pub(super) fn get(&self) -> f64 {
        self.whole.load(Ordering::Relaxed) as f64 + self.rest.get()
    }
}

// === impl Level ===

impl Level {
    pub(super) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    pub(super) fn add(&self, value: f64) {
        let add = |bits| Some((f64::from_bits(bits) + value).to_bits());
        // It never fails: the closure always has a number.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}
