//! What a worker has in hand, in words, for those who look at it from other threads.
//!
//! The worker's thread writes the beginning of it into a place of fixed size, without lock and without memory of its own.
//! Whoever reads sees one request's words or nothing, never parts of two: a number is odd while they are written, and
//! another one once they are.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// Bytes of a word of memory.
const WORD: usize = 8;
/// Words for the method.
const METHOD: usize = 2;
/// Words for the target.
const TARGET: usize = 30;
/// Times that somebody who reads tries again while the thread writes.
const TRIES: usize = 16;

/// A request in hand, in words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InHand {
    /// Its method; the first 16 bytes.
    pub method: String,
    /// Its target; the first 240 bytes, with `…` behind them if there are more.
    pub target: String,
}

/// Where a worker's thread says what it has in hand.
#[derive(Debug)]
pub(super) struct Label {
    /// Odd while the rest is written. Ordering: together with fences it makes the relaxed rest one piece.
    version: AtomicU32,
    /// Bytes of the method, and in the upper half those of the target as it came; 0: nothing is in hand.
    lengths: AtomicU64,
    words: [AtomicU64; METHOD + TARGET],
}

// === impl Label ===

impl Label {
    pub(super) fn new() -> Self {
        Self {
            version: AtomicU32::new(0),
            lengths: AtomicU64::new(0),
            words: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// Says what is in hand. For the worker's thread alone.
    pub(super) fn write(&self, method: &str, target: &str) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version.wrapping_add(1), Ordering::Relaxed);
        fence(Ordering::Release);
        let (method_words, target_words) = self.words.split_at(METHOD);
        put(method.as_bytes(), method_words);
        put(target.as_bytes(), target_words);
        let (method, target) = (method.len().min(METHOD * WORD) as u64, target.len().min(u32::MAX as usize) as u64);
        self.lengths.store(method | target << 32, Ordering::Relaxed);
        self.version.store(version.wrapping_add(2), Ordering::Release);
    }

    /// Nothing is in hand. For the worker's thread alone.
    pub(super) fn clear(&self) {
        self.lengths.store(0, Ordering::Relaxed);
    }

    /// Reads what is in hand. `None` also while it changes all the time: then nothing takes long.
    pub(super) fn read(&self) -> Option<InHand> {
        (0..TRIES)
            .find_map(|_| {
                let version = self.version.load(Ordering::Acquire);
                let lengths = self.lengths.load(Ordering::Relaxed);
                let words: [u64; METHOD + TARGET] = std::array::from_fn(|at| self.words[at].load(Ordering::Relaxed));
                fence(Ordering::Acquire);
                let whole = version.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == version;
                whole.then_some((lengths, words))
            })
            .filter(|(lengths, _)| *lengths != 0)
            .map(|(lengths, words)| {
                let (method, target) = words.split_at(METHOD);
                let length = usize::try_from(lengths >> 32).unwrap_or(usize::MAX);
                let method = get(method, usize::try_from(lengths & 0xFF).unwrap_or_default());
                let mut target = get(target, length);
                if length > TARGET * WORD {
                    target.push('…');
                }
                InHand { method, target }
            })
    }
}

fn put(bytes: &[u8], words: &[AtomicU64]) {
    let (whole, rest) = bytes.as_chunks::<WORD>();
    for (word, bytes) in words.iter().zip(whole) {
        word.store(u64::from_le_bytes(*bytes), Ordering::Relaxed);
    }
    if let Some(word) = words.get(whole.len()) {
        // Not by way of memory: what was just written byte by byte is slow to read as a word.
        let rest = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        word.store(rest, Ordering::Relaxed);
    }
}

fn get(words: &[u64], length: usize) -> String {
    let bytes: Vec<_> = words.iter().flat_map(|word| word.to_le_bytes()).take(length).collect();
    match std::str::from_utf8(&bytes) {
        Ok(text) => text.to_owned(),
        // Cut in the middle of a letter.
        Err(error) => String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicBool, thread};

    use super::*;

    fn in_hand(method: &str, target: &str) -> Option<InHand> {
        Some(InHand { method: method.to_owned(), target: target.to_owned() })
    }

    #[test]
    fn what_was_written_is_read_until_it_is_over() {
        let label = Label::new();
        assert_eq!(label.read(), None);
        label.write("GET", "/reports?year=2026");
        assert_eq!(label.read(), in_hand("GET", "/reports?year=2026"));
        label.write("PROPFIND-AND-MORE-OF-IT", "/");
        assert_eq!(label.read(), in_hand("PROPFIND-AND-MOR", "/"));
        label.clear();
        assert_eq!(label.read(), None);
        label.write("", "/x");
        assert_eq!(label.read(), in_hand("", "/x"));
    }

    #[test]
    fn what_is_too_long_is_cut_between_two_letters() {
        let label = Label::new();
        let whole = "x".repeat(240);
        label.write("GET", &whole);
        assert_eq!(label.read(), in_hand("GET", &whole));
        label.write("GET", &format!("{whole}y"));
        assert_eq!(label.read(), in_hand("GET", &format!("{whole}…")));
        label.write("GET", &format!("{}ü", "x".repeat(239)));
        assert_eq!(label.read(), in_hand("GET", &format!("{}…", "x".repeat(239))));
    }

    #[test]
    fn nobody_reads_parts_of_two_requests() {
        let (label, ended) = (Label::new(), AtomicBool::new(false));
        let requests = [("GET", "/a".repeat(100)), ("DELETE", "/bb".repeat(40)), ("POST", "/".to_owned())];
        thread::scope(|scope| {
            scope.spawn(|| {
                for turn in 0..100_000 {
                    let (method, target) = &requests[turn % requests.len()];
                    label.write(method, target);
                    if turn % 5 == 0 {
                        label.clear();
                    }
                }
                ended.store(true, Ordering::SeqCst);
            });
            while !ended.load(Ordering::SeqCst) {
                if let Some(InHand { method, target }) = label.read() {
                    assert!(requests.contains(&(&*method, target.clone())), "{method} {target}");
                }
            }
        });
    }
}
