//! A body that is kept while it passes.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};

use crate::http::body::Content;

/// What is done with a whole body; dropped if there is none in the end.
type Done = Box<dyn FnOnce(Option<Bytes>) + Send>;

/// A body that is kept while it passes.
pub(super) struct Tee {
    content: Content,
    kept: BytesMut,
    /// Bytes to come, if that is known.
    left: Option<u64>,
    /// The longest body that is kept.
    most: usize,
    /// `None` once it is settled.
    done: Option<Done>,
}

// === impl Tee ===

impl Tee {
    /// Keeps `content`, and calls `done` with all of it, or with nothing once it is too long or has trailers. A body that
    /// breaks off, or that nobody reads to its end, only drops it.
    pub(super) fn new(content: Content, most: usize, done: impl FnOnce(Option<Bytes>) + Send + 'static) -> Self {
        let left = content.size_hint().exact();
        Self { content, kept: BytesMut::new(), left, most, done: Some(Box::new(done)) }
    }

    fn keep(&mut self, data: &[u8]) {
        if self.done.is_none() {
            return;
        }
        if self.kept.len() + data.len() > self.most {
            return self.settle(false);
        }
        self.kept.extend_from_slice(data);
        self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
        // Nobody need ask what comes behind a length that is known.
        if self.left == Some(0) {
            self.settle(true);
        }
    }

    fn settle(&mut self, whole: bool) {
        let kept = std::mem::take(&mut self.kept);
        if let Some(done) = self.done.take() {
            // As long as it is, and no longer.
            done(whole.then(|| Bytes::copy_from_slice(&kept)));
        }
    }
}

impl Body for Tee {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = ready!(Pin::new(&mut self.content).poll_frame(context));
        match &frame {
            None => self.settle(true),
            Some(Err(_)) => drop(self.done.take()),
            Some(Ok(frame)) => match frame.data_ref() {
                Some(data) => self.keep(data),
                None => self.settle(false),
            },
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        // The last look is ours, too.
        self.content.is_end_stream() && self.done.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}

impl fmt::Debug for Tee {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tee")
            .field("content", &self.content)
            .field("kept", &self.kept.len())
            .finish_non_exhaustive()
    }
}
