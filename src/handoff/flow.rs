//! A stream of pieces from a worker's thread to a task, with a bound.
//!
//! The worker waits at its [`Seat`] while as much is under way as may be; the task is woken when something comes after
//! nothing was there. Both sides see the other one go.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;

use super::{
    bell::Bell,
    seat::{Blocked, Seat},
    sync::Mutex,
};

mod detached;

pub use detached::{Detached, Offered};

use detached::Farewell;

/// The end that a worker writes to. Dropping it without [`Sink::end`] breaks the stream off.
#[must_use = "dropping it breaks the stream off"]
#[derive(Debug)]
pub struct Sink<E>(Arc<Flow<E>>);

/// The end that a task reads from. Dropping it tells the worker that nobody reads any more.
#[derive(Debug)]
pub struct Source<E>(Arc<Flow<E>>);

/// Looks at a stream from aside.
#[derive(Clone, Debug)]
pub struct Watched<E>(Arc<Flow<E>>);

/// A stream that can be cut off from outside.
pub(crate) trait Breaks: Send + Sync {
    /// Cuts it off, if it has not ended: its reader finds it broken, and its writer that nobody reads.
    fn break_off(&self);
}

/// A stream of bytes that ends with an `E`.
#[derive(Debug)]
struct Flow<E> {
    state: Mutex<State<E>>,
    /// Rung when there is room again, or nobody reads any more.
    writer: Arc<Bell>,
    /// Bytes that may be under way.
    capacity: usize,
}

#[derive(Debug)]
struct State<E> {
    pieces: std::collections::VecDeque<Bytes>,
    /// Their sum.
    bytes: usize,
    end: End<E>,
    /// Whether nobody reads any more.
    left: bool,
    /// Whether the writer waits for room.
    waits: bool,
    reader: Option<Waker>,
    /// Whether something was taken since the last look at a detached stream.
    moved: bool,
    /// What is to be done when the reader of a detached stream goes.
    farewell: Option<Farewell>,
}

#[derive(Debug)]
enum End<E> {
    /// More may come.
    Open,
    /// All was written.
    Ended(Option<E>),
    /// The writer has gone in the middle.
    Broken,
}

/// What came of a write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Written {
    /// It is on its way.
    Yes,
    /// Nobody reads any more.
    Left,
    /// There was no room in time.
    TimedOut,
    /// The worker is to do something else now.
    Interrupted,
}

/// The worker has gone in the middle of the stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the worker broke the stream off")]
pub struct Broken;

/// Creates a stream that the thread at `seat` writes, of at most `capacity` bytes under way.
pub fn flow<Q, A, E>(seat: &Seat<Q, A>, capacity: usize) -> (Sink<E>, Source<E>) {
    let state = State {
        pieces: std::collections::VecDeque::new(),
        bytes: 0,
        end: End::Open,
        left: false,
        waits: false,
        reader: None,
        moved: false,
        farewell: None,
    };
    let flow = Arc::new(Flow { state: Mutex::new(state), writer: seat.bell(), capacity: capacity.max(1) });
    (Sink(Arc::clone(&flow)), Source(flow))
}

// === impl Sink ===

impl<E> Sink<E> {
    /// Writes `bytes`, piece by piece as there is room, and waits for it at `seat`, the one that the stream was made for,
    /// but not longer than `idle` for each piece.
    pub fn write<Q, A>(&self, seat: &Seat<Q, A>, bytes: &[u8], idle: Duration) -> Written {
        for piece in bytes.chunks(self.0.capacity) {
            match seat.block(idle, || self.has_room(piece.len())) {
                Blocked::Ready => {}
                Blocked::TimedOut => return Written::TimedOut,
                Blocked::Interrupted => return Written::Interrupted,
            }
            if !self.push(piece) {
                return Written::Left;
            }
        }
        if self.is_left() { Written::Left } else { Written::Yes }
    }

    /// Writes `bytes` as one piece if there is room. Returns false if there is none, `None` when nobody reads any more.
    pub fn try_write(&self, bytes: &[u8]) -> Option<bool> {
        let room = self.has_room(bytes.len());
        if self.is_left() {
            return None;
        }
        Some(room && self.push(bytes))
    }

    /// Whether nobody reads any more.
    pub fn is_left(&self) -> bool {
        self.0.state.lock().left
    }

    /// Whether a write of so much need not wait, be it because nobody reads any more. If not, the writer will be rung.
    ///
    /// A piece that is larger than everything that may be under way has room when nothing is.
    fn has_room(&self, length: usize) -> bool {
        let mut state = self.0.state.lock();
        let room = state.left || state.bytes == 0 || state.bytes + length <= self.0.capacity;
        state.waits = !room;
        room
    }

    fn push(&self, bytes: &[u8]) -> bool {
        if bytes.is_empty() {
            return !self.is_left();
        }
        let piece = Bytes::copy_from_slice(bytes);
        let mut state = self.0.state.lock();
        if state.left {
            return false;
        }
        state.bytes += piece.len();
        state.pieces.push_back(piece);
        wake(state.reader.take(), state);
        true
    }

    /// Ends the stream.
    pub fn end(self, with: Option<E>) {
        self.finish(End::Ended(with));
    }

    fn finish(&self, end: End<E>) {
        self.0.finish(end);
    }
}

impl<E: Send + 'static> Sink<E> {
    /// What cuts it off from outside.
    pub(crate) fn breaks(&self) -> Arc<dyn Breaks> {
        Arc::<Flow<E>>::clone(&self.0)
    }
}

// === impl Flow ===

impl<E> Flow<E> {
    fn finish(&self, end: End<E>) {
        let mut state = self.state.lock();
        if matches!(state.end, End::Open) {
            state.end = end;
            wake(state.reader.take(), state);
        }
    }
}

impl<E: Send> Breaks for Flow<E> {
    fn break_off(&self) {
        let mut state = self.state.lock();
        if matches!(state.end, End::Open) {
            state.end = End::Broken;
            state.left = true;
            wake(state.reader.take(), state);
            self.writer.ring();
        }
    }
}

/// Wakes the reader, once the lock is free.
fn wake<T>(reader: Option<Waker>, lock: T) {
    drop(lock);
    if let Some(reader) = reader {
        reader.wake();
    }
}

impl<E> Drop for Sink<E> {
    fn drop(&mut self) {
        self.finish(End::Broken);
    }
}

// === impl Source ===

impl<E> Source<E> {
    /// The next piece; `None`: the end, which [`Source::take_end`] may have more of.
    ///
    /// # Errors
    ///
    /// When the worker has gone in the middle.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        let mut state = self.0.state.lock();
        if let Some(piece) = state.pieces.pop_front() {
            state.bytes -= piece.len();
            state.moved = true;
            // Half of the room at once, so that the writer is not woken for each piece.
            let rings = state.waits && state.bytes <= self.0.capacity / 2;
            if rings {
                state.waits = false;
            }
            drop(state);
            if rings {
                self.0.writer.ring();
            }
            return Poll::Ready(Some(Ok(piece)));
        }
        match state.end {
            End::Open => {
                match &mut state.reader {
                    Some(waker) => waker.clone_from(context.waker()),
                    place => *place = Some(context.waker().clone()),
                }
                Poll::Pending
            }
            End::Ended(_) => Poll::Ready(None),
            End::Broken => Poll::Ready(Some(Err(Broken))),
        }
    }

    /// Looks at this stream from aside.
    pub fn watched(&self) -> Watched<E> {
        Watched(Arc::clone(&self.0))
    }

    /// What the stream was ended with, if it was and this was not asked before.
    pub fn take_end(&mut self) -> Option<E> {
        match &mut self.0.state.lock().end {
            End::Ended(with) => with.take(),
            End::Open | End::Broken => None,
        }
    }
}

// === impl Watched ===

impl<E> Watched<E> {
    /// Whether the worker has gone in the middle of the stream.
    pub fn is_broken(&self) -> bool {
        matches!(self.0.state.lock().end, End::Broken)
    }
}

impl<E> PartialEq for Watched<E> {
    /// Whether it is the same stream.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<E> Drop for Source<E> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.left = true;
        state.pieces.clear();
        let waits = std::mem::take(&mut state.waits);
        let farewell = state.farewell.take();
        drop(state);
        if waits {
            self.0.writer.ring();
        }
        if let Some(farewell) = farewell {
            farewell.say();
        }
    }
}
