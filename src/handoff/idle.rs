//! Which seats sleep: one bit per seat, so that a sender finds a sleeper without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

/// A set of seat numbers.
#[derive(Debug)]
pub(super) struct IdleSet {
    /// Bit `i % 64` of word `i / 64` is set while seat `i` is about to sleep or sleeps.
    ///
    /// Ordering: every access is `SeqCst`. A seat sets its bit and then looks at the inbox, a sender fills the inbox and
    /// then looks at the bits; in one total order at least one of the two sees the other.
    words: Box<[AtomicU64]>,
}

impl IdleSet {
    pub(super) fn new(seats: usize) -> Self {
        Self { words: (0..seats.div_ceil(64)).map(|_| AtomicU64::new(0)).collect() }
    }

    pub(super) fn insert(&self, seat: usize) {
        self.words[seat / 64].fetch_or(1 << (seat % 64), Ordering::SeqCst);
    }

    pub(super) fn remove(&self, seat: usize) {
        self.words[seat / 64].fetch_and(!(1 << (seat % 64)), Ordering::SeqCst);
    }

    /// Takes the lowest member out, so that the same few threads stay warm under light load.
    pub(super) fn take_lowest(&self) -> Option<usize> {
        for (index, word) in self.words.iter().enumerate() {
            let mut bits = word.load(Ordering::SeqCst);
            while bits != 0 {
                let rest = bits & (bits - 1);
                match word.compare_exchange_weak(bits, rest, Ordering::SeqCst, Ordering::SeqCst) {
                    Ok(_) => return Some(index * 64 + bits.trailing_zeros() as usize),
                    Err(now) => bits = now,
                }
            }
        }
        None
    }

    pub(super) fn len(&self) -> usize {
        self.words.iter().map(|word| word.load(Ordering::SeqCst).count_ones() as usize).sum()
    }
}
