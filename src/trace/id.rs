//! Names of traces and spans: random numbers.

use std::{
    cell::Cell,
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
};

/// Names a trace: 16 bytes, not all of them 0.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct TraceId(u128);

/// Names a span within its trace: 8 bytes, not all of them 0.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct SpanId(u64);

thread_local! {
    /// The state of this thread's generator; all 0 before its first number.
    static STATE: Cell<[u64; 2]> = const { Cell::new([0; 2]) };
}

/// A random number (xoroshiro128++). Good for names; whoever has seen some can tell the next ones.
pub(super) fn random() -> u64 {
    STATE.with(|place| {
        let [mut first, mut second] = place.get();
        while first == 0 && second == 0 {
            // The keys of a `RandomState` come from the operating system's random numbers.
            [first, second] = [(); 2].map(|()| RandomState::new().build_hasher().finish());
        }
        let number = first.wrapping_add(second).rotate_left(17).wrapping_add(first);
        second ^= first;
        place.set([first.rotate_left(49) ^ second ^ (second << 21), second.rotate_left(28)]);
        number
    })
}

// === impl TraceId ===

impl TraceId {
    /// A new one.
    pub fn random() -> Self {
        Self((u128::from(random()) << 64 | u128::from(random())).max(1))
    }

    /// `None` for 0, which names nothing.
    pub(super) fn new(number: u128) -> Option<Self> {
        (number != 0).then_some(Self(number))
    }

    /// As it goes over the wire.
    pub fn bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The part by which a share of the traces is chosen, so that all who see a trace choose alike.
    #[expect(clippy::cast_possible_truncation, reason = "the part that is random even in short names")]
    pub(super) fn lower(self) -> u64 {
        self.0 as u64
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

// === impl SpanId ===

impl SpanId {
    /// A new one.
    pub fn random() -> Self {
        Self(random().max(1))
    }

    /// `None` for 0, which names nothing.
    pub(super) fn new(number: u64) -> Option<Self> {
        (number != 0).then_some(Self(number))
    }

    /// As it goes over the wire.
    pub fn bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_names_are_alike_on_any_thread() {
        let draw = || (0..1000).map(|_| TraceId::random().0).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| std::thread::Builder::new().spawn(draw).expect("a thread")).collect();
        let all: HashSet<_> = threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect();
        assert_eq!(all.len(), 4000);
        let ones: u32 = all.iter().map(|number| number.count_ones()).sum();
        assert!((250_000..262_000).contains(&ones), "half of all bits: {ones}");
    }
}
