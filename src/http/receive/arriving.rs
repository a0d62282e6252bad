//! A body on its way from the client, as pieces, within its limits in size and time.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, Version, header::EXPECT, request::Parts};
use hyper::body::{Body as _, Frame, Incoming};
use tokio::time::{timeout, timeout_at};

use super::{Bodies, BodyError, trailers};
use crate::http::{decode::Decoded, service::Connection};

/// How much of a body that nobody reads is still taken, so that the client sees the answer instead of a reset, and the
/// connection goes on.
const DRAINED: u64 = 1024 * 1024;
/// How long the client may send nothing of it.
const DRAINING: Duration = Duration::from_secs(1);
/// Turns of the connection after which what came together with a head has been seen.
const TURNS: usize = 3;

/// A body on its way. Before it is asked for a piece, the client is not told to go on (`100 Continue`).
#[derive(Debug)]
pub(in crate::http) struct Arriving {
    body: Decoded<Incoming>,
    connection: Connection,
    /// Length that was announced.
    announced: Option<u64>,
    /// Bytes that have come.
    length: u64,
    max_bytes: u64,
    /// Told how many bytes have come.
    counted: Option<Arc<AtomicU64>>,
    /// Time in which something must come.
    idle: Duration,
    /// When all of it must have come.
    deadline: Option<Instant>,
    /// Whether the client waits to be told to go on.
    expects: bool,
    underscores_in_headers: bool,
    ended: bool,
    trailers: Option<Box<HeaderMap>>,
}

// === impl Arriving ===

impl Arriving {
    /// The body of a request whose head had `arrived`. `counted` is told how many bytes have come.
    pub(in crate::http) fn new(
        head: &Parts,
        body: Decoded<Incoming>,
        bodies: &Bodies,
        connection: Connection,
        arrived: Instant,
        counted: Option<Arc<AtomicU64>>,
    ) -> Self {
        let expectation = head.headers.get(EXPECT).filter(|_| head.version != Version::HTTP_10);
        Self {
            announced: body.size_hint().exact(),
            body,
            connection,
            length: 0,
            max_bytes: bodies.max_bytes,
            counted,
            idle: bodies.body_timeout,
            deadline: bodies.request_timeout.map(|timeout| arrived + timeout),
            expects: expectation.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")),
            underscores_in_headers: bodies.underscores_in_headers,
            ended: false,
            trailers: None,
        }
    }

    /// Length that was announced.
    pub(super) fn announced(&self) -> Option<u64> {
        self.announced
    }

    /// Whether more was announced than bodies may have.
    pub(super) fn is_too_large(&self) -> bool {
        self.announced.is_some_and(|length| length > self.max_bytes)
    }

    /// Whether the client waits to be told to go on.
    pub(super) fn expects(&self) -> bool {
        self.expects
    }

    /// Whether all of it has come.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// What came behind it, once it has ended.
    pub(super) fn take_trailers(&mut self) -> Option<Box<HeaderMap>> {
        self.trailers.take()
    }

    /// The client was not waited for since `then`.
    pub(super) fn forgive(&mut self, then: Instant) {
        if let Some(deadline) = &mut self.deadline {
            *deadline += then.elapsed();
        }
    }

    /// Waits for the next piece; `None`: all of it has come. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        let idle = Instant::now() + self.idle;
        let until = self.deadline.map_or(idle, |deadline| deadline.min(idle));
        timeout_at(until.into(), poll_fn(|context| self.poll_next(context))).await.map_err(|_| BodyError::TimedOut)?
    }

    /// What came together with the head, which is little. Nothing is asked for of a client that waits to be told to.
    pub(super) async fn early(&mut self) -> Result<Vec<Bytes>, BodyError> {
        let (mut pieces, mut turns) = (Vec::new(), 0);
        poll_fn(|context| {
            while turns < TURNS && !self.expects {
                match self.poll_next(context)? {
                    Poll::Ready(None) => break,
                    Poll::Ready(Some(piece)) => pieces.push(piece),
                    Poll::Pending => {
                        turns += 1;
                        context.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                }
            }
            Poll::Ready(Ok::<_, BodyError>(()))
        })
        .await?;
        Ok(pieces)
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        self.expects = false;
        while !self.ended {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    if let Some(piece) = self.take(frame)? {
                        return Poll::Ready(Ok(Some(piece)));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Err(error.into())),
                // A connection that ends takes its bodies with it, and hyper then says nothing of an error.
                None if self.connection.has_ended() || self.is_short() => return Poll::Ready(Err(BodyError::Broken)),
                None => self.ended = true,
            }
        }
        Poll::Ready(Ok(None))
    }

    fn take(&mut self, frame: Frame<Bytes>) -> Result<Option<Bytes>, BodyError> {
        match frame.into_data() {
            Ok(data) => {
                self.length += data.len() as u64;
                if let Some(counted) = &self.counted {
                    counted.store(self.length, Ordering::Relaxed);
                }
                if self.length > self.max_bytes {
                    return Err(BodyError::TooLarge);
                }
                // Known before it is asked for more, which may take another turn of the connection.
                self.ended = self.announced == Some(self.length) && self.body.is_end_stream();
                Ok(Some(data))
            }
            Err(frame) => {
                let behind = frame.into_trailers().ok();
                let behind = behind.map(|behind| trailers::permitted(behind, self.underscores_in_headers));
                self.trailers = behind.filter(|behind| !behind.is_empty()).map(Box::new);
                Ok(None)
            }
        }
    }

    /// Whether less has come than was announced.
    fn is_short(&self) -> bool {
        self.announced.is_some_and(|length| self.length < length)
    }

    /// Reads and forgets what a client still sends of a body that nobody wants, within limits. A client that waits to be
    /// told to go on is not.
    pub(super) async fn drain(mut self) {
        let mut left = DRAINED;
        self.max_bytes = u64::MAX;
        self.body.stay_encoded();
        while !self.expects
            && !self.ended
            && let Ok(Ok(Some(piece))) = timeout(DRAINING, poll_fn(|context| self.poll_next(context))).await
        {
            let length = piece.len() as u64;
            if length >= left {
                return;
            }
            left -= length;
        }
    }
}
