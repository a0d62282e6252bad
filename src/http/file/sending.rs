//! The body of an answer that is a file, or parts of one, read while it is sent.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, IoSliceMut},
    ops::Range,
    os::unix::fs::FileExt,
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use hyper::body::Frame;
use parking_lot::Mutex;
use rustix::io::{ReadWriteFlags, preadv2};
use tokio::task::{JoinHandle, spawn_blocking};
use tracing::warn;

/// Bytes that are read at a time.
const PIECE: u64 = 128 * 1024;
/// Pieces of one file that may be under way to its client: with [`PIECE`], 256 KiB.
const UNDER_WAY: usize = 2;

/// What is to be sent of a file that is open.
#[derive(Debug)]
pub struct Transfer {
    pub(super) file: Arc<File>,
    /// For the log.
    pub(super) path: PathBuf,
    pub(super) pieces: VecDeque<Piece>,
    /// Bytes of all pieces.
    pub(super) left: u64,
}

/// A piece of a body.
#[derive(Debug)]
pub(super) enum Piece {
    /// What stands between parts of a file.
    Text(Bytes),
    /// A part of the file.
    Part(Range<u64>),
}

/// A transfer under way.
#[derive(Debug)]
pub(in crate::http) struct Sending {
    transfer: Transfer,
    buffers: Arc<Buffers>,
    /// The read under way, on a thread that may block.
    reading: Option<JoinHandle<io::Result<Lent>>>,
}

/// Memory for pieces, which goes round between the file and the connection.
#[derive(Debug, Default)]
struct Buffers(Mutex<Pool>);

#[derive(Debug, Default)]
struct Pool {
    free: Vec<Box<[u8]>>,
    lent: usize,
    /// Waits for one to come back.
    waker: Option<Waker>,
}

/// A buffer that comes back when it is dropped.
#[derive(Debug)]
struct Lent {
    bytes: Box<[u8]>,
    filled: usize,
    buffers: Arc<Buffers>,
}

/// What comes next of a transfer.
enum Next {
    Bytes(Bytes),
    /// A read has begun.
    Reading,
    /// Everything that may be under way is.
    Full,
    End,
}

// === impl Piece ===

impl Piece {
    /// Its length in bytes.
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Part(part) => part.end - part.start,
        }
    }
}

// === impl Sending ===

impl Sending {
    pub(in crate::http) fn new(transfer: Transfer) -> Self {
        Self { transfer, buffers: Arc::default(), reading: None }
    }

    /// Bytes that are to come.
    pub(in crate::http) fn left(&self) -> u64 {
        self.transfer.left
    }

    pub(in crate::http) fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let bytes = match ready!(self.poll_bytes(context)) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Poll::Ready(None),
            Err(error) => {
                let path = self.transfer.path.display();
                warn!(%path, %error, "A file became shorter while it was sent, or cannot be read: its answer is cut off");
                return Poll::Ready(Some(Err(error)));
            }
        };
        self.transfer.left -= bytes.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        if self.reading.is_none() {
            match self.next(context) {
                Next::Bytes(bytes) => return Poll::Ready(Ok(Some(bytes))),
                Next::Reading => {}
                Next::Full => return Poll::Pending,
                Next::End => return Poll::Ready(Ok(None)),
            }
        }
        let Some(reading) = &mut self.reading else { return Poll::Pending };
        let read = ready!(Pin::new(reading).poll(context));
        self.reading = None;
        Poll::Ready(read.map_err(io::Error::other).flatten().map(|lent| Some(Bytes::from_owner(lent))))
    }

    /// Takes the next piece of the transfer, or as much of it as a buffer holds.
    fn next(&mut self, context: &Context<'_>) -> Next {
        let part = match self.transfer.pieces.front_mut() {
            None => return Next::End,
            Some(Piece::Text(text)) => {
                let text = std::mem::take(text);
                self.transfer.pieces.pop_front();
                return Next::Bytes(text);
            }
            Some(Piece::Part(part)) => part,
        };
        let Some(mut lent) = self.buffers.lend((part.end - part.start).min(PIECE), context) else { return Next::Full };
        let start = part.start;
        let wanted = usize::try_from(part.end - start).unwrap_or(usize::MAX).min(lent.bytes.len());
        let cached = read_cached(&self.transfer.file, &mut lent.bytes[..wanted], start);
        part.start += if cached > 0 { cached } else { wanted } as u64;
        if part.is_empty() {
            self.transfer.pieces.pop_front();
        }
        if cached > 0 {
            lent.filled = cached;
            return Next::Bytes(Bytes::from_owner(lent));
        }
        let file = Arc::clone(&self.transfer.file);
        self.reading = Some(spawn_blocking(move || {
            file.read_exact_at(&mut lent.bytes[..wanted], start)?;
            lent.filled = wanted;
            Ok(lent)
        }));
        Next::Reading
    }
}

/// Reads what the system has in memory. Returns how much that was; at the end of the file, on an error, and where the file
/// system cannot tell, nothing.
fn read_cached(file: &File, buffer: &mut [u8], start: u64) -> usize {
    preadv2(file, &mut [IoSliceMut::new(buffer)], start, ReadWriteFlags::NOWAIT).unwrap_or(0)
}

// === impl Buffers ===

impl Buffers {
    /// Lends a buffer, of `length` bytes if it is a new one. `None`: all that there may be are lent; who asks is woken when
    /// one comes back.
    fn lend(self: &Arc<Self>, length: u64, context: &Context<'_>) -> Option<Lent> {
        let mut pool = self.0.lock();
        if pool.lent == UNDER_WAY {
            pool.waker = Some(context.waker().clone());
            return None;
        }
        pool.lent += 1;
        let new = || vec![0; usize::try_from(length).unwrap_or(usize::MAX)].into_boxed_slice();
        let bytes = pool.free.pop().unwrap_or_else(new);
        Some(Lent { bytes, filled: 0, buffers: Arc::clone(self) })
    }
}

// === impl Lent ===

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut pool = self.buffers.0.lock();
        pool.lent -= 1;
        pool.free.push(std::mem::take(&mut self.bytes));
        let waker = pool.waker.take();
        drop(pool);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
