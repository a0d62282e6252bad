//! The requests of one HTTP/2 connection that are under way, and whether their answers are taken.

use std::{
    io::IoSlice,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::{Buf, Bytes};
use tokio::time::Instant;

/// Spans of time that are told apart: an answer of which nothing was taken in one of them and the four behind it has
/// stalled, so the last one is free for what moves now.
const SPANS: u32 = 6;

/// Requests that came together count as having come at the same time, if they are no more than this.
const TOGETHER: u32 = 16;

/// What is under way on one connection.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// Requests whose answers have not ended, and parts of answers that are not taken yet.
    open: Count,
    /// Number of the span of time that is now.
    span: AtomicU32,
    /// Answers that are not taken yet, by the span in which a part of each was last taken.
    unsent: [Count; SPANS as usize],
    /// Requests that came in this look at the connection.
    arrived: Count,
    /// When one of them came last for which the clock was read, in nanoseconds since the connection began.
    at: AtomicU64,
}

/// Counts on one thread at a time: the tasks of a connection all run on that of their reactor.
#[derive(Debug, Default)]
struct Count(AtomicU32);

/// One request whose answer has not ended, or a part of an answer that is not taken yet.
#[derive(Debug)]
pub(super) struct Open(Arc<Streams>);

/// Something of an answer that its client has not taken yet.
#[derive(Debug)]
pub(super) struct Untaken {
    open: Open,
    /// The span of time in which a part of it was last taken.
    span: u32,
}

/// Bytes of an answer, until they are written.
#[derive(Debug)]
pub(super) struct Unsent {
    bytes: Bytes,
    untaken: Untaken,
}

/// Moves the spans on as time passes.
#[derive(Debug)]
pub(super) struct Spans {
    length: Duration,
    begun: Instant,
}

// === impl Streams ===

impl Streams {
    /// Returns whether no request is under way, and every answer is written.
    pub(super) fn are_done(&self) -> bool {
        self.open.get() == 0
    }

    /// A look at the connection begins.
    pub(super) fn look(&self) {
        self.arrived.0.store(0, Ordering::Relaxed);
    }

    /// When a request came that was read in this look, of a connection that began at `begun`. Few of them read the clock.
    pub(super) fn arrived(&self, begun: Instant) -> Instant {
        if self.arrived.get().is_multiple_of(TOGETHER) {
            let nanos = u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.at.store(nanos, Ordering::Relaxed);
        }
        self.arrived.more();
        begun + Duration::from_nanos(self.at.load(Ordering::Relaxed))
    }

    fn place(&self, span: u32) -> &Count {
        &self.unsent[(span % SPANS) as usize]
    }

    /// Begins the next span. Returns whether nothing of some answer was taken within the last four whole ones.
    fn next_span(&self) -> bool {
        let span = self.span.load(Ordering::Relaxed).wrapping_add(1);
        self.span.store(span, Ordering::Relaxed);
        // Six spans ago and one to come have the same place, which is that of the oldest.
        self.place(span + 1).get() > 0
    }
}

// === impl Count ===

impl Count {
    fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn more(&self) {
        self.0.store(self.get().wrapping_add(1), Ordering::Relaxed);
    }

    fn less(&self) {
        self.0.store(self.get().wrapping_sub(1), Ordering::Relaxed);
    }
}

// === impl Open ===

impl Open {
    pub(super) fn new(streams: &Arc<Streams>) -> Self {
        streams.open.more();
        Self(Arc::clone(streams))
    }

    /// From now on the client has a part of the answer to take.
    pub(super) fn untaken(&self) -> Untaken {
        Self::new(&self.0).all_untaken()
    }

    /// From now on the client has all of the answer to take.
    pub(super) fn all_untaken(self) -> Untaken {
        let span = self.0.span.load(Ordering::Relaxed);
        self.0.place(span).more();
        Untaken { open: self, span }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.less();
    }
}

// === impl Untaken ===

impl Untaken {
    /// These are the bytes.
    pub(super) fn of(self, bytes: Bytes) -> Unsent {
        Unsent { bytes, untaken: self }
    }

    /// A part of it was taken.
    fn moves(&mut self) {
        let streams = &self.open.0;
        let now = streams.span.load(Ordering::Relaxed);
        if now != self.span {
            streams.place(self.span).less();
            streams.place(now).more();
            self.span = now;
        }
    }
}

impl Drop for Untaken {
    fn drop(&mut self) {
        self.open.0.place(self.span).less();
    }
}

// === impl Unsent ===

impl Buf for Unsent {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.bytes.chunks_vectored(slices)
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        if count > 0 {
            self.untaken.moves();
        }
    }

    fn copy_to_bytes(&mut self, count: usize) -> Bytes {
        let bytes = self.bytes.slice(..count);
        self.advance(count);
        bytes
    }
}

// === impl Spans ===

impl Spans {
    /// Divides the time in which a part of each answer must be taken.
    pub(super) fn new(timeout: Duration, now: Instant) -> Self {
        Self { length: timeout / (SPANS - 2), begun: now }
    }

    /// A look. Returns whether nothing of some answer was taken for too long.
    pub(super) fn end(&mut self, streams: &Streams, now: Instant) -> bool {
        if now.saturating_duration_since(self.begun) < self.length {
            return false;
        }
        self.begun = now;
        streams.next_span()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_which_nothing_is_taken_stalls_and_one_that_moves_does_not() {
        let streams = Arc::new(Streams::default());
        let open = Open::new(&streams);
        let mut moving = open.untaken().of(Bytes::from_static(&[0; 100]));
        let stalled = open.untaken().of(Bytes::from_static(&[0; 100]));
        drop(open);
        assert!(!streams.are_done());
        let spans = (1..100).find(|_| {
            moving.advance(1);
            streams.next_span()
        });
        assert_eq!(spans, Some(5), "four whole spans behind the one in which it began");
        drop(stalled);
        assert!((1..50).all(|_| {
            moving.advance(1);
            !streams.next_span()
        }));
        assert_eq!(moving.copy_to_bytes(moving.remaining()).len(), 46);
        drop(moving);
        assert!(streams.are_done());
    }

    #[test]
    fn spans_are_a_quarter_of_the_time_limit() {
        let (streams, begun) = (Arc::new(Streams::default()), Instant::now());
        let stalled = Open::new(&streams).untaken();
        let mut spans = Spans::new(Duration::from_secs(8), begun);
        let after =
            (1..100).map(|look| Duration::from_millis(500) * look).find(|after| spans.end(&streams, begun + *after));
        assert_eq!(after, Some(Duration::from_secs(10)));
        drop(stalled);
        assert!(streams.are_done());
    }
}
