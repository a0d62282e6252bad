//! A body that keeps something until it has ended.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::http::body::Content;

#[derive(Debug)]
struct Holding<T> {
    content: Content,
    _held: T,
}

/// Lets a body hold `held` for as long as it lives; one that is there already does not.
pub(super) fn holding<T: fmt::Debug + Send + Unpin + 'static>(content: Content, held: T) -> Content {
    match content {
        Content::Whole(_) => content,
        content => Content::layered(Holding { content, _held: held }),
    }
}

// === impl Holding ===

impl<T: Unpin> Body for Holding<T> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.content).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}
