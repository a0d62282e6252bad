//! The last events of a channel, for clients that come again.

use std::collections::VecDeque;

use bytes::Bytes;

/// Most bytes of events that a channel keeps: half of what may be under way to a client, so that all of it can be sent at
/// once.
const BYTES: usize = 128 * 1024;

/// The last events of a channel, oldest first.
#[derive(Debug, Default)]
pub(super) struct History {
    events: VecDeque<Kept>,
    /// Their sum.
    bytes: usize,
}

/// An event that was published.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// Its number among all events of the server.
    pub(super) number: u64,
    /// What clients call it.
    id: Option<Bytes>,
    /// As it is sent.
    pub(super) bytes: Bytes,
}

// === impl History ===

impl History {
    /// Keeps an event, and `most` in all.
    pub(super) fn keep(&mut self, most: usize, number: u64, id: Option<&Bytes>, bytes: &Bytes) {
        if most == 0 {
            return;
        }
        self.bytes += bytes.len();
        self.events.push_back(Kept { number, id: id.cloned(), bytes: bytes.clone() });
        while self.events.len() > most || self.bytes > BYTES {
            let Some(oldest) = self.events.pop_front() else { return };
            self.bytes -= oldest.bytes.len();
        }
    }

    /// Returns whether it has nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The number of the last event that clients call `id`.
    fn find(&self, id: &[u8]) -> Option<u64> {
        let found = self.events.iter().rev().find(|event| event.id.as_deref() == Some(id));
        found.map(|event| event.number)
    }
}

/// What a client has missed that had `id` last: the events of `histories` behind it, in the order in which they were
/// published, each once. Everything that is kept, if that id is not known any more.
pub(super) fn missed<'a>(histories: impl Iterator<Item = &'a History> + Clone, id: &[u8]) -> Vec<Kept> {
    let last = histories.clone().filter_map(|history| history.find(id)).max().unwrap_or(0);
    let mut missed: Vec<_> =
        histories.flat_map(|history| &history.events).filter(|event| event.number > last).cloned().collect();
    missed.sort_by_key(|event| event.number);
    missed.dedup_by_key(|event| event.number);
    missed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(most: usize, events: &[(u64, &'static str)]) -> History {
        let mut history = History::default();
        for (number, id) in events {
            history.keep(most, *number, Some(&Bytes::from_static(id.as_bytes())), &Bytes::from(vec![b'x'; 10]));
        }
        history
    }

    fn numbers(histories: &[&History], id: &str) -> Vec<u64> {
        missed(histories.iter().copied(), id.as_bytes()).iter().map(|event| event.number).collect()
    }

    #[test]
    fn what_came_behind_an_id_is_missed() {
        let history = history(3, &[(1, "a"), (4, "b"), (6, "c"), (9, "d")]);
        assert_eq!(numbers(&[&history], "b"), [6, 9]);
        assert_eq!(numbers(&[&history], "d"), [0; 0]);
        assert_eq!(numbers(&[&history], "a"), [4, 6, 9], "forgotten: all that is left");
    }

    #[test]
    fn events_of_several_channels_come_in_their_order_and_once() {
        let (one, two) = (history(9, &[(1, "a"), (2, "b"), (5, "e")]), history(9, &[(2, "b"), (3, "c"), (4, "d")]));
        assert_eq!(numbers(&[&one, &two], "b"), [3, 4, 5]);
        assert_eq!(numbers(&[&one, &two], "?"), [1, 2, 3, 4, 5]);
        assert_eq!(numbers(&[], "a"), [0; 0]);
    }

    #[test]
    fn it_is_bounded_in_number_and_size() {
        let mut history = history(2, &[(1, "a"), (2, "b"), (3, "c")]);
        assert_eq!((history.events.len(), history.bytes), (2, 20));
        history.keep(9, 4, None, &Bytes::from(vec![b'x'; BYTES]));
        assert_eq!((history.events.len(), history.bytes), (1, BYTES));
        history.keep(9, 5, None, &Bytes::from(vec![b'x'; BYTES + 1]));
        assert!(history.is_empty() && history.bytes == 0, "one that is longer than all may be is not kept");
        history.keep(0, 6, None, &Bytes::new());
        assert!(history.is_empty());
    }
}
