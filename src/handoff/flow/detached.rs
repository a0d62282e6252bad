//! Streams that outlive the request whose worker began them: fed from anywhere, and nobody waits for room.

use std::{fmt, task::Waker};

use bytes::Bytes;

use super::{End, Sink, wake};

/// Bytes that a piece counts for beside its own: what it costs to remember that it is under way.
const PIECE: usize = 64;

/// The end that anybody may write to. Dropping it without [`Detached::end`] breaks the stream off.
#[must_use = "dropping it breaks the stream off"]
#[derive(Debug)]
pub struct Detached<E>(Sink<E>);

/// What came of an offer.
#[derive(Debug)]
pub enum Offered {
    /// It is on its way, once whoever reads is woken.
    Taken(Option<Waker>),
    /// As much is under way as may be.
    Full,
    /// Nobody reads any more.
    Left,
}

/// What is to be done when the reader goes.
pub(super) struct Farewell(Box<dyn FnOnce() + Send>);

// === impl Sink ===

impl<E> Sink<E> {
    /// Takes the stream off its worker, which nothing here wakes any more. `farewell` is called when the reader goes, on
    /// its thread and without a lock, unless the stream has ended before. `None` when nobody reads any more.
    pub fn detach(self, farewell: impl FnOnce() + Send + 'static) -> Option<Detached<E>> {
        let mut state = self.0.state.lock();
        if state.left {
            return None;
        }
        state.waits = false;
        state.farewell = Some(Farewell(Box::new(farewell)));
        drop(state);
        Some(Detached(self))
    }
}

// === impl Detached ===

impl<E> Detached<E> {
    /// Puts a piece under way if there is room; one that is larger than everything that may be under way has room when
    /// nothing is. The waker is for the caller to wake, once it holds no locks.
    pub fn offer(&self, piece: &Bytes) -> Offered {
        let flow = &*self.0.0;
        let mut state = flow.state.lock();
        if state.left || !matches!(state.end, End::Open) {
            return Offered::Left;
        }
        let under_way = state.bytes + state.pieces.len() * PIECE;
        if !state.pieces.is_empty() && under_way + piece.len() + PIECE > flow.capacity {
            return Offered::Full;
        }
        if !piece.is_empty() {
            state.bytes += piece.len();
            state.pieces.push_back(piece.clone());
        }
        Offered::Taken(state.reader.take())
    }

    /// A look. Returns whether there was something to take since the last look, and nothing was taken.
    pub fn has_stalled(&self) -> bool {
        let mut state = self.0.0.state.lock();
        let moved = std::mem::take(&mut state.moved);
        !moved && !state.pieces.is_empty()
    }

    /// Ends the stream, behind what is under way.
    pub fn end(&self) {
        let mut state = self.0.0.state.lock();
        state.farewell = None;
        if matches!(state.end, End::Open) {
            state.end = End::Ended(None);
            wake(state.reader.take(), state);
        }
    }
}

impl<E> Drop for Detached<E> {
    /// The sink inside breaks off what has not ended.
    fn drop(&mut self) {
        let farewell = self.0.0.state.lock().farewell.take();
        drop(farewell);
    }
}

// === impl Farewell ===

impl Farewell {
    pub(super) fn say(self) {
        (self.0)();
    }
}

impl fmt::Debug for Farewell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Farewell")
    }
}
