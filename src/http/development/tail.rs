//! A body with something behind it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body, Frame, SizeHint};

use crate::http::body::Content;

/// A body, and what comes behind it.
#[derive(Debug)]
pub(super) struct Tail {
    content: Content,
    /// Empty once it was sent.
    last: Bytes,
    ended: bool,
    /// Those of the body, which come last.
    trailers: Option<HeaderMap>,
}

// === impl Tail ===

impl Tail {
    pub(super) fn new(content: Content, last: Bytes) -> Self {
        Self { content, last, ended: false, trailers: None }
    }
}

impl Body for Tail {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if !self.ended {
            match ready!(Pin::new(&mut self.content).poll_frame(context)) {
                Some(Ok(frame)) if frame.is_data() => return Poll::Ready(Some(Ok(frame))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(trailers)) => self.trailers = trailers.into_trailers().ok(),
                None => {}
            }
            self.ended = true;
        }
        if !self.last.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.last)))));
        }
        Poll::Ready(self.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        (self.ended || self.content.is_end_stream()) && self.last.is_empty() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let (hint, last) = (self.content.size_hint(), self.last.len() as u64);
        let mut sum = SizeHint::new();
        sum.set_lower(hint.lower().saturating_add(last));
        if let Some(upper) = hint.upper() {
            sum.set_upper(upper.saturating_add(last));
        }
        sum
    }
}
