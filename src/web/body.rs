//! Bodies of answers.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::mpsc;

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    /// All of it; taken once it is on its way.
    Whole(Option<Bytes>),
    /// Pieces as they come.
    Stream(mpsc::Receiver<Bytes>),
}

/// The end at which the pieces of a body go in. The body ends when this is dropped.
#[derive(Clone, Debug)]
pub struct Feed(mpsc::Sender<Bytes>);

/// Creates a body of pieces, of which so many may wait for the client.
pub fn feed(waiting: usize) -> (Feed, Body) {
    let (sender, receiver) = mpsc::channel(waiting.max(1));
    (Feed(sender), Body::Stream(receiver))
}

// === impl Feed ===

impl Feed {
    /// Adds a piece. Returns false when the client has gone, or has taken nothing for so long that there is no room.
    pub fn offer(&self, piece: impl Into<Bytes>) -> bool {
        self.0.try_send(piece.into()).is_ok()
    }

    /// Ends when the client has gone.
    pub async fn left(&self) {
        self.0.closed().await;
    }
}

// === impl Body ===

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(pieces) => pieces.poll_recv(context).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Stream(_) => SizeHint::default(),
        }
    }
}
