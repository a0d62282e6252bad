//! The last entries of the log, for those who look at a server over a network.
//!
//! Kept only if somebody has asked. Entries of the access log are not among them: a lock that all threads share would stand
//! in the way of every request.

use std::{
    collections::VecDeque,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;
use serde::Serialize;

use super::Level;

/// Entries that are kept.
const LINES: usize = 200;
/// Longest part of an entry that is kept, in bytes.
const LENGTH: usize = 2000;

static TAIL: OnceLock<Tail> = OnceLock::new();
/// Whether there is a tail: what a thread that logs looks at.
static KEPT: AtomicBool = AtomicBool::new(false);

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// How severe it is.
    pub level: &'static str,
    /// The entry as it was written, without the line's end.
    pub text: String,
}

/// The last entries, and the number of the next one.
#[derive(Debug, Default)]
struct Tail(Mutex<(u64, VecDeque<Line>)>);

/// Keeps the last entries from now on.
pub fn keep_tail() {
    TAIL.get_or_init(Tail::default);
    KEPT.store(true, Ordering::Release);
}

/// The entries that are kept whose numbers are higher than `number`.
pub fn tail(number: u64) -> Vec<Line> {
    TAIL.get().map(|tail| tail.since(number)).unwrap_or_default()
}

/// Whether entries are kept.
pub(super) fn is_kept() -> bool {
    KEPT.load(Ordering::Acquire)
}

/// Keeps an entry.
pub(super) fn push(level: Level, entry: &[u8]) {
    if let Some(tail) = TAIL.get() {
        tail.push(level, entry);
    }
}

// === impl Tail ===

impl Tail {
    fn push(&self, level: Level, entry: &[u8]) {
        let text = String::from_utf8_lossy(&entry[..entry.len().min(LENGTH)]).trim_end().to_owned();
        let text = if entry.len() > LENGTH { text + "…" } else { text };
        let mut tail = self.0.lock();
        tail.0 += 1;
        let line = Line { number: tail.0, level: level.lower(), text };
        if tail.1.len() == LINES {
            tail.1.pop_front();
        }
        tail.1.push_back(line);
    }

    fn since(&self, number: u64) -> Vec<Line> {
        self.0.lock().1.iter().filter(|line| line.number > number).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_entries_are_kept_and_long_ones_cut() {
        let tail = Tail::default();
        for number in 1..=LINES + 50 {
            tail.push(Level::Info, format!("entry {number}\n").as_bytes());
        }
        let lines = tail.since(0);
        assert_eq!((lines.len(), lines[0].number, lines[0].text.as_str()), (LINES, 51, "entry 51"));
        tail.push(Level::Error, "ü".repeat(LENGTH).as_bytes());
        let [last] = &*tail.since(LINES as u64 + 50) else { panic!("one is new") };
        assert_eq!((last.level, last.text.chars().count()), ("error", LENGTH / 2 + 1));
        assert!(last.text.ends_with('…'));
    }
}
