//! Request bodies that are compressed (`Content-Encoding`), decompressed while they arrive.
//!
//! What is decompressed may be far larger than what came, so it is made by small pieces, and only when it is asked for.
//! Two bounds end a body that grows without end: that of all bodies, which is whoever reads this one's affair, and one of
//! how often larger than itself it may become.

mod coding;
mod config;

#[cfg(test)]
mod tests;

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_LENGTH},
};
use hyper::body::{Body, Frame, SizeHint};

pub(super) use self::coding::OFFERED;
use self::coding::{Coding, Decoding};
pub use self::config::Config;

/// Bytes in and out after which others get their turn.
const TURN: u64 = 256 * 1024;

/// A body as it is without its coding. One that has none is passed on as it comes.
#[derive(Debug)]
pub(super) struct Decoded<B> {
    body: B,
    decoding: Option<Box<Decoding>>,
    /// What came behind the body, until that was passed on.
    behind: Option<Frame<Bytes>>,
    /// Bytes in and out since others had their turn.
    worked: u64,
}

/// Why a body is not read at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refused {
    /// Its coding is not known, or it has several.
    Unsupported,
    /// What is announced is larger than bodies may be even before it is decompressed.
    TooLarge,
}

/// Why a body cannot be read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError<E> {
    /// It did not arrive.
    #[error(transparent)]
    Body(E),
    /// It is not what its coding says, or ends too early.
    #[error("the body cannot be decompressed: {0}")]
    Malformed(io::Error),
    /// What came is larger than bodies may be.
    #[error("the body is too large even before it is decompressed")]
    TooLarge,
    /// It becomes larger than bodies of its length may become.
    #[error("the body becomes more than {0} times as large")]
    Ratio(u64),
}

// === impl Decoded ===

impl<B: Body<Data = Bytes> + Unpin> Decoded<B> {
    /// The body of a request with these headers, which then say nothing of a coding any more. `max_bytes` is the size of
    /// the largest body, before and after.
    ///
    /// # Errors
    ///
    /// When it has a coding that cannot be undone, or is too large.
    pub(super) fn new(headers: &mut HeaderMap, body: B, config: &Config, max_bytes: u64) -> Result<Self, Refused> {
        let plain = |body| Self { body, decoding: None, behind: None, worked: 0 };
        if !config.enabled {
            return Ok(plain(body));
        }
        let coding = Coding::of(headers)?;
        headers.remove(CONTENT_ENCODING);
        let Some(coding) = coding else { return Ok(plain(body)) };
        if body.size_hint().exact().is_some_and(|length| length > max_bytes) {
            return Err(Refused::TooLarge);
        }
        headers.remove(CONTENT_LENGTH);
        let decoding = Decoding::new(coding, config.max_ratio, max_bytes);
        Ok(Self { decoding: Some(Box::new(decoding)), ..plain(body) })
    }
}

impl<B> Decoded<B> {
    /// Passes the rest of the body on as it comes.
    pub(super) fn stay_encoded(&mut self) {
        self.decoding = None;
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Decoded<B> {
    type Data = Bytes;
    type Error = DecodeError<B::Error>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Self { body, decoding, behind, worked } = &mut *self;
        let Some(decoding) = decoding else {
            return Pin::new(body).poll_frame(context).map_err(DecodeError::Body);
        };
        loop {
            if *worked >= TURN {
                *worked = 0;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let before = decoding.worked();
            let piece = decoding.next();
            *worked += decoding.worked() - before;
            match piece {
                Ok(Some(piece)) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                Ok(None) if decoding.has_all() => return Poll::Ready(behind.take().map(Ok)),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
            match ready!(Pin::new(&mut *body).poll_frame(context)) {
                None => decoding.end(),
                Some(Err(error)) => return Poll::Ready(Some(Err(DecodeError::Body(error)))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => decoding.feed(data),
                    Err(trailers) => {
                        *behind = Some(trailers);
                        decoding.end();
                    }
                },
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        // What is still to be made of what has come cannot be known.
        self.decoding.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.decoding.is_none() { self.body.size_hint() } else { SizeHint::default() }
    }
}

// === impl DecodeError ===

impl<E> From<coding::Error> for DecodeError<E> {
    fn from(error: coding::Error) -> Self {
        match error {
            coding::Error::Malformed(error) => Self::Malformed(error),
            coding::Error::TooLarge => Self::TooLarge,
            coding::Error::Ratio(most) => Self::Ratio(most),
        }
    }
}
