//! A body that is compressed on its way.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body, Frame, SizeHint};

use super::compress_codec::Encoder;
use crate::http::body::Content;

/// Bytes that are compressed before others have their turn: about a millisecond's work.
pub(super) const PIECE: usize = 32 * 1024;

/// What a worker writes comes out as soon as it pauses; before that, when there is enough for the coding.
#[derive(Debug)]
pub(super) struct Compressed {
    content: Content,
    /// `None` once it has ended.
    encoder: Option<Encoder>,
    /// What has come of the content and is still to be compressed.
    rest: Bytes,
    /// Whether something was compressed and may be held back by the coding.
    held: bool,
    /// Whether the turn of others is due.
    worked: bool,
    trailers: Option<HeaderMap>,
}

// === impl Compressed ===

impl Compressed {
    pub(super) fn new(content: Content, encoder: Encoder) -> Self {
        Self { content, encoder: Some(encoder), rest: Bytes::new(), held: false, worked: false, trailers: None }
    }

    fn compress(encoder: &mut Encoder, piece: &[u8]) -> io::Result<Option<Bytes>> {
        encoder.write(piece)?;
        Ok(Some(encoder.take()).filter(|out| !out.is_empty()))
    }
}

/// Has the task polled again after others.
fn later<T>(context: &mut Context<'_>) -> Poll<T> {
    context.waker().wake_by_ref();
    Poll::Pending
}

impl Body for Compressed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let frame = |out| Poll::Ready(Some(Ok(Frame::data(out))));
        loop {
            let Some(encoder) = &mut this.encoder else {
                return Poll::Ready(this.trailers.take().map(|trailers| Ok(Frame::trailers(trailers))));
            };
            if std::mem::take(&mut this.worked) {
                return later(context);
            }
            if !this.rest.is_empty() {
                let piece = this.rest.split_to(this.rest.len().min(PIECE));
                (this.held, this.worked) = (true, piece.len() == PIECE);
                match Self::compress(encoder, &piece) {
                    Ok(None) => continue,
                    Ok(Some(out)) => return frame(out),
                    Err(error) => return Poll::Ready(Some(Err(error))),
                }
            }
            let end = match Pin::new(&mut this.content).poll_frame(context) {
                Poll::Pending if std::mem::take(&mut this.held) => {
                    if let Err(error) = encoder.flush() {
                        return Poll::Ready(Some(Err(error)));
                    }
                    let out = encoder.take();
                    if out.is_empty() {
                        return Poll::Pending;
                    }
                    return frame(out);
                }
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(Some(Ok(next))) => match next.into_data() {
                    Ok(data) => {
                        this.rest = data;
                        continue;
                    }
                    Err(other) => other.into_trailers().ok(),
                },
                Poll::Ready(None) => None,
            };
            this.trailers = end;
            match this.encoder.take().map(Encoder::finish) {
                Some(Ok(out)) if !out.is_empty() => return frame(out),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                _ => {}
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.encoder.is_none() && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
