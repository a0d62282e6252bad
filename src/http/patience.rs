//! Ends connections that come nowhere.
//!
//! One timer for the life of a connection, which looks from time to time what has happened: a timer for each head would
//! be set, and its clock read, for each request.

use std::{io, task::Poll, time::Duration};

use tokio::time::Instant;

use super::Limits;

/// Looks within the shortest of the limits: what it ends lasts up to a quarter longer.
const LOOKS: u32 = 4;
/// Longest time between two looks.
const SELDOM: Duration = Duration::from_secs(15);

/// What a connection waits for, and so how long it may.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wait {
    /// A head to be complete.
    Head,
    /// A request to begin.
    Request,
    /// The client to take some of what is sent.
    Taken,
    /// Nothing that is timed here: a worker, or a body, which is timed by whoever reads it.
    Untimed,
}

/// How long connections may wait, and how often they are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    head: Duration,
    request: Duration,
    taken: Duration,
    /// Time between two looks at a connection.
    pub(super) period: Duration,
}

/// What was seen of a connection at the last look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch {
    wait: Wait,
    mark: u64,
    /// When it was first seen like this.
    since: Instant,
}

/// How writing goes on.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// Bytes that were taken.
    pub(super) bytes: u64,
    /// Whether the last write was not taken, or not passed on.
    pub(super) blocked: bool,
}

// === impl Patience ===

impl Patience {
    /// Reads how long the limits are.
    pub(super) fn new(limits: &Limits) -> Self {
        let [head, request, taken] = [limits.header_timeout, limits.keep_alive_timeout, limits.write_timeout];
        let shortest = limits.queue_timeout.into_iter().fold(head.min(request).min(taken), Duration::min);
        // Rounded up, so that so many looks are no shorter than the limit.
        let period = (shortest / LOOKS + Duration::from_nanos(1)).clamp(Duration::from_millis(1), SELDOM);
        Self { head, request, taken, period }
    }

    /// How long a connection may wait like this.
    pub(super) fn limit(&self, wait: Wait) -> Option<Duration> {
        match wait {
            Wait::Head => Some(self.head),
            Wait::Request => Some(self.request),
            Wait::Taken => Some(self.taken),
            Wait::Untimed => None,
        }
    }
}

// === impl Watch ===

impl Watch {
    /// Begins with a connection that waits for its first head.
    pub(super) fn new(begun: Instant) -> Self {
        Self { wait: Wait::Head, mark: 0, since: begun }
    }

    /// A look. `mark` changes whenever the connection gets on. Returns whether it has not for too long.
    pub(super) fn ends(&mut self, patience: &Patience, now: Instant, wait: Wait, mark: u64) -> bool {
        if (wait, mark) != (self.wait, self.mark) {
            *self = Self { wait, mark, since: now };
            return false;
        }
        patience.limit(wait).is_some_and(|limit| now.saturating_duration_since(self.since) >= limit)
    }
}

// === impl Written ===

impl Written {
    /// Notes what became of a write.
    pub(super) fn note(&mut self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.blocked = result.is_pending();
        if let Poll::Ready(Ok(length)) = result {
            self.bytes += length as u64;
        }
        result
    }

    /// Notes what became of a flush.
    pub(super) fn note_flush(&mut self, result: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
        self.blocked = result.is_pending();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks until what is seen ends the connection, and returns after what time it did.
    fn ends_after(limits: &Limits, seen: impl Fn(Duration) -> (Wait, u64)) -> Option<Duration> {
        let (patience, begun) = (Patience::new(limits), Instant::now());
        let mut watch = Watch::new(begun);
        (1..1000).map(|look| patience.period * look).find(|after| {
            let (wait, mark) = seen(*after);
            watch.ends(&patience, begun + *after, wait, mark)
        })
    }

    fn limits() -> Limits {
        Limits { keep_alive_timeout: Duration::from_secs(7), ..Limits::default() }
    }

    #[test]
    fn each_wait_ends_at_its_limit_and_at_most_a_quarter_of_the_shortest_later() {
        for (wait, limit) in [(Wait::Head, 30), (Wait::Request, 7), (Wait::Taken, 60)] {
            let limit = Duration::from_secs(limit);
            // Between two looks it gets on for the last time.
            let last = Duration::from_secs(5);
            let after = ends_after(&limits(), |now| (wait, u64::from(now > last))).unwrap() - last;
            assert!(
                after >= limit && after < limit + Duration::from_secs(7) / 4 + Duration::from_millis(1),
                "{after:?}"
            );
        }
    }

    #[test]
    fn the_first_head_is_timed_from_the_beginning() {
        let after = ends_after(&Limits::default(), |_| (Wait::Head, 0)).unwrap();
        assert!(after >= Duration::from_secs(30) && after < Duration::from_millis(30_001), "{after:?}");
    }

    #[test]
    fn what_gets_on_or_is_not_timed_goes_on() {
        assert_eq!(ends_after(&limits(), |now| (Wait::Request, now.as_secs() / 5)), None);
        assert_eq!(ends_after(&limits(), |now| (Wait::Taken, now.as_secs())), None);
        assert_eq!(ends_after(&limits(), |_| (Wait::Untimed, 0)), None);
        let turns = |now: Duration| if now.as_secs().is_multiple_of(2) { (Wait::Head, 1) } else { (Wait::Request, 1) };
        assert_eq!(ends_after(&limits(), turns), None);
    }

    #[test]
    fn looks_are_as_frequent_as_the_shortest_limit_needs() {
        let period = |limits: Limits| Patience::new(&limits).period.as_millis();
        assert_eq!(period(Limits::default()), 7500);
        assert_eq!(period(Limits { queue_timeout: Some(Duration::from_secs(1)), ..Limits::default() }), 250);
        let long = Duration::from_hours(1);
        let limits =
            Limits { header_timeout: long, keep_alive_timeout: long, write_timeout: long, ..Limits::default() };
        assert_eq!(period(limits), 15_000);
    }
}
