//! A stream of pieces from a task to a worker's thread, with a bound.
//!
//! What is put in waits for whichever worker has the request. That one waits at its [`Seat`] while nothing is there; the
//! task waits while as much is under way as may be. A worker that wants everything at once says so, and the task collects
//! it. Both sides see the other one go.

use std::{
    collections::VecDeque,
    mem,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::{Buf, Bytes};

use super::{
    bell::Bell,
    seat::{Blocked, Seat},
    sync::Mutex,
};

/// The end that a task fills. Dropping it without [`Inlet::end`] breaks the stream off.
#[must_use = "dropping it breaks the stream off"]
#[derive(Debug)]
pub struct Inlet<E>(Arc<Inflow<E>>);

/// The end that a worker reads. Dropping it tells the task that nobody reads any more.
#[derive(Debug)]
pub struct Outlet<E>(Arc<Inflow<E>>);

/// A stream of bytes that ends with an `E`.
#[derive(Debug)]
struct Inflow<E> {
    state: Mutex<State<E>>,
    /// Bytes that may be under way.
    capacity: usize,
}

#[derive(Debug)]
struct State<E> {
    pieces: VecDeque<Bytes>,
    /// Their sum.
    bytes: usize,
    end: End<E>,
    demand: Demand,
    /// Rung when something comes; of the worker that waits.
    reader: Option<Arc<Bell>>,
    /// Woken when the demand changes, and for room if the task waits for it.
    writer: Option<Waker>,
    /// Whether the task waits for room.
    full: bool,
}

#[derive(Debug)]
enum End<E> {
    /// More may come.
    Open,
    /// The task has ended the stream.
    Ended(Option<E>),
    /// It has gone in the middle.
    Broken,
}

/// What the worker wants.
#[derive(Clone, Copy, Debug, Eq, PartialEq, PartialOrd)]
enum Demand {
    /// It has not said.
    Unsaid,
    /// Piece by piece.
    Pieces,
    /// The end alone: the task is to collect what comes.
    All,
    /// Nothing any more.
    Nothing,
}

/// What a task is to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// Put a piece in.
    Piece,
    /// Collect everything, and end the stream with it.
    All,
    /// Nobody reads any more.
    Nothing,
}

/// What came of a read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Read {
    /// So many bytes.
    Bytes(usize),
    /// There are no more, see [`Outlet::take_end`].
    Ended,
    /// Nothing came in time.
    TimedOut,
    /// The worker is to do something else now.
    Interrupted,
}

/// Creates a stream of at most about `capacity` bytes under way.
pub fn inflow<E>(capacity: usize) -> (Inlet<E>, Outlet<E>) {
    let state = State {
        pieces: VecDeque::new(),
        bytes: 0,
        end: End::Open,
        demand: Demand::Unsaid,
        reader: None,
        writer: None,
        full: false,
    };
    let inflow = Arc::new(Inflow { state: Mutex::new(state), capacity: capacity.max(1) });
    (Inlet(Arc::clone(&inflow)), Outlet(inflow))
}

// === impl Inlet ===

impl<E> Inlet<E> {
    /// Waits until there is something to do. A piece is wanted when there is room for one; unless `eager`, not before the
    /// worker has begun to read.
    pub fn poll_wanted(&self, context: &mut Context<'_>, eager: bool) -> Poll<Wanted> {
        let mut state = self.0.state.lock();
        let wanted = match state.demand {
            Demand::Nothing => Wanted::Nothing,
            Demand::All => Wanted::All,
            demand if state.bytes < self.0.capacity && (eager || demand == Demand::Pieces) => Wanted::Piece,
            _ => {
                state.full = state.bytes >= self.0.capacity;
                state.leave_waker(context);
                return Poll::Pending;
            }
        };
        Poll::Ready(wanted)
    }

    /// Waits until pieces are not wanted any more.
    pub fn poll_turned(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.state.lock();
        if state.demand >= Demand::All {
            return Poll::Ready(());
        }
        state.leave_waker(context);
        Poll::Pending
    }

    /// Waits until nobody reads any more.
    pub fn poll_left(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.state.lock();
        if state.demand == Demand::Nothing {
            return Poll::Ready(());
        }
        state.leave_waker(context);
        Poll::Pending
    }

    /// Puts a piece in.
    pub fn push(&self, piece: Bytes) {
        let mut state = self.0.state.lock();
        if piece.is_empty() || state.demand == Demand::Nothing {
            return;
        }
        state.bytes += piece.len();
        state.pieces.push_back(piece);
        ring(state.reader.take(), state);
    }

    /// Takes back what was put in and not read.
    pub fn take_back(&self) -> VecDeque<Bytes> {
        let mut state = self.0.state.lock();
        state.bytes = 0;
        mem::take(&mut state.pieces)
    }

    /// Ends the stream.
    pub fn end(self, with: E) {
        self.finish(End::Ended(Some(with)));
    }

    fn finish(&self, end: End<E>) {
        let mut state = self.0.state.lock();
        if matches!(state.end, End::Open) {
            state.end = end;
            ring(state.reader.take(), state);
        }
    }
}

impl<E> Drop for Inlet<E> {
    fn drop(&mut self) {
        self.finish(End::Broken);
    }
}

/// Rings the reader, once the lock is free.
fn ring<T>(reader: Option<Arc<Bell>>, lock: T) {
    drop(lock);
    if let Some(reader) = reader {
        reader.ring();
    }
}

/// Wakes the writer, once the lock is free.
fn wake<T>(writer: Option<Waker>, lock: T) {
    drop(lock);
    if let Some(writer) = writer {
        writer.wake();
    }
}

// === impl Outlet ===

impl<E> Outlet<E> {
    /// Says that the worker reads piece by piece. Returns false if it was said before what it wants.
    pub fn begin(&self) -> bool {
        self.demand(Demand::Pieces, |before| before == Demand::Unsaid)
    }

    /// Whether the worker reads piece by piece.
    pub fn is_read(&self) -> bool {
        self.0.state.lock().demand == Demand::Pieces
    }

    /// Whether the worker has said what it wants.
    pub fn has_begun(&self) -> bool {
        self.0.state.lock().demand != Demand::Unsaid
    }

    /// Reads some bytes into `buffer`, and waits for them at `seat`, but not longer than `patience`.
    pub fn read<Q, A>(&self, seat: &Seat<Q, A>, buffer: &mut [u8], patience: Duration) -> Read {
        let mut read = None;
        let blocked = seat.block(patience, || {
            read = self.try_read(seat, buffer);
            read.is_some()
        });
        match blocked {
            Blocked::Ready => read.unwrap_or(Read::Ended),
            Blocked::TimedOut => Read::TimedOut,
            Blocked::Interrupted => Read::Interrupted,
        }
    }

    /// Reads what is there. `None`: nothing is, and `seat` will be rung.
    fn try_read<Q, A>(&self, seat: &Seat<Q, A>, mut buffer: &mut [u8]) -> Option<Read> {
        let mut state = self.0.state.lock();
        let mut length = 0;
        while !buffer.is_empty()
            && let Some(piece) = state.pieces.front_mut()
        {
            let part = piece.len().min(buffer.len());
            piece.copy_to_slice(&mut buffer[..part]);
            if piece.is_empty() {
                state.pieces.pop_front();
            }
            buffer = &mut buffer[part..];
            length += part;
        }
        if length == 0 {
            let over = !matches!(state.end, End::Open);
            state.reader = (!over).then(|| seat.bell());
            return over.then_some(Read::Ended);
        }
        state.bytes -= length;
        // Half of the room at once, so that the task is not woken for each read.
        let wakes = state.full && state.bytes <= self.0.capacity / 2;
        let writer = if wakes { state.writer.take() } else { None };
        state.full &= !wakes;
        wake(writer, state);
        Some(Read::Bytes(length))
    }

    /// Has the task collect everything that was not read, and waits at `seat` for the end.
    pub fn collect<Q, A>(&self, seat: &Seat<Q, A>) -> Blocked {
        self.demand(Demand::All, |before| before < Demand::All);
        seat.block(Duration::MAX, || {
            let mut state = self.0.state.lock();
            let over = !matches!(state.end, End::Open);
            state.reader = (!over).then(|| seat.bell());
            over
        })
    }

    /// Whether everything was read, so that the end may be taken.
    pub fn is_spent(&self) -> bool {
        let state = self.0.state.lock();
        state.pieces.is_empty() && !matches!(state.end, End::Open)
    }

    /// What the stream was ended with; `None`: the task has gone in the middle, or this was asked before.
    pub fn take_end(&self) -> Option<E> {
        match &mut self.0.state.lock().end {
            End::Ended(with) => with.take(),
            End::Open | End::Broken => None,
        }
    }

    fn demand(&self, now: Demand, if_before: impl FnOnce(Demand) -> bool) -> bool {
        let mut state = self.0.state.lock();
        let turns = if_before(state.demand);
        if turns {
            state.demand = now;
            wake(state.writer.take(), state);
        }
        turns
    }
}

impl<E> Drop for Outlet<E> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.demand = Demand::Nothing;
        state.bytes = 0;
        let pieces = mem::take(&mut state.pieces);
        wake(state.writer.take(), state);
        drop(pieces);
    }
}

// === impl State ===

impl<E> State<E> {
    fn leave_waker(&mut self, context: &Context<'_>) {
        match &mut self.writer {
            Some(waker) => waker.clone_from(context.waker()),
            place => *place = Some(context.waker().clone()),
        }
    }
}
