//! The body of a response: in one piece, as it is written, or from a file.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use hyper::body::{Body, Frame, SizeHint};

use super::{Transfer, file::Sending, service::Connection};

/// What a worker writes a streamed body to; it may end with trailers.
pub type Sink = crate::handoff::Sink<HeaderMap>;
/// What the connection reads a streamed body from.
pub type Source = crate::handoff::Source<HeaderMap>;

/// Looks whether the worker of a streamed body has gone.
pub(super) type Watched = crate::handoff::Watched<HeaderMap>;

/// The body of a response.
#[derive(Debug)]
pub(super) enum Content {
    /// In one piece.
    Whole(Bytes),
    /// As a worker writes it.
    Stream(Box<Stream>),
    /// What a layer has made of another one.
    Layered(Pin<Box<dyn Layered>>),
    /// As it is read from a file.
    File(Box<Sending>),
}

/// A body that a layer has made.
pub(super) trait Layered: Body<Data = Bytes, Error = io::Error> + fmt::Debug + Send {}

impl<T: Body<Data = Bytes, Error = io::Error> + fmt::Debug + Send> Layered for T {}

/// A body that a worker still writes. Dropping it tells the worker that the client has gone.
#[derive(Debug)]
pub(super) struct Stream {
    source: Source,
    /// What is to come of the length that was announced.
    left: Option<u64>,
    ended: bool,
    /// Why it breaks off, once what came before is on its way.
    broken: Option<io::Error>,
    connection: Connection,
}

/// Whether a response has no body by definition: it is for HEAD (`head_only`), or its status has none (RFC 9110 section
/// 6.4.1).
pub fn is_bodyless(head_only: bool, status: StatusCode) -> bool {
    head_only || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

// === impl Content ===

impl Content {
    /// A body that `connection` is to deliver, of `length` bytes if that is known.
    pub(super) fn stream(source: Source, length: Option<u64>, connection: Connection) -> Self {
        connection.watch(source.watched());
        Self::Stream(Box::new(Stream { source, left: length, ended: false, broken: None, connection }))
    }

    /// What a layer has made of another one.
    pub(super) fn layered(body: impl Layered + 'static) -> Self {
        Self::Layered(Box::pin(body))
    }

    /// A body that is, or is made of, a file.
    pub(super) fn file(transfer: Transfer) -> Self {
        Self::File(Box::new(Sending::new(transfer)))
    }

    /// Whether it is known to be empty.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Whole(whole) if whole.is_empty())
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole(whole) if whole.is_empty() => Poll::Ready(None),
            Self::Whole(whole) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(whole))))),
            Self::Stream(stream) => stream.poll_frame(context),
            Self::Layered(body) => body.as_mut().poll_frame(context),
            Self::File(sending) => sending.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_empty(),
            Self::Stream(stream) => stream.ended && stream.broken.is_none(),
            Self::Layered(body) => body.is_end_stream(),
            Self::File(sending) => sending.left() == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => SizeHint::with_exact(whole.len() as u64),
            Self::Stream(stream) => stream.left.map_or_else(SizeHint::default, SizeHint::with_exact),
            Self::Layered(body) => body.size_hint(),
            Self::File(sending) => SizeHint::with_exact(sending.left()),
        }
    }
}

// === impl Stream ===

impl Stream {
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.ended {
            return Poll::Ready(self.broken.take().map(Err));
        }
        match ready!(self.source.poll_next(context)) {
            Some(Ok(mut piece)) => {
                if let Some(left) = &mut self.left {
                    // What is more than was announced would be taken for the next response.
                    let fits = usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len());
                    piece.truncate(fits);
                    *left -= fits as u64;
                    if piece.is_empty() {
                        self.end();
                        return Poll::Ready(None);
                    }
                }
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Some(Err(broken)) => self.breaks(context, io::Error::other(broken)),
            None if self.left.is_some_and(|left| left > 0) => {
                self.breaks(context, io::Error::other("the body is shorter than was announced"))
            }
            None => {
                self.end();
                Poll::Ready(self.source.take_end().map(|trailers| Ok(Frame::trailers(trailers))))
            }
        }
    }

    /// hyper forgets what it has not sent when a body breaks off. So it is first let go to send it.
    fn breaks(&mut self, context: &mut Context<'_>, error: io::Error) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.broken = Some(error);
        self.end();
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn end(&mut self) {
        self.ended = true;
        self.connection.set_waiting(false);
        self.connection.unwatch(&self.source.watched());
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if !self.ended {
            self.end();
        }
    }
}
