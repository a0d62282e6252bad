//! All connections of a server, and who goes when there are too many.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::connection::Line;

/// All connections.
#[derive(Debug)]
pub(super) struct Crowd {
    most: usize,
    idle: Duration,
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    by_number: BTreeMap<u64, Arc<Line>>,
    next: u64,
}

/// A connection that was let in; with its end there is room for another one.
#[derive(Debug)]
pub(super) struct Member {
    crowd: Arc<Crowd>,
    number: u64,
}

// === impl Crowd ===

impl Crowd {
    /// Lets in `most` connections. One that has been idle for `idle` goes when another one comes.
    pub(super) fn new(most: usize, idle: Duration) -> Arc<Self> {
        Arc::new(Self { most, idle, members: Mutex::default() })
    }

    /// Lets a connection in; `None`: there is no room, as all are in use.
    pub(super) fn admit(self: &Arc<Self>, line: &Arc<Line>) -> Option<Member> {
        let mut members = self.members.lock();
        if members.by_number.len() >= self.most {
            let now = Instant::now();
            let idle = members.by_number.iter().filter_map(|(number, line)| Some((line.idle_since()?, *number)));
            let (since, longest) = idle.min()?;
            if now.saturating_duration_since(since) < self.idle {
                return None;
            }
            if let Some(line) = members.by_number.remove(&longest) {
                line.leave();
            }
        }
        let number = members.next;
        members.next += 1;
        members.by_number.insert(number, Arc::clone(line));
        Some(Member { crowd: Arc::clone(self), number })
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.members.lock().by_number.len()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.crowd.members.lock().by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_is_idle_longest_makes_room() {
        let lines: Vec<_> = (0..4).map(|_| Line::new(true)).collect();
        let crowd = Crowd::new(2, Duration::ZERO);
        let first = crowd.admit(&lines[0]).unwrap();
        let second = crowd.admit(&lines[1]).unwrap();
        lines[0].touch();
        let third = crowd.admit(&lines[2]).unwrap();
        assert!(lines[1].is_left() && !lines[0].is_left(), "the second was idle for longer");
        drop(second);
        assert_eq!(crowd.len(), 2);
        drop((first, third));
        assert_eq!(crowd.len(), 0);
    }

    #[test]
    fn nobody_goes_who_was_idle_for_a_short_time_or_is_not() {
        let lines: Vec<_> = (0..2).map(|_| Line::new(true)).collect();
        let crowd = Crowd::new(1, Duration::from_hours(1));
        let _first = crowd.admit(&lines[0]).unwrap();
        assert!(crowd.admit(&lines[1]).is_none());
        let crowd = Crowd::new(1, Duration::ZERO);
        lines[0].begin();
        let _first = crowd.admit(&lines[0]).unwrap();
        assert!(crowd.admit(&lines[1]).is_none(), "a call is under way");
    }
}
